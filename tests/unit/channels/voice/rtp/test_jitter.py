import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import SILENCE, decode
from channels.voice.rtp.jitter import (
    MAX_SAMPLES,
    SETTLE_TURNS,
    TARGET_FRAMES,
    Arrival,
    JitterBuffer,
)

QUIET = SILENCE[Codec.PCMA]


def frame(number: int) -> bytes:
    """A frame that can be told from its neighbours; never the silence of A-law."""
    return bytes([number % 200]) * 160


def filled(numbers: list[int], start: int = 0) -> JitterBuffer:
    buffer = JitterBuffer(Codec.PCMA)
    for number in numbers:
        buffer.push(start + number * 160, frame(number))
    return buffer


def is_made_up_from(played: bytes | None, number: int) -> bool:
    """Say whether a frame begins as that one went on, and then fades."""
    assert played is not None
    sound = abs(decode(Codec.PCMA, played).astype(int))
    whole = int(abs(decode(Codec.PCMA, frame(number)[:1]).astype(int))[0])
    return played != frame(number) and abs(sound[0] - whole) <= whole // 8 > sound[-1] - whole


def popped(buffer: JitterBuffer, count: int) -> list[bytes | None]:
    return [buffer.pop() for _ in range(count)]


def settled() -> JitterBuffer:
    """A buffer that plays with one frame at a time."""
    buffer = filled([0])
    for _ in range(SETTLE_TURNS):
        buffer.settle()
    buffer.pop()
    return buffer


def test_nothing_is_played_before_the_target_is_reached() -> None:
    buffer = JitterBuffer(Codec.PCMA)
    before = buffer.pop()
    buffer.push(0, frame(0))
    still = buffer.pop()
    buffer.push(160, frame(1))

    assert TARGET_FRAMES == 2
    assert [before, still, buffer.pop(), buffer.pop()] == [None, None, frame(0), frame(1)]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [0, 3, 1, 2]])
def test_packets_in_any_order_are_played_in_theirs(order: list[int]) -> None:
    assert popped(filled(order), 4) == [frame(n) for n in range(4)]


@pytest.mark.parametrize("start", [0, 0xFFFF_FE00, 0x7FFF_FF00, 123_456_789])
def test_timestamps_may_begin_anywhere_and_wrap(start: int) -> None:
    buffer = JitterBuffer(Codec.PCMA)
    for n in range(8):
        buffer.push((start + n * 160) & 0xFFFF_FFFF, frame(n))

    assert popped(buffer, 8) == [frame(n) for n in range(8)]


def test_a_duplicate_is_played_once() -> None:
    buffer = filled([0, 1])

    assert buffer.push(160, frame(1)) is Arrival.DUPLICATE
    assert popped(buffer, 2) == [frame(0), frame(1)]
    assert buffer.push(160, frame(1)) is Arrival.LATE


def test_a_lost_packet_is_made_up_from_the_one_before() -> None:
    buffer = filled([0, 1, 3])

    played = popped(buffer, 4)
    assert played[:2] == [frame(0), frame(1)]
    assert is_made_up_from(played[2], 1)
    assert played[3] is not None
    assert played[3][32:] == frame(3)[32:]
    assert buffer.frames_concealed == 1


def test_several_lost_packets_fade_into_silence() -> None:
    played = popped(filled([0, 1, 7, 8]), 9)

    assert played[:2] == [frame(0), frame(1)]
    assert is_made_up_from(played[2], 1)
    levels = [int(abs(decode(Codec.PCMA, f or b"").astype(int)).max()) for f in played[2:7]]
    assert levels == sorted(levels, reverse=True)
    assert played[5:7] == [QUIET, QUIET]
    assert played[8] == frame(8)


def test_a_first_frame_that_has_waited_is_played_without_a_second() -> None:
    buffer = filled([0])

    turns = [buffer.settle() for _ in range(SETTLE_TURNS)]

    assert turns == [False] * (SETTLE_TURNS - 1) + [True]
    assert buffer.pop() == frame(0)
    assert buffer.delay_samples == 0


def test_a_settled_stream_keeps_its_small_delay_while_packets_come_in_time() -> None:
    buffer = settled()
    for number in range(1, 500):
        buffer.push(number * 160, frame(number))
        assert buffer.pop() == frame(number)

    assert buffer.delay_samples == 0
    assert buffer.frames_concealed == 0


def test_a_settled_stream_takes_a_late_packet_and_wins_the_delay_back_ever_more_rarely() -> None:
    buffer = settled()
    delays = []
    late_at = (10, 500)
    for number in range(1, 1200):
        if number in late_at:
            buffer.pop()
        buffer.push(number * 160, frame(number))
        if number not in late_at:
            buffer.pop()
        delays.append(buffer.delay_samples // 160)

    first = [index for index, delay in enumerate(delays[:480]) if delay]
    second = [index for index, delay in enumerate(delays[490:]) if delay]
    assert buffer.frames_concealed == len(late_at)
    assert 150 <= len(first) <= 250
    assert 350 <= len(second) <= 450
    assert delays[-1] == 0


def test_what_a_jump_of_the_timestamps_adds_does_not_outlast_a_long_window() -> None:
    """After an uneven time only the last frame of delay is kept for long, and no more."""
    buffer = settled()
    number = 0

    def next_frame(shift: int = 0) -> None:
        nonlocal number
        number += 1
        buffer.push(number * 160 + shift, frame(number))
        buffer.pop()

    for late in range(6):  # after each, the window is twice as long
        for _ in range(late * 110):
            next_frame()
        buffer.pop()
    for _ in range(20):
        next_frame()
    for _ in range(20):  # 240 ms further at once, without their sound
        next_frame(1920)
    delay = buffer.delay_samples
    for _ in range(250):
        next_frame(1920)

    assert delay > 8 * 160
    assert buffer.delay_samples <= 2 * 160


def test_after_a_calm_a_late_packet_costs_its_delay_for_two_seconds_only() -> None:
    buffer = settled()
    delays = []
    late_at = (10, 500, 2600)
    for number in range(1, 2900):
        if number in late_at:
            buffer.pop()
        buffer.push(number * 160, frame(number))
        if number not in late_at:
            buffer.pop()
        delays.append(buffer.delay_samples // 160)

    last = [index for index, delay in enumerate(delays[2590:]) if delay]
    assert buffer.frames_concealed == len(late_at)
    assert 80 <= len(last) <= 120
    assert delays[-1] == 0


def test_what_was_not_asked_for_in_time_is_no_delay_afterwards() -> None:
    buffer = settled()
    for number in range(1, 12):
        buffer.push(number * 160, frame(number))

    buffer.skip(11)

    assert buffer.pop() == frame(11)
    assert buffer.frames_dropped == 10


def test_an_announced_pause_is_not_filled_with_made_up_sound() -> None:
    buffer = filled([0, 1])
    buffer.expect_pause()

    assert popped(buffer, 4) == [frame(0), frame(1), None, None]
    assert buffer.frames_concealed == 0


def test_late_packets_are_played_late_and_not_lost() -> None:
    buffer = filled([0, 1])
    on_time = popped(buffer, 2)
    waiting = popped(buffer, 2)
    for n in (2, 3):
        buffer.push(n * 160, frame(n))

    assert on_time == [frame(0), frame(1)]
    assert is_made_up_from(waiting[0], 1)
    assert waiting[1] is not None
    after = popped(buffer, 2)
    assert after[0] is not None
    assert after[0][32:] == frame(2)[32:]
    assert after[1] == frame(3)


def test_what_was_waited_for_a_gap_is_not_waited_for_again() -> None:
    buffer = filled([0, 1])
    popped(buffer, 2 + 3)
    for n in (6, 7, 8):
        buffer.push(n * 160, frame(n))

    # Packets 2 to 5 never came; three of their places have passed already.
    played = popped(buffer, 3)
    assert played[1] is not None
    assert played[1][32:] == frame(6)[32:]
    assert played[2] == frame(7)


def test_a_long_pause_starts_anew_with_the_target_delay() -> None:
    buffer = filled([0, 1])
    popped(buffer, 2)

    pause = popped(buffer, 15)
    buffer.push(17 * 160, frame(17))
    waiting = buffer.pop()
    buffer.push(18 * 160, frame(18))

    assert pause[9] == QUIET
    assert pause[10:] == [None] * 5
    assert waiting is None
    assert popped(buffer, 2) == [frame(17), frame(18)]


@pytest.mark.parametrize("jump", [-3_000_000, 3_000_000])
def test_a_jump_of_the_timestamps_starts_anew(jump: int) -> None:
    buffer = filled([0, 1, 2], start=10_000_000)
    buffer.pop()
    for n in range(3):
        buffer.push(10_000_000 + jump + n * 160, frame(50 + n))

    assert popped(buffer, 3) == [frame(50), frame(51), frame(52)]


def test_more_than_half_a_second_is_never_kept() -> None:
    buffer = filled(list(range(100)))

    assert buffer.delay_samples <= MAX_SAMPLES
    assert buffer.frames_dropped > 0
    assert buffer.pop() is not None


@pytest.mark.parametrize(("ticks_per_extra", "most_frames"), [(1000, 4), (100, 5), (50, 12)])
def test_a_peer_whose_clock_runs_fast_does_not_pile_up_delay(
    ticks_per_extra: int, most_frames: int
) -> None:
    buffer = JitterBuffer(Codec.PCMA)
    sent = 0
    delays = []
    for tick in range(10_000):
        for _ in range(2 if tick % ticks_per_extra == 0 else 1):
            buffer.push(sent * 160, frame(sent))
            sent += 1
        buffer.pop()
        delays.append(buffer.delay_samples)

    assert max(delays) <= most_frames * 160


def test_a_burst_of_delay_is_won_back() -> None:
    buffer = filled(list(range(12)))
    for n in range(12, 1500):
        buffer.push(n * 160, frame(n))
        buffer.pop()

    assert buffer.delay_samples <= 3 * 160


@pytest.mark.parametrize("samples", [80, 240, 320, 480, 100])
def test_packets_of_any_length_become_frames(samples: int) -> None:
    sound = bytes(n % 200 for n in range(4800))
    buffer = JitterBuffer(Codec.PCMA)
    for at in range(0, 2400, samples):
        buffer.push(at, sound[at : at + samples])

    assert b"".join(f or b"" for f in popped(buffer, 14)) == sound[: 14 * 160]
    assert buffer.frames_concealed == 0


def test_a_hole_that_is_no_whole_frame_is_filled_exactly() -> None:
    buffer = JitterBuffer(Codec.PCMA)
    buffer.push(0, b"\x01" * 160)
    buffer.push(160 + 40, b"\x02" * 160)
    buffer.push(320 + 40, b"\x03" * 160)

    assert popped(buffer, 3) == [
        b"\x01" * 160,
        b"\x01" * 40 + b"\x02" * 120,
        b"\x02" * 40 + b"\x03" * 120,
    ]


def test_a_heap_of_delay_after_a_stall_is_cut_out_after_two_seconds() -> None:
    buffer = filled(list(range(24)))
    for n in range(24, 24 + 101):
        buffer.push(n * 160, frame(n))
        buffer.pop()

    assert buffer.delay_samples <= 3 * 160


def test_packets_that_overlap_do_no_harm() -> None:
    buffer = JitterBuffer(Codec.PCMA)
    for at in range(0, 1600, 80):
        buffer.push(at, frame(at // 80))

    played = popped(buffer, 12)

    assert all(len(f) == 160 for f in played if f is not None)


PUSHES = st.tuples(
    st.integers(0, 3000) | st.integers(0, 0xFFFF_FFFF), st.integers(1, 500), st.integers(0, 3)
)


@given(st.lists(PUSHES, max_size=60))
def test_whatever_comes_frames_are_whole_and_memory_is_bounded(
    pushes: list[tuple[int, int, int]],
) -> None:
    buffer = JitterBuffer(Codec.PCMU)
    for timestamp, length, pops in pushes:
        buffer.push(timestamp, b"\x11" * length)
        assert all(f is None or len(f) == 160 for f in popped(buffer, pops))
        assert 0 <= buffer.delay_samples <= MAX_SAMPLES
    popped(buffer, 60)
    assert buffer.pop() is None

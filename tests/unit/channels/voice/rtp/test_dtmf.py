from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp.dtmf import (
    KEYS,
    MAX_WAITING,
    DigitReceiver,
    DigitSender,
    KeyDown,
    KeyUp,
    TelephoneEvent,
    parse_event,
)
from channels.voice.rtp.packet import RtpMalformed

Told = list[KeyDown | KeyUp]
Sent = tuple[int, TelephoneEvent]


def press(code: int, timestamp: int, frames: int, step: int = 160) -> list[Sent]:
    """The packets of one key as RFC 4733 wants them: growing, then three ends."""
    growing = [(timestamp, TelephoneEvent(code, n * step)) for n in range(1, frames)]
    return growing + [(timestamp, TelephoneEvent(code, frames * step, is_end=True))] * 3


def told(packets: list[Sent], receiver: DigitReceiver | None = None) -> Told:
    """What a receiver tells when these packets come 20 ms apart, and then nothing more."""
    receiver = receiver or DigitReceiver()
    heard: Told = []
    now = 0.0
    for timestamp, event in packets:
        heard += receiver.handle_timer(now)
        heard += receiver.receive(event, timestamp, now)
        now += 0.02
    return heard + list(receiver.handle_timer(now + 1))


ONE_KEY: Told = [KeyDown("5"), KeyUp("5", 100)]
FIVE = press(5, 1000, 5)


@pytest.mark.parametrize(
    "packets",
    [
        pytest.param(FIVE, id="all of it"),
        pytest.param(FIVE[1:], id="the start lost"),
        pytest.param(FIVE[-1:], id="only one end came"),
        pytest.param(FIVE[:-2], id="two ends lost"),
        pytest.param([*FIVE, *FIVE], id="everything twice"),
        pytest.param([p for p in FIVE for _ in range(2)], id="each packet twice"),
        pytest.param([FIVE[1], FIVE[0], *FIVE[2:]], id="reordered at the start"),
        pytest.param([*FIVE[:3], FIVE[4], FIVE[3], *FIVE[5:]], id="an end before an update"),
        pytest.param(
            [(1000 + 160 * n, event) for n, (_, event) in enumerate(FIVE)],
            id="a gateway that moves the timestamp with every packet",
        ),
    ],
)
def test_whatever_happens_on_the_way_one_key_is_one_key(packets: list[Sent]) -> None:
    assert told(packets) == ONE_KEY


def test_a_key_whose_end_is_lost_ends_by_silence() -> None:
    receiver = DigitReceiver()
    heard = [t for ts, event in FIVE[:4] for t in receiver.receive(event, ts, 0.0)]

    assert heard == [KeyDown("5")]
    assert list(receiver.handle_timer(0.19)) == []
    assert list(receiver.handle_timer(0.21)) == [KeyUp("5", 80)]
    assert list(receiver.handle_timer(9.0)) == []


def test_a_key_whose_end_is_lost_ends_when_the_next_begins() -> None:
    assert told([*FIVE[:4], *press(6, 3000, 2)]) == [
        KeyDown("5"),
        KeyUp("5", 80),
        KeyDown("6"),
        KeyUp("6", 40),
    ]


def test_the_same_key_twice_is_two_keys_even_if_the_end_between_is_lost() -> None:
    assert told([*FIVE[:4], *press(5, 3000, 5)]) == [KeyDown("5"), KeyUp("5", 80), *ONE_KEY]


def test_a_late_packet_of_an_earlier_key_is_no_key() -> None:
    assert told([*FIVE, *press(6, 3000, 2), FIVE[2], FIVE[-1]]) == [
        *ONE_KEY,
        KeyDown("6"),
        KeyUp("6", 40),
    ]


def test_timestamps_may_wrap_within_a_number() -> None:
    assert told([*press(1, 0xFFFF_FF00, 2), *press(2, 0x0000_0800, 2)]) == [
        KeyDown("1"),
        KeyUp("1", 40),
        KeyDown("2"),
        KeyUp("2", 40),
    ]


def test_a_peer_that_begins_a_new_time_base_is_heard() -> None:
    assert told([*press(1, 900_000, 2), *press(2, 100, 2)]) == [
        KeyDown("1"),
        KeyUp("1", 40),
        KeyDown("2"),
        KeyUp("2", 40),
    ]


@pytest.mark.parametrize("code", [16, 17, 36, 255])
def test_hook_flash_and_tones_are_no_keys(code: int) -> None:
    assert told(press(code, 1000, 3)) == []


@pytest.mark.parametrize("code", range(16))
def test_every_key_has_its_code(code: int) -> None:
    assert told(press(code, 0, 2)) == [KeyDown(KEYS[code]), KeyUp(KEYS[code], 40)]


def test_a_key_held_for_ever_is_released_once() -> None:
    segment = [(0, TelephoneEvent(9, n)) for n in range(800, 0x10000, 800)]
    last = [(0, TelephoneEvent(9, 0xFFFF))]
    following = [(0xFFFF, TelephoneEvent(9, n)) for n in range(800, 0x10000, 800)]

    assert told([*segment, *last, *following]) == [KeyDown("9"), KeyUp("9", 8191)]


def test_a_key_after_one_that_was_held_for_ever_is_heard() -> None:
    held = [(0, TelephoneEvent(9, 0xFFFF))]

    assert told([*held, *press(9, 90_000, 5)]) == [
        KeyDown("9"),
        KeyUp("9", 8191),
        KeyDown("9"),
        KeyUp("9", 100),
    ]


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x80\x03"])
def test_an_event_of_less_than_four_bytes_is_refused(payload: bytes) -> None:
    with pytest.raises(RtpMalformed):
        parse_event(payload)


def test_further_events_in_a_payload_are_left_out() -> None:
    assert parse_event(b"\x05\x8a\x03\x20\x06\x0a\x00\xa0") == TelephoneEvent(5, 800, True, 10)


EVENTS = st.tuples(
    st.integers(0, 0xFFFF_FFFF),
    st.builds(TelephoneEvent, st.integers(0, 255), st.integers(0, 0xFFFF), st.booleans()),
)


@given(st.lists(EVENTS, max_size=30))
def test_downs_and_ups_always_alternate(packets: list[Sent]) -> None:
    heard = told(packets)

    assert [isinstance(t, KeyDown) for t in heard] == [n % 2 == 0 for n in range(len(heard))]
    assert [t.key for t in heard[::2]] == [t.key for t in heard[1::2]]


def frames_of(sender: DigitSender, limit: int = 2000) -> Iterator[TelephoneEvent | None]:
    """The frames until the sender is idle; None where it sends nothing."""
    for _ in range(limit):
        if not sender.is_busy:
            return
        out = sender.next_event()
        yield None if out is None else parse_event(out.payload)
    raise AssertionError("the sender never came to an end")


def test_a_key_is_sent_as_growing_events_and_three_ends_and_a_pause() -> None:
    sender = DigitSender()
    sender.press("#", 80)

    sent = list(frames_of(sender))

    assert sent == [
        TelephoneEvent(11, 160),
        TelephoneEvent(11, 320),
        TelephoneEvent(11, 480),
        TelephoneEvent(11, 640, is_end=True),
        TelephoneEvent(11, 640, is_end=True),
        TelephoneEvent(11, 640, is_end=True),
        None,
        None,
    ]


def test_only_the_first_packet_of_a_key_is_marked() -> None:
    sender = DigitSender()
    sender.press("1", 60)
    sender.press("2", 60)

    marked = [out.is_first for _ in range(16) if (out := sender.next_event())]

    assert marked == [True, False, False, False, False] * 2


@pytest.mark.parametrize(("asked", "told_ms"), [(0, 40), (30, 40), (100, 100), (60_000, 8180)])
def test_durations_are_kept_within_what_an_event_can_say(asked: int, told_ms: int) -> None:
    sender = DigitSender()
    sender.press("0", asked)

    sent = [event for event in frames_of(sender) if event]

    assert sent[-1].is_end
    assert sent[-1].duration // 8 == told_ms


@pytest.mark.parametrize("key", ["", "x", "12", "E", "１"])
def test_what_is_no_key_is_refused(key: str) -> None:
    sender = DigitSender()

    assert not sender.press(key, 100)
    assert not sender.is_busy


def test_a_number_longer_than_any_is_refused_at_its_end() -> None:
    sender = DigitSender()

    accepted = [sender.press("1", 40) for _ in range(MAX_WAITING + 5)]

    assert accepted.count(True) == MAX_WAITING


def test_a_relayed_key_lasts_until_it_is_released() -> None:
    sender = DigitSender()
    sender.key_down("8")
    held = [sender.next_event() for _ in range(7)]
    sender.key_up()

    rest = [event for event in frames_of(sender) if event]

    assert all(out and not parse_event(out.payload).is_end for out in held)
    assert [event.is_end for event in rest] == [True, True, True]
    assert rest[-1].duration == 8 * 160


def test_a_relayed_key_released_before_it_was_sent_is_still_sent() -> None:
    sender = DigitSender()
    sender.press("1", 40)
    sender.key_down("2")
    sender.key_up()

    sent = [event for event in frames_of(sender) if event]

    assert [event.code for event in sent if event.is_end] == [1, 1, 1, 2, 2, 2]


def test_a_relayed_key_that_is_never_released_ends_by_itself() -> None:
    sender = DigitSender()
    sender.key_down("3")

    sent = [event for event in frames_of(sender) if event]
    sender.key_up()

    assert sent[-1].is_end
    assert not sender.is_busy


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(40, 400)), max_size=6))
def test_what_is_sent_is_what_is_received(keys: list[tuple[str, int]]) -> None:
    sender, receiver = DigitSender(), DigitReceiver()
    for key, duration in keys:
        sender.press(key, duration)

    heard: Told = []
    timestamp, now = 0, 0.0
    started = 0
    while sender.is_busy:
        out = sender.next_event()
        if out is not None:
            started = timestamp if out.is_first else started
            heard += receiver.receive(parse_event(out.payload), started, now)
        timestamp, now = timestamp + 160, now + 0.02

    assert [t.key for t in heard if isinstance(t, KeyUp)] == [key for key, _ in keys]
    assert [t.duration_ms for t in heard if isinstance(t, KeyUp)] == [d // 20 * 20 for _, d in keys]

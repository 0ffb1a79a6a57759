"""Packets that are handed on as they come, between frames of the ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp import packet
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.packet import RtpPacket
from channels.voice.rtp.passage import MAX_LEAD, Arrived
from channels.voice.rtp.reception import Reception
from channels.voice.rtp.sender import RtpSender, StreamIdentity
from channels.voice.rtp.terms import StreamTerms

REMOTE = ("192.0.2.1", 5004)
US = StreamIdentity(ssrc=0xAAAA, sequence=65_533, timestamp=0xFFFF_FFFF - 479, cname="us")
TERMS = StreamTerms(
    codec=Codec.PCMA,
    send_type=8,
    receive_types={8: Codec.PCMA},
    remote=REMOTE,
    send_event_type=101,
    receive_event_types={101: 8000},
)
SPEAKER = Reception(ssrc=1, first_sequence=0)
SILENCE = b"\xd5" * 160


@pytest.fixture
def sender() -> RtpSender:
    return RtpSender(TERMS, US)


def arrived(number: int, source: Reception = SPEAKER, gap: int = 0) -> Arrived:
    """The packet with this number; the speaker's numbers wrap after six."""
    sequence, ticks = (number + 65_530) & 0xFFFF, (number * 160 - 960 + gap) & 0xFFFF_FFFF
    return Arrived(source, sequence, ticks, number.to_bytes(2, "big") * 80)


def handed_on(sender: RtpSender, *packets: Arrived) -> list[RtpPacket]:
    datagrams = [sender.hand_on(each, each.sound) for each in packets]
    return [packet.parse(datagram) for datagram in datagrams if datagram is not None]


def ticked(sender: RtpSender, count: int) -> list[RtpPacket]:
    datagrams = [sender.send_frame(SILENCE, REMOTE) for _ in range(count)]
    return [packet.parse(datagram) for datagram in datagrams if datagram is not None]


def steps(packets: list[RtpPacket]) -> list[tuple[int, int]]:
    """How far each packet is from the first, in numbers and in frames of 20 ms."""
    first = packets[0]
    return [
        (
            (each.sequence - first.sequence) & 0xFFFF,
            ((each.timestamp - first.timestamp) & 0xFFFF_FFFF) // 160,
        )
        for each in packets
    ]


def test_the_listener_sees_one_stream_whoever_makes_its_packets(sender: RtpSender) -> None:
    """RFC 3550 5.1: sequence numbers without a gap, timestamps by the time that has passed."""
    packets = ticked(sender, 2)
    packets += handed_on(sender, *(arrived(n) for n in range(10)))
    packets += ticked(sender, 2)
    packets += handed_on(sender, *(arrived(n) for n in range(50, 53)))

    assert steps(packets) == [(n, n) for n in range(17)]
    assert [each.marker for each in packets] == [True] + [False] * 16
    assert {each.ssrc for each in packets} == {0xAAAA}
    assert [each.payload for each in packets[2:4]] == [arrived(0).sound, arrived(1).sound]


def test_what_was_lost_or_changed_its_place_on_the_way_is_seen_by_the_listener(
    sender: RtpSender,
) -> None:
    """RFC 3550 7.2: its own buffer makes up for a loss, and knows how much there was."""
    packets = handed_on(sender, *(arrived(n) for n in (0, 1, 4, 3, 5, 9)))

    assert steps(packets) == [(n, n) for n in (0, 1, 4, 3, 5, 9)]


def test_a_packet_from_before_or_a_second_time_is_not_handed_on(sender: RtpSender) -> None:
    packets = handed_on(sender, *(arrived(n) for n in (7, 6, 7, 8, 5)))

    assert steps(packets) == [(0, 0), (1, 1)]
    assert steps(packets + ticked(sender, 1))[-1] == (2, 2)


def test_the_time_of_a_pause_has_passed_when_the_ticks_speak_again(sender: RtpSender) -> None:
    packets = handed_on(sender, arrived(0))
    for _ in range(10):
        sender.let_pass()
    packets += ticked(sender, 2)

    assert steps(packets) == [(0, 0), (1, 11), (2, 12)]


def test_a_speaker_that_begins_anew_goes_on_in_the_numbers_of_the_listener(
    sender: RtpSender,
) -> None:
    other = Reception(ssrc=2, first_sequence=0)
    packets = handed_on(sender, arrived(0), arrived(1), arrived(30_000, other))
    packets += handed_on(sender, arrived(30_001, other), arrived(30_002, other, gap=900_000))
    packets += handed_on(sender, arrived(30_003, other, gap=-900_000))

    assert steps(packets) == [(n, n) for n in range(6)]


def test_a_key_between_packets_takes_its_time_of_the_stream(sender: RtpSender) -> None:
    """RFC 4733 2.5.1.2: an event has the timestamp at which it began."""
    packets = handed_on(sender, arrived(0), arrived(1))
    sender.let_pass()
    assert sender.keys.press("5", 40)
    packets += ticked(sender, 4)
    packets += handed_on(sender, arrived(9))

    assert [each.payload_type for each in packets] == [8, 8, 101, 101, 101, 101, 8]
    assert [number for number, _ in steps(packets)] == list(range(7))
    assert steps(packets)[2:6] == [(n, 3) for n in range(2, 6)]
    assert steps(packets)[-1] == (6, 7)


def test_a_flood_is_not_handed_on_and_a_burst_after_a_stall_is(sender: RtpSender) -> None:
    flooded = handed_on(sender, *(arrived(n) for n in range(3 * MAX_LEAD)))
    for _ in range(3 * MAX_LEAD):
        sender.let_pass()
    later = handed_on(sender, *(arrived(n) for n in range(3 * MAX_LEAD, 4 * MAX_LEAD)))

    assert len(flooded) == MAX_LEAD
    assert len(later) == MAX_LEAD


def test_a_clock_that_is_a_little_fast_is_followed_for_ever(sender: RtpSender) -> None:
    count = 0
    for number in range(10_000):
        count += len(handed_on(sender, arrived(number)))
        if number % 100:  # one per cent fast
            sender.let_pass()

    assert count == 10_000


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("packet"), st.integers(-3, 5)),
            st.tuples(st.just("tick"), st.integers(1, 3)),
            st.tuples(st.just("pass"), st.integers(1, 12)),
        ),
        max_size=60,
    )
)
def test_no_number_of_a_stream_is_used_twice(acts: list[tuple[str, int]]) -> None:
    """RFC 3711 3.3.1: a number used twice would be a key stream used twice."""
    sender, number = RtpSender(TERMS, US), 100
    packets: list[RtpPacket] = []
    for act, much in acts:
        if act == "packet":
            number += much
            packets += handed_on(sender, arrived(number))
        elif act == "tick":
            packets += ticked(sender, much)
        else:
            for _ in range(much):
                sender.let_pass()

    numbers = [each.sequence for each in packets]
    assert len(set(numbers)) == len(numbers)

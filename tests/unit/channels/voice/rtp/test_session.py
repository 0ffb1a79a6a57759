"""Transcripts of one stream: packets in and frames out, frames in and packets out."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp import packet, rtcp
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.coding import AvEncoder
from channels.voice.rtp.dtmf import KeyDown, KeyUp, TelephoneEvent
from channels.voice.rtp.g711 import SILENCE, decode, transcode
from channels.voice.rtp.packet import RtpPacket
from channels.voice.rtp.rtcp import ReceiverReport, ReportBlock, SenderReport, SourceDescription
from channels.voice.rtp.sender import StreamIdentity
from channels.voice.rtp.session import REPORT_SECONDS, RtpSession
from channels.voice.rtp.terms import StreamTerms

CORPUS = Path(__file__).parents[4] / "corpus" / "rtp"
REMOTE = ("192.0.2.1", 5004)
STRANGER = ("203.0.113.9", 6000)
US = StreamIdentity(ssrc=0xAAAA, sequence=65_535, timestamp=0xFFFF_FFFF - 159, cname="us")
TERMS = StreamTerms(
    codec=Codec.PCMA,
    send_type=8,
    receive_types={8: Codec.PCMA, 0: Codec.PCMU},
    remote=REMOTE,
    remote_control=("192.0.2.1", 5005),
    send_event_type=101,
    receive_event_types={96: 8000, 101: 8000},
)
SOUND = b"\x2a" * 160


def session(terms: StreamTerms = TERMS) -> RtpSession:
    return RtpSession(terms, US, now=100.0, unix_offset=1_000_000.0)


def audio(number: int, payload: bytes = SOUND, payload_type: int = 8, ssrc: int = 1) -> bytes:
    return RtpPacket(payload_type, number & 0xFFFF, number * 160, ssrc, payload).serialise()


def event(number: int, event: TelephoneEvent, timestamp: int = 8000) -> bytes:
    return RtpPacket(101, number, timestamp, 1, event.serialise()).serialise()


def sent(stream: RtpSession, *frames: bytes | None) -> list[RtpPacket]:
    datagrams = [stream.send_frame(frame) for frame in frames]
    return [packet.parse(datagram) for datagram in datagrams if datagram is not None]


def heard(stream: RtpSession, *datagrams: bytes) -> list[bytes | None]:
    for n, datagram in enumerate(datagrams):
        stream.receive_datagram(datagram, REMOTE, 100.0 + n * 0.02)
    return [stream.next_frame() for _ in datagrams]


def test_frames_become_packets_that_wrap_and_begin_with_a_marker() -> None:
    packets = sent(session(), SOUND, SOUND, SOUND)

    assert packets == [
        RtpPacket(8, 65_535, 0xFFFF_FF60, 0xAAAA, SOUND, True),
        RtpPacket(8, 0, 0, 0xAAAA, SOUND),
        RtpPacket(8, 1, 160, 0xAAAA, SOUND),
    ]


def test_a_pause_moves_the_time_and_not_the_sequence() -> None:
    packets = sent(session(), SOUND, None, None, SOUND)

    assert [(p.sequence, p.timestamp, p.marker) for p in packets] == [
        (65_535, 0xFFFF_FF60, True),
        (0, 320, True),
    ]


def test_time_that_the_owner_missed_is_skipped() -> None:
    stream = session()
    sent(stream, SOUND)
    stream.skip_frames(10)

    (after,) = sent(stream, SOUND)

    assert (after.timestamp, after.marker) == (1600, True)


@pytest.mark.parametrize("terms", [replace(TERMS, sends=False), replace(TERMS, remote=None)])
def test_a_held_stream_sends_nothing(terms: StreamTerms) -> None:
    assert sent(session(terms), SOUND, SOUND) == []


def test_longer_packets_are_gathered_and_carry_the_time_of_their_beginning() -> None:
    stream = session(replace(TERMS, packet_frames=3))

    packets = sent(stream, *[bytes([n]) * 160 for n in range(6)])

    assert [(p.timestamp, p.marker) for p in packets] == [(0xFFFF_FF60, True), (320, False)]
    assert packets[1].payload == b"\3" * 160 + b"\4" * 160 + b"\5" * 160


def test_audio_gives_way_to_a_key_and_comes_back_with_a_marker() -> None:
    stream = session()
    sent(stream, SOUND)
    stream.press_key("5", 40)

    packets = sent(stream, *[SOUND] * 8)

    assert [(p.payload_type, p.timestamp, p.marker) for p in packets] == [
        (101, 0, True),
        (101, 0, False),
        (101, 0, False),
        (101, 0, False),
        (8, 960, True),
        (8, 1120, False),
    ]
    assert [p.sequence for p in packets] == [0, 1, 2, 3, 4, 5]


def test_without_telephone_event_no_key_is_sent() -> None:
    stream = session(replace(TERMS, send_event_type=None))
    stream.key_down("1")

    assert not stream.press_key("1", 100)
    assert not stream.is_sending_keys


def test_what_is_received_is_heard_after_the_jitter_buffer() -> None:
    frames = heard(session(), audio(0), audio(1, b"\x2b" * 160), audio(2))

    assert frames == [SOUND, b"\x2b" * 160, SOUND]


def test_the_other_law_is_heard_in_the_law_of_the_terms() -> None:
    frames = heard(session(), *[audio(n, payload_type=0) for n in range(2)])

    assert frames == [transcode(SOUND, Codec.PCMU, Codec.PCMA)] * 2


def test_keys_are_told_and_not_heard() -> None:
    stream = session()
    told = [
        key
        for n, e in enumerate([TelephoneEvent(3, 160), TelephoneEvent(3, 800, is_end=True)])
        for key in stream.receive_datagram(event(n, e), REMOTE, 100.0)
    ]

    assert told == [KeyDown("3"), KeyUp("3", 100)]
    assert stream.next_frame() is None


def test_a_key_whose_end_is_lost_is_told_by_the_timer() -> None:
    stream = session()
    stream.receive_datagram(event(0, TelephoneEvent(3, 160)), REMOTE, 100.0)

    assert list(stream.handle_timer(100.1)) == []
    assert list(stream.handle_timer(100.3)) == [KeyUp("3", 20)]


@pytest.mark.parametrize(
    "name",
    [
        "0_bytes.bin",
        "1_byte.bin",
        "3_bytes.bin",
        "version_1.bin",
        "stun_binding_request.bin",
        "csrc_count_beyond_the_end.bin",
        "padding_of_zero.bin",
    ],
)
def test_malformed_datagrams_are_counted_and_change_nothing(name: str) -> None:
    stream = session()

    stream.receive_datagram((CORPUS / name).read_bytes(), REMOTE, 101.0)

    assert (stream.malformed, stream.rejected, stream.packets_received) == (1, 0, 0)
    assert stream.heard_at == 100.0


@pytest.mark.parametrize(
    ("payload", "payload_type"), [(b"", 8), (b"\xd5" * 1601, 8), (b"\x05", 101)]
)
def test_payloads_that_make_no_sense_are_counted(payload: bytes, payload_type: int) -> None:
    stream = session()

    stream.receive_datagram(audio(0, payload, payload_type), REMOTE, 101.0)

    assert stream.malformed == 1
    assert stream.next_frame() is None


def test_strangers_and_unknown_payload_types_are_rejected() -> None:
    stream = session()
    stream.receive_datagram(audio(0), REMOTE, 100.0)

    stream.receive_datagram(audio(1), STRANGER, 100.0)
    stream.receive_datagram(audio(1, payload_type=18), REMOTE, 100.0)

    assert (stream.rejected, stream.packets_received) == (2, 1)


def test_we_send_to_the_address_that_was_learnt() -> None:
    stream = session()
    for n in range(3):
        stream.receive_datagram(audio(n), STRANGER, 100.0)

    assert stream.destination == STRANGER
    assert stream.control_destination == ("203.0.113.9", 6001)


def test_the_highest_learnt_port_has_none_for_reports() -> None:
    stream = session()
    for n in range(3):
        stream.receive_datagram(audio(n), ("203.0.113.9", 65_535), 100.0)

    assert stream.control_destination is None


def test_statistics_go_on_over_a_change_of_the_source() -> None:
    stream = session()
    for n in (0, 1, 3):
        stream.receive_datagram(audio(n), REMOTE, 100.0)
    for n in (700, 701, 702):
        stream.receive_datagram(audio(n, ssrc=2), REMOTE, 100.0)

    assert (stream.packets_received, stream.packets_lost, stream.rejected) == (5, 1, 1)


def test_a_renegotiated_address_is_locked_onto_anew() -> None:
    stream = session()
    stream.receive_datagram(audio(0), REMOTE, 100.0)
    elsewhere = ("192.0.2.2", 7000)

    stream.change_terms(replace(TERMS, remote=elsewhere))
    stream.receive_datagram(audio(1), REMOTE, 100.0)
    stream.receive_datagram(audio(50, ssrc=9), elsewhere, 100.0)

    assert stream.destination == elsewhere
    assert (stream.packets_received, stream.rejected) == (2, 1)


def test_hold_and_resume_keep_the_lock_and_the_sequence() -> None:
    stream = session()
    stream.receive_datagram(audio(0), REMOTE, 100.0)
    sent(stream, SOUND)

    stream.change_terms(replace(TERMS, remote=None, sends=False))
    held = sent(stream, SOUND)
    stream.change_terms(TERMS)
    stream.receive_datagram(audio(1), STRANGER, 100.0)
    (resumed,) = sent(stream, SOUND)

    assert held == []
    assert (resumed.sequence, resumed.timestamp, resumed.marker) == (0, 160, True)
    assert stream.rejected == 1


def test_what_comes_while_we_hold_is_counted_and_not_heard() -> None:
    stream = session(replace(TERMS, receives=False))

    assert heard(stream, audio(0), audio(1), audio(2)) == [None] * 3
    assert stream.packets_received == 3


def test_a_change_of_codec_starts_the_playout_anew() -> None:
    stream = session()
    heard(stream, audio(0), audio(1))

    stream.change_terms(replace(TERMS, codec=Codec.PCMU, send_type=0))

    assert stream.next_frame() is None
    assert sent(stream, SILENCE[Codec.PCMU])[0].payload_type == 0


def test_every_five_seconds_a_sender_reports_what_it_sent_and_received() -> None:
    stream = session()
    sent(stream, SOUND, SOUND)
    stream.receive_datagram(audio(7), REMOTE, 100.0)
    early = stream.control_to_send(100.0 + REPORT_SECONDS - 0.001)

    datagram = stream.control_to_send(100.0 + REPORT_SECONDS)

    assert early is None
    assert datagram is not None
    assert stream.next_timer() == 110.0
    assert rtcp.parse(datagram) == [
        SenderReport(
            ssrc=0xAAAA,
            ntp=rtcp.ntp_of(1_000_105.0),
            rtp_timestamp=160,
            packets=2,
            octets=320,
            blocks=(ReportBlock(1, 0, 0, 7, 0, 0, 0),),
        ),
        SourceDescription(0xAAAA, "us"),
    ]


def test_who_has_not_sent_since_the_last_report_is_a_receiver() -> None:
    stream = session()
    sent(stream, SOUND)
    first = stream.control_to_send(105.0)
    second = stream.control_to_send(110.0)

    assert first is not None
    assert second is not None
    assert isinstance(rtcp.parse(first)[0], SenderReport)
    assert rtcp.parse(second)[0] == ReceiverReport(0xAAAA)


def test_reports_missed_by_a_late_owner_are_not_sent_in_a_burst() -> None:
    stream = session()

    assert stream.control_to_send(160.0) is not None
    assert stream.control_to_send(160.0) is None


def test_a_goodbye_ends_the_reports() -> None:
    packets = rtcp.parse(session().goodbye(101.0))

    assert packets[-1] == rtcp.Goodbye((0xAAAA,))


def test_the_round_trip_comes_from_the_others_report_about_us() -> None:
    stream = session()
    ours = rtcp.middle_of(rtcp.ntp_of(1_000_101.0))
    about_us = ReportBlock(0xAAAA, 0, 0, 0, 0, ours, int(0.5 * 65_536))

    stream.receive_control(
        rtcp.serialise([ReceiverReport(1, (about_us,))]), ("192.0.2.1", 5005), 101.75
    )

    assert stream.round_trip_seconds == pytest.approx(0.25, abs=0.001)


def test_the_others_report_is_echoed() -> None:
    stream = session()
    stream.receive_datagram(audio(0), REMOTE, 100.0)
    report = SenderReport(1, rtcp.ntp_of(50.0), 0, 0, 0)

    stream.receive_control(rtcp.serialise([report]), REMOTE, 101.0)
    datagram = stream.control_to_send(105.0)

    assert datagram is not None
    (answer, _) = rtcp.parse(datagram)
    assert isinstance(answer, ReceiverReport)
    assert answer.blocks[0].last_report == rtcp.middle_of(rtcp.ntp_of(50.0))
    assert answer.blocks[0].delay_since_last_report == 4 * 65_536


def test_reports_from_strangers_and_broken_ones_are_counted() -> None:
    stream = session()
    stream.receive_control(b"\x80", REMOTE, 101.0)
    stream.receive_control(rtcp.serialise([ReceiverReport(1)]), STRANGER, 101.0)

    assert (stream.malformed, stream.rejected) == (1, 1)


def test_a_report_on_the_media_port_is_understood() -> None:
    stream = session()
    ours = rtcp.middle_of(rtcp.ntp_of(1_000_101.0))
    report = ReceiverReport(1, (ReportBlock(0xAAAA, 0, 0, 0, 0, ours, 0),))

    stream.receive_datagram(rtcp.serialise([report]), REMOTE, 101.0)

    assert stream.round_trip_seconds == pytest.approx(0.0, abs=0.001)
    assert stream.rejected == 0


NAMES = sorted(path.name for path in CORPUS.glob("*.bin"))
DATAGRAMS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(NAMES).map(lambda name: (CORPUS / name).read_bytes()),
    st.builds(
        lambda kind, n, ts, payload: RtpPacket(kind, n, ts, 1, payload).serialise(),
        st.sampled_from([0, 8, 96, 101, 13]),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF_FFFF),
        st.binary(max_size=400),
    ),
)
SOURCES = st.sampled_from([REMOTE, STRANGER])


@given(st.lists(st.tuples(DATAGRAMS, SOURCES, st.booleans()), max_size=40))
def test_nothing_that_comes_from_the_network_raises(
    arrivals: list[tuple[bytes, tuple[str, int], bool]],
) -> None:
    stream = session()
    now = 100.0
    for datagram, source, is_control in arrivals:
        now += 0.02
        if is_control:
            stream.receive_control(datagram, source, now)
        else:
            stream.receive_datagram(datagram, source, now)
        frame = stream.next_frame()
        assert frame is None or len(frame) == 160
        stream.handle_timer(now)
    assert rtcp.parse(stream.goodbye(now))


def test_comfort_noise_fills_a_pause_until_sound_comes_again() -> None:
    """RFC 3389: payload type 13 tells how loud the background is, and then nothing comes."""
    stream = session()
    heard(stream, audio(0), audio(1))
    stream.receive_datagram(audio(2, b"\x28", payload_type=13), REMOTE, 100.1)

    pause = [stream.next_frame() for _ in range(20)]
    for number in (30, 31, 32):
        stream.receive_datagram(audio(number), REMOTE, 100.6)

    levels = [abs(decode(Codec.PCMA, frame or b"").astype(int)).mean() for frame in pause[1:]]
    assert all(80 < level < 700 for level in levels)
    assert stream.frames_concealed == 0
    assert [stream.next_frame() for _ in range(3)] == [SOUND] * 3
    assert stream.rejected == 0


def test_g722_counts_a_clock_of_eight_thousand_and_opus_one_of_forty_eight() -> None:
    """RFC 3551 4.5.2 and RFC 7587 4.1."""
    steps = {}
    for codec in (Codec.G722, Codec.OPUS):
        stream = session(replace(TERMS, codec=codec, send_type=9, receive_types={9: codec}))
        first, second = sent(stream, bytes(640), bytes(640))
        steps[codec] = (second.timestamp - first.timestamp) & 0xFFFF_FFFF

    assert steps == {Codec.G722: 160, Codec.OPUS: 960}


def test_opus_in_any_order_and_across_the_wrap_of_its_clock_is_heard_without_a_hole() -> None:
    terms = replace(TERMS, codec=Codec.OPUS, send_type=111, receive_types={111: Codec.OPUS})
    stream, encoder = session(terms), AvEncoder.of(Codec.OPUS)
    frames = []
    for number in range(20):
        timestamp = (0xFFFF_FFFF - 5 * 960 + number * 960) & 0xFFFF_FFFF
        payload = encoder.encode(bytes(640))
        packet_ = RtpPacket(111, 65_530 + number & 0xFFFF, timestamp, 1, payload)
        stream.receive_datagram(packet_.serialise(), REMOTE, 100.0 + number * 0.02)
        frames.append(stream.next_frame())

    assert [len(frame) for frame in frames if frame is not None] == [640] * 19
    assert stream.frames_concealed == 0


@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS])
def test_what_a_decoder_cannot_read_is_counted_and_ends_nothing(codec: Codec) -> None:
    stream = session(replace(TERMS, codec=codec, send_type=9, receive_types={9: codec}))
    for number in range(50):
        stream.receive_datagram(audio(number, b"\xff" * 3, payload_type=9), REMOTE, 100.0)
        frame = stream.next_frame()
        assert frame is None or len(frame) == 640

    assert stream.packets_received == 50

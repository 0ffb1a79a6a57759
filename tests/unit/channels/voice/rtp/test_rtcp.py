from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp import rtcp
from channels.voice.rtp.packet import RtpMalformed
from channels.voice.rtp.rtcp import (
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    middle_of,
    ntp_of,
    round_trip_seconds,
)

CORPUS = Path(__file__).parents[4] / "corpus" / "rtp"
PHONE = 0xDEAD_BEEF
BLOCK = ReportBlock(0xCAFE_F00D, 64, -2, 0x0001_0064, 37, 0x1234_5678, 0x0001_8000)

GOOD: dict[str, list[RtcpPacket]] = {
    "rtcp_sender_report.bin": [
        SenderReport(PHONE, 0xE000_0000_8000_0000, 160_000, 250, 40_000, (BLOCK,)),
        SourceDescription(PHONE, "phone"),
    ],
    "rtcp_goodbye_with_reason.bin": [
        ReceiverReport(PHONE),
        SourceDescription(PHONE, "phone"),
        Goodbye((PHONE,), "hangup"),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_compound_packets_are_read_as_what_they_are(name: str) -> None:
    assert rtcp.parse((CORPUS / name).read_bytes()) == GOOD[name]


@pytest.mark.parametrize("name", GOOD)
def test_compound_packets_are_written_as_they_are_read(name: str) -> None:
    assert rtcp.serialise(GOOD[name]) == (CORPUS / name).read_bytes()


def test_sections_that_we_do_not_use_are_passed_over() -> None:
    assert rtcp.parse((CORPUS / "rtcp_with_app_section.bin").read_bytes()) == [
        ReceiverReport(PHONE)
    ]


def test_padding_at_the_end_is_left_out() -> None:
    assert rtcp.parse((CORPUS / "rtcp_padded.bin").read_bytes()) == [
        ReceiverReport(PHONE),
        Goodbye((PHONE,)),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "0_bytes.bin",
        "1_byte.bin",
        "3_bytes.bin",
        "rtcp_begins_with_sdes.bin",
        "rtcp_length_beyond_the_end.bin",
        "rtcp_header_cut_off.bin",
        "rtcp_fewer_blocks_than_counted.bin",
        "rtcp_padding_in_the_middle.bin",
        "rtcp_version_0.bin",
    ],
)
def test_datagrams_that_are_no_reports_are_refused(name: str) -> None:
    with pytest.raises(RtpMalformed):
        rtcp.parse((CORPUS / name).read_bytes())


def test_ntp_time_counts_from_1900_in_fractions_of_a_second() -> None:
    assert ntp_of(0.0) == 2_208_988_800 << 32
    assert ntp_of(0.5) == (2_208_988_800 << 32) + 0x8000_0000
    assert middle_of(0x1122_3344_5566_7788) == 0x3344_5566


def test_ntp_time_wraps_in_2036() -> None:
    assert ntp_of(2_085_978_496.0) == 0


def test_the_round_trip_of_the_rfcs_own_figure() -> None:
    # RFC 3550 figure 2: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000 -> 6.125 s.
    now = ((0x0000_B710 << 16 | 0x8000) - (2_208_988_800 << 16 & 0xFFFF_FFFF)) % 2**32 / 65_536
    block = ReportBlock(1, 0, 0, 0, 0, 0xB705_2000, 0x0005_4000)

    assert round_trip_seconds(block, now) == pytest.approx(6.125)


def test_a_round_trip_is_never_negative_and_unknown_before_our_first_report() -> None:
    report = middle_of(ntp_of(1000.0))

    assert round_trip_seconds(ReportBlock(1, 0, 0, 0, 0, report, 0x0001_0000), 1000.9) == 0.0
    assert round_trip_seconds(ReportBlock(1, 0, 0, 0, 0, 0, 0), 1000.0) is None


@pytest.mark.parametrize(("lost", "written"), [(10_000_000, 0x7F_FFFF), (-10_000_000, -0x80_0000)])
def test_the_cumulative_loss_is_clamped_to_24_bits(lost: int, written: int) -> None:
    report = ReceiverReport(1, (ReportBlock(2, 0, lost, 0, 0, 0, 0),))

    (read,) = rtcp.parse(rtcp.serialise([report]))

    assert isinstance(read, ReceiverReport)
    assert read.blocks[0].cumulative_lost == written


def test_a_long_name_is_cut_to_its_length_byte() -> None:
    report: list[RtcpPacket] = [ReceiverReport(1), SourceDescription(1, "x" * 300)]

    assert rtcp.parse(rtcp.serialise(report))[1] == SourceDescription(1, "x" * 255)


WORDS = st.integers(0, 0xFFFF_FFFF)
BLOCKS = st.builds(
    ReportBlock, WORDS, st.integers(0, 255), st.integers(-0x80_0000, 0x7F_FFFF), *[WORDS] * 4
)
LISTS = st.lists(BLOCKS, max_size=3).map(tuple)
REPORTS = st.builds(ReceiverReport, WORDS, LISTS) | st.builds(
    SenderReport, WORDS, st.integers(0, 2**64 - 1), WORDS, WORDS, WORDS, LISTS
)
OTHERS = st.builds(SourceDescription, WORDS, st.text(max_size=20)) | st.builds(
    Goodbye, st.lists(WORDS, max_size=5).map(tuple), st.text(max_size=20)
)


@given(REPORTS, st.lists(REPORTS | OTHERS, max_size=4))
def test_every_compound_packet_survives_the_wire(
    first: RtcpPacket, others: list[RtcpPacket]
) -> None:
    assert rtcp.parse(rtcp.serialise([first, *others])) == [first, *others]


FIRST = st.sampled_from([b"\x81\xc8", b"\x82\xc9", b"\x83\xca", b"\x84\xcb", b"\xa1\xcb"])


@given(st.binary(max_size=120) | st.lists(FIRST | st.binary(max_size=12)).map(b"".join))
def test_nothing_but_the_own_error_is_raised(datagram: bytes) -> None:
    try:
        packets = rtcp.parse(datagram)
    except RtpMalformed:
        return
    assert isinstance(packets[0], SenderReport | ReceiverReport)

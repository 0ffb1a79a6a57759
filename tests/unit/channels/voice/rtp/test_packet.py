from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp import packet
from channels.voice.rtp.packet import RtpMalformed, RtpPacket

CORPUS = Path(__file__).parents[4] / "corpus" / "rtp"

GOOD = {
    "a_law_silence_20ms.bin": RtpPacket(8, 1000, 160_000, 0xCAFE_F00D, b"\xd5" * 160),
    "first_packet_with_marker.bin": RtpPacket(0, 65_535, 0xFFFF_FF60, 1, b"\xff" * 160, True),
    "two_contributing_sources.bin": RtpPacket(
        8, 7, 80, 0x0102_0304, b"\xd5" * 4, contributing=(0x1111_1111, 0x2222_2222)
    ),
    "header_extension.bin": RtpPacket(
        8, 8, 160, 0x0102_0304, b"\xd5" * 4, extension=(0xBEDE, b"\x10\xff\x00\x00")
    ),
    "padded_to_a_word.bin": RtpPacket(8, 9, 240, 0x0102_0304, b"\xd5\xd5\xd5\xd5\xd5"),
    "no_payload.bin": RtpPacket(8, 10, 320, 0x0102_0304, b""),
    "telephone_event_5_end.bin": RtpPacket(101, 500, 8000, 0x0A0B_0C0D, b"\x05\x8a\x03\x20"),
}
BAD = (
    "0_bytes.bin",
    "1_byte.bin",
    "3_bytes.bin",
    "11_bytes.bin",
    "version_1.bin",
    "stun_binding_request.bin",
    "csrc_count_beyond_the_end.bin",
    "extension_beyond_the_end.bin",
    "extension_header_cut_off.bin",
    "padding_of_zero.bin",
    "padding_longer_than_payload.bin",
)


@pytest.mark.parametrize("name", GOOD)
def test_good_packets_are_read_as_what_they_are(name: str) -> None:
    assert packet.parse((CORPUS / name).read_bytes()) == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_datagrams_that_are_no_rtp_are_refused(name: str) -> None:
    with pytest.raises(RtpMalformed):
        packet.parse((CORPUS / name).read_bytes())


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"padded_to_a_word.bin"}))
def test_packets_are_written_as_they_are_read(name: str) -> None:
    assert GOOD[name].serialise() == (CORPUS / name).read_bytes()


@pytest.mark.parametrize(
    "unfit",
    [
        pytest.param(RtpPacket(128, 0, 0, 0, b""), id="payload type"),
        pytest.param(RtpPacket(8, 0, 0, 0, b"", contributing=(1,) * 16), id="too many sources"),
        pytest.param(RtpPacket(8, 0, 0, 0, b"", extension=(1, b"abc")), id="half a word"),
    ],
)
def test_fields_that_do_not_fit_are_our_bug(unfit: RtpPacket) -> None:
    with pytest.raises(ValueError, match=r"header|words"):
        unfit.serialise()


def test_reports_on_the_media_port_are_told_apart() -> None:
    assert packet.is_rtcp((CORPUS / "rtcp_sender_report.bin").read_bytes())
    assert not packet.is_rtcp((CORPUS / "a_law_silence_20ms.bin").read_bytes())
    assert not packet.is_rtcp(b"")


@given(
    st.builds(
        RtpPacket,
        st.integers(0, 127),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF_FFFF),
        st.integers(0, 0xFFFF_FFFF),
        st.binary(max_size=200),
        st.booleans(),
        st.lists(st.integers(0, 0xFFFF_FFFF), max_size=15).map(tuple),
        st.none()
        | st.tuples(
            st.integers(0, 0xFFFF), st.binary(max_size=64).map(lambda b: b[: len(b) // 4 * 4])
        ),
    )
)
def test_every_packet_survives_the_wire(sent: RtpPacket) -> None:
    assert packet.parse(sent.serialise()) == sent


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda b: b"\xbf" + b))
def test_nothing_but_the_own_error_is_raised(datagram: bytes) -> None:
    try:
        received = packet.parse(datagram)
    except RtpMalformed:
        return
    assert len(received.payload) <= len(datagram) - 12

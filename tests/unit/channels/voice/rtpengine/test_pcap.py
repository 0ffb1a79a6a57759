"""Captures of rtpengine."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtpengine.pcap import Captured, PcapUnusable, read
from tests.fakes.captures import FILE_HEADER, capture

PACKETS = [Captured(1_000.5, 20_000, b"first"), Captured(1_000.75, 20_002, b"second")]


def test_packets_come_out_with_time_and_port() -> None:
    assert list(read(capture(PACKETS))) == PACKETS


def test_a_capture_that_is_still_being_written_ends_with_its_last_whole_packet() -> None:
    assert list(read(capture(PACKETS)[:-3])) == PACKETS[:1]


def test_an_empty_capture_holds_nothing() -> None:
    assert list(read(b"")) == []


def test_a_capture_without_ethernet_headers_says_what_to_configure() -> None:
    raw = FILE_HEADER[:20] + struct.pack("<I", 101)

    with pytest.raises(PcapUnusable, match="recording-format = eth"):
        list(read(raw))


@given(st.binary(max_size=200))
def test_whatever_follows_the_header_nothing_is_raised(rest: bytes) -> None:
    assert len(list(read(FILE_HEADER + rest))) <= len(rest)

"""RTCP (RFC 3550 6): sender and receiver reports, SDES and BYE in compound packets.

`now` values of this module are Unix seconds (UTC): the one place of the media core where the
wall clock shows, because SR carries NTP time.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from channels.voice.rtp.packet import VERSION, RtpMalformed

NTP_EPOCH_OFFSET = 2_208_988_800
"""Seconds from 1900-01-01 to 1970-01-01 (RFC 3550 4)."""

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203
_CNAME = 1

_HEADER = struct.Struct("!BBH")
_SENDER_INFO = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IB3sIIII")

MAX_TEXT = 255
"""SDES items and BYE reasons carry their length in one byte."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says about one source (6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Share of packets lost since the previous report, in 1/256."""
    cumulative_lost: int
    """Signed 24 bits."""
    highest_sequence: int
    jitter: int
    """In timestamp units."""
    last_report: int
    """Middle 32 bits of the NTP time of the last SR; 0 if none came."""
    delay_since_last_report: int
    """In 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """SR: when and how much the sender has sent; `ntp` is 32.32 fixed point."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RR: reports of someone who has not sent since the previous one."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """SDES of one source, reduced to its CNAME ("" if it gave none)."""

    ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """BYE: these sources stop; the SIP dialog alone decides whether the call ends."""

    sources: tuple[int, ...]
    reason: str = ""


RtcpPacket: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Goodbye


def ntp_of(unix_seconds: float) -> int:
    """Return the NTP time, 32.32 fixed point, modulo its era (2036)."""
    return int((unix_seconds + NTP_EPOCH_OFFSET) * 0x1_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF


def middle_of(ntp: int) -> int:
    """Return the middle 32 bits, 16.16 fixed point, as report blocks carry them."""
    return ntp >> 16 & 0xFFFF_FFFF


def round_trip_seconds(block: ReportBlock, now: float) -> float | None:
    """Return the round trip time that a block about us tells (6.4.1); None before our first SR."""
    if block.last_report == 0:
        return None
    ticks = middle_of(ntp_of(now)) - block.last_report - block.delay_since_last_report
    signed = (ticks + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
    # Coarse clocks of phones make it slightly negative on a LAN.
    return max(0.0, signed / 0x1_0000)


def serialise(packets: Sequence[RtcpPacket]) -> bytes:
    """Return the compound packet; it begins with a report by 6.1, which is up to the caller."""
    return b"".join(_serialise_one(packet) for packet in packets)


def parse(datagram: bytes) -> list[RtcpPacket]:
    """Read a compound packet; kinds that we do not use (APP, feedback) are skipped.

    Raises:
        RtpMalformed: a length does not fit, or it does not begin with a report (A.2).
    """
    sections = list(_sections(datagram))
    if not sections or sections[0][0] not in {SENDER_REPORT, RECEIVER_REPORT}:
        raise RtpMalformed("a compound packet begins with SR or RR")
    return [packet for kind, count, body in sections for packet in _parse_one(kind, count, body)]


def _sections(datagram: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(datagram):
        if at + _HEADER.size > len(datagram):
            raise RtpMalformed("an RTCP header is cut off")
        first, kind, words = _HEADER.unpack_from(datagram, at)
        end = at + 4 * (words + 1)
        if first >> 6 != VERSION or end > len(datagram):
            raise RtpMalformed("an RTCP packet is cut off or of another version")
        body = datagram[at + _HEADER.size : end]
        if first & 0x20:
            body = _without_padding(body, is_last=end == len(datagram))
        yield kind, first & 0x1F, body
        at = end


def _without_padding(body: bytes, *, is_last: bool) -> bytes:
    padding = body[-1] if body else 0
    if not is_last or padding == 0 or padding > len(body):
        raise RtpMalformed("padding belongs to the last packet and fits it (6.4.1)")
    return body[:-padding]


def _parse_one(kind: int, count: int, body: bytes) -> Iterator[RtcpPacket]:
    try:
        if kind == SENDER_REPORT:
            ssrc, ntp, rtp_timestamp, packets, octets = _SENDER_INFO.unpack_from(body)
            blocks = _parse_blocks(body, _SENDER_INFO.size, count)
            yield SenderReport(ssrc, ntp, rtp_timestamp, packets, octets, blocks)
        elif kind == RECEIVER_REPORT:
            (ssrc,) = struct.unpack_from("!I", body)
            yield ReceiverReport(ssrc, _parse_blocks(body, 4, count))
        elif kind == SOURCE_DESCRIPTION:
            yield from _parse_descriptions(body, count)
        elif kind == GOODBYE:
            sources = struct.unpack_from(f"!{count}I", body)
            yield Goodbye(sources, _parse_text(body, 4 * count))
    except struct.error:
        raise RtpMalformed("an RTCP packet is shorter than its count says") from None


def _parse_blocks(body: bytes, start: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, fraction, lost, highest, jitter, last, delay = _BLOCK.unpack_from(
            body, start + index * _BLOCK.size
        )
        cumulative = int.from_bytes(lost, "big", signed=True)
        blocks.append(ReportBlock(ssrc, fraction, cumulative, highest, jitter, last, delay))
    return tuple(blocks)


def _parse_descriptions(body: bytes, count: int) -> Iterator[SourceDescription]:
    at = 0
    for _ in range(count):
        (ssrc,) = struct.unpack_from("!I", body, at)
        at += 4
        cname = ""
        while at < len(body) and body[at] != 0:
            if body[at] == _CNAME:
                cname = _parse_text(body, at + 1)
            at += 2 + (body[at + 1] if at + 1 < len(body) else 0)
        at = (at // 4 + 1) * 4  # a chunk ends with a null and goes on at the next word (6.5)
        yield SourceDescription(ssrc, cname)


def _parse_text(body: bytes, at: int) -> str:
    if at >= len(body):
        return ""
    return body[at + 1 : at + 1 + body[at]].decode("utf-8", errors="replace")


def _serialise_one(packet: RtcpPacket) -> bytes:
    match packet:
        case SenderReport():
            info = _SENDER_INFO.pack(
                packet.ssrc, packet.ntp, packet.rtp_timestamp, packet.packets, packet.octets
            )
            return _section(SENDER_REPORT, len(packet.blocks), info + _blocks(packet.blocks))
        case ReceiverReport():
            body = packet.ssrc.to_bytes(4, "big") + _blocks(packet.blocks)
            return _section(RECEIVER_REPORT, len(packet.blocks), body)
        case SourceDescription():
            item = bytes([_CNAME]) + _text(packet.cname) + b"\0"
            return _section(SOURCE_DESCRIPTION, 1, packet.ssrc.to_bytes(4, "big") + item)
        case Goodbye():
            sources = b"".join(ssrc.to_bytes(4, "big") for ssrc in packet.sources)
            reason = _text(packet.reason) if packet.reason else b""
            return _section(GOODBYE, len(packet.sources), sources + reason)


def _section(kind: int, count: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    return _HEADER.pack(VERSION << 6 | count, kind, len(body) // 4) + body


def _blocks(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost,
            # 6.4.1: clamped, not wrapped.
            max(-0x80_0000, min(0x7F_FFFF, block.cumulative_lost)).to_bytes(3, "big", signed=True),
            block.highest_sequence,
            block.jitter,
            block.last_report,
            block.delay_since_last_report,
        )
        for block in blocks
    )


def _text(value: str) -> bytes:
    data = value.encode()[:MAX_TEXT]
    return bytes([len(data)]) + data

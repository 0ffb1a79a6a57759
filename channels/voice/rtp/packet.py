"""RTP packets (RFC 3550 5.1): parse and serialise.

The parser keeps the payload as the one copy it makes; everything else is numbers, so that the
receive path allocates one object and one `bytes` a packet.
"""

import struct
from dataclasses import dataclass

from hotline.kernel.errors import HotlineError

VERSION = 2
HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")

MAX_SEQUENCE = 0xFFFF
MAX_TIMESTAMP = 0xFFFF_FFFF


class RtpMalformed(HotlineError):
    """A datagram is not an RTP or RTCP packet; count it and drop it."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet; `timestamp` counts samples, `contributing` are the CSRCs of a mixer."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    contributing: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    """Profile and data of the header extension (5.3.1); its length is a multiple of four."""

    def serialise(self) -> bytes:
        """Return the datagram, without padding.

        Raises:
            ValueError: a field does not fit (our bug, not the peer's).
        """
        if len(self.contributing) > 15 or not 0 <= self.payload_type < 128:
            raise ValueError("no room in the header")
        first = VERSION << 6 | (0x10 if self.extension else 0) | len(self.contributing)
        second = (0x80 if self.marker else 0) | self.payload_type
        parts = [HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)]
        parts += [ssrc.to_bytes(4, "big") for ssrc in self.contributing]
        if self.extension:
            profile, data = self.extension
            if len(data) % 4:
                raise ValueError("a header extension is whole words")
            parts += [_EXTENSION.pack(profile, len(data) // 4), data]
        return b"".join([*parts, self.payload])


def is_rtcp(datagram: bytes) -> bool:
    """Say whether a datagram is RTCP that came to the RTP port (RFC 5761 4)."""
    return len(datagram) >= 2 and datagram[0] >> 6 == VERSION and 192 <= datagram[1] <= 223


def parse(datagram: bytes) -> RtpPacket:
    """Read one RTP packet.

    Raises:
        RtpMalformed: too short, another version, or lengths that do not fit the datagram.
    """
    if len(datagram) < HEADER.size:
        raise RtpMalformed(f"{len(datagram)} bytes are no RTP header")
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    if first >> 6 != VERSION:
        raise RtpMalformed(f"version {first >> 6}")
    contributing: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    start, end = HEADER.size, len(datagram)
    if first & 0x3F:  # padding, extension or CSRC: none of them in ordinary calls
        start, contributing = _read_contributing(datagram, first & 0x0F)
        if first & 0x10:
            start, extension = _read_extension(datagram, start)
        if first & 0x20:
            end = _end_without_padding(datagram, start)
    return RtpPacket(
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        datagram[start:end],
        bool(second & 0x80),
        contributing,
        extension,
    )


def _read_contributing(datagram: bytes, count: int) -> tuple[int, tuple[int, ...]]:
    start = HEADER.size + 4 * count
    if start > len(datagram):
        raise RtpMalformed("the CSRC list is cut off")
    return start, struct.unpack_from(f"!{count}I", datagram, HEADER.size)


def _read_extension(datagram: bytes, start: int) -> tuple[int, tuple[int, bytes]]:
    data = start + _EXTENSION.size
    if data > len(datagram):
        raise RtpMalformed("the extension header is cut off")
    profile, words = _EXTENSION.unpack_from(datagram, start)
    end = data + 4 * words
    if end > len(datagram):
        raise RtpMalformed("the extension is cut off")
    return end, (profile, datagram[data:end])


def _end_without_padding(datagram: bytes, start: int) -> int:
    # The last byte counts the padding including itself, so zero is impossible (5.1).
    padding = datagram[-1]
    if padding == 0 or len(datagram) - padding < start:
        raise RtpMalformed("the padding is longer than the payload")
    return len(datagram) - padding

"""What rtpengine's `pcap` recordings hold: the RTP packets that came to each port; pure.

The file format is that of libpcap (magic numbers in the writer's byte order, microseconds); with
`recording-format = eth` each packet has an Ethernet header.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hotline.kernel.errors import HotlineError

_MAGIC = 0xA1B2C3D4
_FILE_HEADER = 24
_PACKET_HEADER = 16
_ETHERNET = 1
_ETHERNET_HEADER = 14
_UDP_HEADER = 8
_UDP = 17


class PcapUnusable(HotlineError):
    """The bytes are no capture of rtpengine."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One UDP datagram."""

    at: float
    """Unix seconds, by the clock of the media host."""
    port: int
    """The port that it came to."""
    datagram: bytes


def read(data: bytes) -> Iterator[Captured]:
    """Yield the datagrams in the order of their arrival; a file that is cut off ends early.

    Raises:
        PcapUnusable: it is no capture of Ethernet.
    """
    if len(data) < _FILE_HEADER:
        return
    order = "<" if struct.unpack_from("<I", data)[0] == _MAGIC else ">"
    magic, link = (struct.unpack_from(f"{order}I", data, at)[0] for at in (0, 20))
    if magic != _MAGIC or link != _ETHERNET:
        raise PcapUnusable("no Ethernet capture: rtpengine needs recording-format = eth")
    header = struct.Struct(f"{order}IIII")
    at = _FILE_HEADER
    while at + _PACKET_HEADER <= len(data):
        seconds, micros, size, _ = header.unpack_from(data, at)
        at += _PACKET_HEADER
        if at + size > len(data):
            return
        found = _udp(data[at + _ETHERNET_HEADER : at + size])
        if found is not None:
            yield Captured(seconds + micros / 1e6, *found)
        at += size


def _udp(packet: bytes) -> tuple[int, bytes] | None:
    """Return port and content of an IP packet, or None if it is something else."""
    if len(packet) < 1:
        return None
    version = packet[0] >> 4
    start = (packet[0] & 15) * 4 if version == 4 else 40
    protocol_at = 9 if version == 4 else 6
    if len(packet) < start + _UDP_HEADER or packet[protocol_at] != _UDP:
        return None
    return int.from_bytes(packet[start + 2 : start + 4], "big"), packet[start + _UDP_HEADER :]

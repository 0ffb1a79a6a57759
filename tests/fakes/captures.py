"""Captures as rtpengine writes them, for tests."""

import struct
from collections.abc import Sequence

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import Samples, encode
from channels.voice.rtp.packet import RtpPacket
from channels.voice.rtpengine.pcap import Captured

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)


def capture(packets: Sequence[Captured]) -> bytes:
    """Return a file with these packets."""
    return FILE_HEADER + b"".join(_record(packet) for packet in packets)


def talk(
    samples: Samples, *, port: int, at: float, source: int = 7, timestamp: int = 90_000
) -> list[Captured]:
    """Return the packets of somebody who talks from `at` on."""
    frames = [samples[start : start + 160] for start in range(0, len(samples), 160)]
    return [
        Captured(at + number * 0.02, port, _rtp(frame, number, source, timestamp))
        for number, frame in enumerate(frames)
    ]


def _rtp(frame: Samples, number: int, source: int, timestamp: int) -> bytes:
    payload = encode(Codec.PCMA, frame)
    packet = RtpPacket(
        8, number & 0xFFFF, (timestamp + number * 160) & 0xFFFF_FFFF, source, payload
    )
    return packet.serialise()


def _record(packet: Captured) -> bytes:
    udp = struct.pack("!HHHH", 4000, packet.port, 8 + len(packet.datagram), 0) + packet.datagram
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), bytes(4))
    frame = bytes(14) + ip + udp
    seconds = int(packet.at)
    micros = round((packet.at - seconds) * 1e6)
    return struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame

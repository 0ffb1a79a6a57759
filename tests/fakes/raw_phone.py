"""A phone that shares no code with our RTP stack: packets packed and read by hand."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class RawPacket:
    """What the phone received, field by field."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class RawPhone:
    """One UDP port of 127.0.0.1 that speaks and hears RTP."""

    def __init__(self, ssrc: int = 0x5151_5151) -> None:
        self.ssrc = ssrc
        self.received: list[RawPacket] = []
        self._arrived = asyncio.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def sdp(self, formats: str = "8 101", *attributes: str, version: int = 1) -> bytes:
        """An offer or answer of this phone."""
        lines = [
            "v=0",
            f"o=raw 1 {version} IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {formats}",
            "a=rtpmap:101 telephone-event/8000",
            *attributes,
        ]
        return "\r\n".join([*lines, ""]).encode()

    def send(self, to: tuple[str, int], datagram: bytes) -> None:
        self._socket.sendto(datagram, to)

    def rtp(self, payload_type: int, sequence: int, timestamp: int, payload: bytes) -> bytes:
        header = struct.pack(
            ">BBHLL", 0x80, payload_type, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, self.ssrc
        )
        return header + payload

    async def speak(
        self, to: tuple[str, int], payloads: Sequence[bytes], payload_type: int = 8, first: int = 0
    ) -> None:
        """Send one payload each 20 ms, as a phone does."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for n, payload in enumerate(payloads):
            number = first + n
            self.send(to, self.rtp(payload_type, number, number * 160, payload))
            await asyncio.sleep(max(0.0, start + (n + 1) * 0.02 - loop.time()))

    async def until(self, count: int, timeout: float = 20.0) -> list[RawPacket]:
        """Wait until so many packets came; return them all."""
        async with asyncio.timeout(timeout):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    def _read(self) -> None:
        datagram = self._socket.recv(4096)
        first, second, sequence, timestamp, ssrc = struct.unpack(">BBHLL", datagram[:12])
        assert first == 0x80, "version 2 and nothing else"
        self.received.append(
            RawPacket(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, datagram[12:])
        )
        self._arrived.set()


def media_address(sdp: bytes) -> tuple[str, int]:
    """Where a description wants its audio."""
    lines = sdp.decode().split("\r\n")
    host = next(line.split()[-1] for line in lines if line.startswith("c="))
    port = next(int(line.split()[1]) for line in lines if line.startswith("m=audio"))
    return host, port

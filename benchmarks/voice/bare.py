"""The machine's raw figure beside the voice process: the least that can answer SIPp, in one loop.

It keeps no state and checks nothing: what it needs is what the machine and the loop cost.
"""

import asyncio

_ANSWER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 8 0\r\n"
)
_KEPT = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")


class BareAnswerer(asyncio.DatagramProtocol):
    """Says 200 to every INVITE and BYE."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if data.startswith(b"ACK"):
            return
        lines = [line for line in data.split(b"\r\n") if line[:8].lower().startswith(_KEPT)]
        lines = [line + b";tag=b" if line[:3].lower() == b"to:" else line for line in lines]
        body = _ANSWER if data.startswith(b"INVITE") else b""
        head = [b"SIP/2.0 200 OK", *lines, b"Contact: <sip:b@127.0.0.1>"]
        if body:
            head.append(b"Content-Type: application/sdp")
        head.append(b"Content-Length: %d" % len(body))
        self._transport.sendto(b"\r\n".join([*head, b"", body]), source)


class Sink(asyncio.DatagramProtocol):
    """Counts what arrives."""

    def __init__(self) -> None:
        self.packets = 0

    def datagram_received(self, _data: bytes, _source: tuple[str, int]) -> None:
        self.packets += 1


async def packets_per_second(seconds: float) -> int:
    """Send and receive 172-byte packets on loopback in one loop, as fast as it goes."""
    loop = asyncio.get_running_loop()
    sink = Sink()
    receiver, _ = await loop.create_datagram_endpoint(lambda: sink, local_addr=("127.0.0.1", 0))
    sender, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=receiver.get_extra_info("sockname")
    )
    end = loop.time() + seconds
    while loop.time() < end:
        for _ in range(20):
            sender.sendto(bytes(172))
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    sender.close()
    receiver.close()
    return round(sink.packets / seconds)

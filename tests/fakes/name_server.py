"""A name server on loopback that knows what a test tells it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """Answers SRV questions over UDP; a name that it does not know does not exist."""

    def __init__(self) -> None:
        self.address = ("", 0)
        self.records: dict[str, tuple[int, list[str]]] = {}
        """Name with the final dot: seconds to live, and `priority weight port target`."""
        self.asked: list[str] = []
        self.is_silent = False
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        self.asked.append(name)
        if self.is_silent or self._transport is None:
            return
        answer = dns.message.make_response(query)
        if name in self.records:
            ttl, texts = self.records[name]
            if texts:
                answer.answer.append(dns.rrset.from_text_list(name, ttl, "IN", "SRV", texts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)

    def close(self) -> None:
        """Stop."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def name_server() -> AsyncGenerator[NameServer, None]:
    """Run a name server while the block runs."""
    server = NameServer()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        server.close()

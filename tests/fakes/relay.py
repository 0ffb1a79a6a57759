"""A relay in front of PostgreSQL: what it carries can be cut off, or stand still."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, make_url

CHUNK = 65536


class Relay:
    """Carries connections to a Unix socket until it is told to cut them off."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._flows: list[asyncio.Event] = []
        self.port = 0

    async def listen(self) -> None:
        """Take connections, at the port of the first time."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stall(self) -> None:
        """Carry nothing more on the connections that are open, and say nothing; take new ones."""
        for flow in self._flows:
            flow.clear()

    async def cut(self) -> None:
        """End every connection, and refuse new ones."""
        assert self._server is not None
        self._server.close()
        for flow in self._flows:
            flow.set()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_unix_connection(self._target)
            self._open |= {writer, far_writer}
            flow = asyncio.Event()
            flow.set()
            self._flows.append(flow)
            await asyncio.gather(_pump(reader, far_writer, flow), _pump(far_reader, writer, flow))
            self._open -= {writer, far_writer}


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: asyncio.Event
) -> None:
    with suppress(OSError):
        while piece := await reader.read(CHUNK):
            await flow.wait()
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def relayed(url: str) -> AsyncGenerator[tuple[Relay, URL], None]:
    """Put a relay in front of the server of a URL; yield it with the URL that goes through it."""
    target = make_url(url)
    relay = Relay(Path(str(target.query["host"])) / ".s.PGSQL.5432")
    await relay.listen()
    try:
        yield relay, target.set(host="127.0.0.1", port=relay.port, query={})
    finally:
        await relay.cut()

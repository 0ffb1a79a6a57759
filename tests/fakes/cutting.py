"""A relay in front of a TCP server that resets its connections at a moment of the test's choice."""

import asyncio
from contextlib import suppress

Address = tuple[str, int]

CHUNK = 65_536


class CuttingRelay:
    """Carries what is said to one server and back."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._swallows = False
        self._server: asyncio.Server | None = None
        self.connections = 0
        """How many were made."""

    async def listen(self) -> Address:
        """Take connections; return where."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    async def close(self) -> None:
        """End everything and refuse new ones."""
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset all connections, and take new ones."""
        for writer in tuple(self._open):
            writer.transport.abort()

    def cut_at_next_answer(self) -> None:
        """Let the server hear one more request, and reset instead of bringing its answer."""
        self._swallows = True

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        pair = {writer, far_writer}
        self._open |= pair
        await asyncio.gather(self._pump(reader, far_writer), self._answer(far_reader, writer))
        self._open -= pair

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                writer.write(piece)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self._swallows:
                    self._swallows = False
                    self.cut()
                    return
                writer.write(piece)
        writer.close()

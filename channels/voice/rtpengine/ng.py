"""The NG protocol over TCP: a cookie, a blank, a dictionary; answers and events come back.

TCP and not UDP, because rtpengine 10.5 tells its events (keys) to every TCP connection but only to
one UDP address, because prompts are longer than a datagram, and because a host that dies is known
at once. A request that was under way then is not repeated: the host has forgotten its calls.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeAlias

import structlog

from channels.voice.rtp.source import Address
from channels.voice.rtpengine import bencode
from channels.voice.rtpengine.bencode import BencodeIncomplete, BencodeMalformed, Decoded, Value
from hotline.kernel.errors import HotlineError, Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

Answer: TypeAlias = Mapping[str, Decoded]
EventHandler: TypeAlias = Callable[[str, Answer], None]
"""Takes the name of an event and what it says."""

CONNECT_SECONDS = 2.0

ANSWER_SECONDS = 2.0
"""An answer takes about one millisecond."""

MAX_WAITING = 2_000
"""Requests under way at once; at the load promised there are ten."""

MAX_BUFFER = 2_000_000
"""Bytes of one answer; statistics of a thousand calls are half of it."""

_READ = 65_536


class HostSilent(Unavailable):
    """A media host does not answer."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"the media host {address[0]}:{address[1]}")


class HostRefused(HotlineError):
    """A media host has understood and says no."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"rtpengine refused to {command}: {reason}")
        self.reason = reason


class NgClient:
    """One connection to one rtpengine; made by `open`, never opened again."""

    def __init__(
        self,
        address: Address,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: EventHandler,
    ) -> None:
        self.address = address
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._prefix = secrets.token_hex(6)
        self._serials = count(1)
        self._waiting: dict[bytes, asyncio.Future[Answer]] = {}
        self.ended = asyncio.Event()
        """Set when the connection is gone, whoever ended it."""
        self._reading = spawn(self._read(), f"answers of rtpengine {address}")

    @classmethod
    async def open(cls, address: Address, on_event: EventHandler) -> "NgClient":
        """Connect with the host at this address.

        Raises:
            HostSilent: nobody listens there.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                streams = await asyncio.open_connection(*address)
        except OSError as error:  # TimeoutError is one
            raise HostSilent(address) from error
        return cls(address, *streams, on_event)

    async def close(self) -> None:
        """End; who still waits is told that the host is silent. Again changes nothing."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def ask(self, command: str, **arguments: Value) -> Answer:
        """Send a command and return its answer; `_` in a name stands for `-`.

        Raises:
            HostSilent: no answer within two seconds, or the connection is gone.
            HostRefused: the answer is an error.
        """
        request = {"command": command} | {
            name.replace("_", "-"): value for name, value in arguments.items()
        }
        cookie = f"{self._prefix}_{next(self._serials)}".encode()
        if self.ended.is_set() or len(self._waiting) >= MAX_WAITING:
            raise HostSilent(self.address)
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[cookie] = waiter
        try:
            self._writer.write(cookie + b" " + bencode.encode(request))
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await waiter
        except TimeoutError:
            raise HostSilent(self.address) from None
        finally:
            del self._waiting[cookie]
        if answer.get("result") not in {b"ok", b"pong"}:
            raise HostRefused(command, text(answer.get("error-reason")))
        return answer

    async def _read(self) -> None:
        buffer = b""
        try:
            while data := await self._reader.read(_READ):
                buffer = self._take(buffer + data)
        except (OSError, BencodeMalformed) as error:
            log.warning("media_host_garbled", host=self.address[0], problem=str(error))
        finally:
            self._end()

    def _take(self, buffer: bytes) -> bytes:
        """Handle the whole messages at the front, and return the rest.

        Raises:
            BencodeMalformed: these are no messages of NG.
        """
        at = 0
        while (blank := buffer.find(b" ", at)) >= 0:
            try:
                message, end = bencode.decode_from(buffer, blank + 1)
            except BencodeIncomplete:
                break
            self._handle(buffer[at:blank], message)
            at = end
        if len(buffer) - at > MAX_BUFFER:
            raise BencodeMalformed("an answer is too long")
        return buffer[at:]

    def _handle(self, cookie: bytes, message: Decoded) -> None:
        if not isinstance(message, dict):
            raise BencodeMalformed("an answer is no dictionary")
        waiter = self._waiting.get(cookie)
        if waiter is not None and not waiter.done():
            waiter.set_result(message)
        elif isinstance(data := message.get("data"), dict):
            self._on_event(text(message.get("notify")), data)

    def _end(self) -> None:
        self.ended.set()
        self._writer.close()
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(HostSilent(self.address))


def text(value: "Decoded | None") -> str:
    """Return a string of an answer; an empty one where there is none."""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""

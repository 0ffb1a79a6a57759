"""The NG protocol over TCP: a cookie, a blank, a dictionary; answers and events come back.

TCP and not UDP, because rtpengine 10.5 tells its events (keys) to every TCP connection but only to
one UDP address, and because a host that dies is known at once; what is long goes by `posting`. A
connection may be cut while its host lives on; a request that was under way then may be repeated
over another: the host answers the same cookie with what it has answered already.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
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
        self.address = address


class ConnectionCut(HostSilent):
    """The connection with a media host is gone, and we have not ended it."""


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
        self._waiting: dict[bytes, asyncio.Future[Answer]] = {}
        self.ended = asyncio.Event()
        """Set when the connection is gone, whoever ended it."""
        self._end_error: type[HostSilent] = HostSilent
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

    @property
    def is_cut(self) -> bool:
        """Whether the connection is gone and we have not ended it: another may follow it."""
        return self.ended.is_set() and self._end_error is ConnectionCut

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
        return checked(command, await self.exchange(request(command, arguments)))

    async def exchange(self, message: bytes) -> Decoded:
        """Send what `request` made, perhaps once more, and return what is answered.

        Raises:
            ConnectionCut: the connection is gone.
            HostSilent: no answer within two seconds.
        """
        if self.ended.is_set():
            raise self._end_error(self.address)
        if len(self._waiting) >= MAX_WAITING:
            raise HostSilent(self.address)
        cookie = message[: message.index(b" ")]
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[cookie] = waiter
        try:
            self._writer.write(message)
            async with asyncio.timeout(ANSWER_SECONDS):
                return dict(await waiter)
        except TimeoutError:
            raise HostSilent(self.address) from None
        finally:
            del self._waiting[cookie]

    async def _read(self) -> None:
        buffer = b""
        try:
            while data := await self._reader.read(_READ):
                buffer = self._take(buffer + data)
            self._end_error = ConnectionCut
        except OSError as error:
            self._end_error = ConnectionCut
            log.warning("media_host_cut", host=self.address[0], problem=str(error))
        except BencodeMalformed as error:
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
                waiter.set_exception(self._end_error(self.address))


def request(command: str, arguments: Mapping[str, Value]) -> bytes:
    """Return a command under a cookie that tells it from every other one, also of other hosts."""
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return secrets.token_hex(8).encode() + b" " + bencode.encode({"command": command} | named)


def checked(command: str, answer: Decoded) -> Answer:
    """Return what was answered to a command.

    Raises:
        HostRefused: it is an error.
    """
    said = answer if isinstance(answer, dict) else {}
    if said.get("result") not in {b"ok", b"pong"}:
        raise HostRefused(command, text(said.get("error-reason")))
    return said


def text(value: "Decoded | None") -> str:
    """Return a string of an answer; an empty one where there is none."""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""

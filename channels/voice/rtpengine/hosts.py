"""The rtpengine hosts: which of them live, and which takes the next call."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from channels.voice.media.engine import PortsExhausted
from channels.voice.rtp.source import Address
from channels.voice.rtpengine.bencode import Decoded, Value
from channels.voice.rtpengine.ng import (
    Answer,
    ConnectionCut,
    EventHandler,
    HostRefused,
    HostSilent,
    NgClient,
    checked,
    request,
)
from channels.voice.rtpengine.posting import NgPost
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

PING_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

RETRY_AFTER = timedelta(seconds=5)

LOST_SECONDS = 3.0
"""Silent for so long, a host's calls are given up; a shorter gap is a gap in the network."""


MAX_IN_PARTS = 1000
"""Bytes of a request of which rtpengine bears the first part without the rest; see `posting`."""


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where one rtpengine listens."""

    ng: Address
    """`listen-tcp-ng`."""
    http: Address
    """`listen-http`."""


class NoMediaHost(PortsExhausted):
    """No media host is alive: answer 503 with Retry-After."""

    def __init__(self) -> None:
        Unavailable.__init__(self, "every media host", retry_after=RETRY_AFTER)


class MediaHost:
    """One rtpengine: connects, asks whether it lives, and connects again."""

    def __init__(self, where: HostAddress, on_event: EventHandler) -> None:
        self.address = where.ng
        self._post = NgPost(where.http)
        self.legs = 0
        """How many of our legs it carries."""
        self._on_event = on_event
        self._client: NgClient | None = None
        self._silent_since: float | None = None
        self._loop = asyncio.get_running_loop()
        self._connecting = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked; one whose connection was cut is asked over another."""
        client = self._client
        return client is not None and (client.is_cut or not client.ended.is_set())

    @property
    def is_lost(self) -> bool:
        """Whether it has been silent for so long that its calls are given up."""
        since = self._silent_since
        return since is not None and self._loop.time() - since > LOST_SECONDS

    async def start(self) -> None:
        """Connect, if it lives, and keep connected from now on."""
        await self._connect()
        self._keeping = spawn(self._keep(), f"media host {self.address[0]}:{self.address[1]}")

    async def stop(self) -> None:
        """Disconnect."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        await self._post.close()

    async def ask(self, command: str, **arguments: Value) -> Answer:
        """Send a command, again over another connection if this one is cut; see `NgClient.ask`.

        Raises:
            HostSilent: it does not answer, or is known to be away.
            HostRefused: it says no.
        """
        message = request(command, arguments)
        carry = self._exchange if len(message) <= MAX_IN_PARTS else self._post.exchange
        return checked(command, await carry(message))

    async def _exchange(self, message: bytes) -> Decoded:
        client = self._client
        if client is None:
            raise HostSilent(self.address)
        try:
            return await client.exchange(message)
        except ConnectionCut:
            client = await self._connect_after(client)
        if client is None:
            raise HostSilent(self.address)
        log.warning("media_host_asked_again", host=self.address[0], port=self.address[1])
        return await client.exchange(message)

    async def _connect_after(self, ended: NgClient | None) -> NgClient | None:
        """Return the connection that follows one that has ended; None if nobody listens."""
        async with self._connecting:
            if self._client is ended:
                await self._connect()
            return self._client

    async def _connect(self) -> None:
        self._client = await self._open()
        if self._client is None:
            self._note_silence()
        else:
            self._silent_since = None
            log.info("media_host_alive", host=self.address[0], port=self.address[1])

    async def _open(self) -> NgClient | None:
        """Return a connection with a host that answers both ways; one that hangs connects, too."""
        try:
            client = await NgClient.open(self.address, self._on_event)
        except HostSilent:
            return None
        try:
            await client.ask("ping")
            checked("ping", await self._post.exchange(request("ping", {})))
        except (HostSilent, HostRefused) as error:
            log.warning("media_host_half_alive", problem=str(error))
            await client.close()
            return None
        return client

    def _note_silence(self) -> None:
        if self._silent_since is None:
            self._silent_since = self._loop.time()

    async def _keep(self) -> None:
        while True:
            client, began = self._client, self._loop.time()
            if client is not None:
                await _until_silent(client)
                log.error("media_host_silent", host=self.address[0], port=self.address[1])
                await client.close()
                if not self.is_alive:
                    self._note_silence()
            if self._loop.time() - began < RECONNECT_SECONDS:
                await asyncio.sleep(RECONNECT_SECONDS)
            await self._connect_after(client)


async def _until_silent(client: NgClient) -> None:
    while not client.ended.is_set():
        try:
            await client.ask("ping")
        except (HostSilent, HostRefused):
            return
        try:
            async with asyncio.timeout(PING_SECONDS):
                await client.ended.wait()
        except TimeoutError:
            continue


def by_load(hosts: Iterable[MediaHost]) -> list[MediaHost]:
    """Return the hosts that live, the one with the fewest legs first.

    Raises:
        NoMediaHost: there are none.
    """
    alive = sorted((host for host in hosts if host.is_alive), key=lambda host: host.legs)
    if not alive:
        raise NoMediaHost
    return alive

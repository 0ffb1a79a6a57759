"""The rtpengine hosts: which of them live, and which takes the next call."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import structlog

from channels.voice.media.engine import PortsExhausted
from channels.voice.rtp.source import Address
from channels.voice.rtpengine.bencode import Value
from channels.voice.rtpengine.ng import Answer, EventHandler, HostRefused, HostSilent, NgClient
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

PING_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

RETRY_AFTER = timedelta(seconds=5)

LOST_SECONDS = 3.0
"""Silent for so long, a host's calls are given up; a shorter gap is a gap in the network."""


class NoMediaHost(PortsExhausted):
    """No media host is alive: answer 503 with Retry-After."""

    def __init__(self) -> None:
        Unavailable.__init__(self, "every media host", retry_after=RETRY_AFTER)


class MediaHost:
    """One rtpengine: connects, asks whether it lives, and connects again."""

    def __init__(self, address: Address, on_event: EventHandler) -> None:
        self.address = address
        self.legs = 0
        """How many of our legs it carries."""
        self._on_event = on_event
        self._client: NgClient | None = None
        self._silent_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._client is not None and not self._client.ended.is_set()

    @property
    def is_lost(self) -> bool:
        """Whether it has been silent for so long that its calls are given up."""
        return not self.is_alive and self._loop.time() - self._silent_since > LOST_SECONDS

    async def start(self) -> None:
        """Connect, if it lives, and keep connected from now on."""
        self._silent_since = self._loop.time()
        await self._connect()
        self._keeping = spawn(self._keep(), f"media host {self.address[0]}:{self.address[1]}")

    async def stop(self) -> None:
        """Disconnect."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def ask(self, command: str, **arguments: Value) -> Answer:
        """Send a command; see `NgClient.ask`.

        Raises:
            HostSilent: it does not answer, or is known to be away.
            HostRefused: it says no.
        """
        if self._client is None:
            raise HostSilent(self.address)
        return await self._client.ask(command, **arguments)

    async def _connect(self) -> None:
        try:
            self._client = await NgClient.open(self.address, self._on_event)
        except HostSilent:
            self._client = None
        else:
            log.info("media_host_alive", host=self.address[0], port=self.address[1])

    async def _keep(self) -> None:
        while True:
            client = self._client
            if client is not None:
                await _until_silent(client)
                self._silent_since = self._loop.time()
                log.error("media_host_silent", host=self.address[0], port=self.address[1])
                await client.close()
            await asyncio.sleep(RECONNECT_SECONDS)
            await self._connect()


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

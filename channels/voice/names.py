"""Addresses of SIP host names, asked for without blocking the loop (RFC 3263 4.2)."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

import structlog

from hotline.kernel.tasks import spawn

log = structlog.get_logger()

MAX_NAMES = 200
"""Host names whose address is remembered."""

NAME_SECONDS = 60.0
"""How long the address of a host name is good for."""

MAX_WAITING = 100
"""Datagrams that wait for the address of a host name."""


class NameCache:
    """Addresses of host names, asked for outside the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known: dict[str, tuple[str, float]] = {}
        self._waiting: dict[str, list[Callable[[str | None], None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Ask no further."""
        for task in self._tasks:
            task.cancel()

    def find(self, host: str) -> str | None:
        """Return the address of a name that is an address, or is known."""
        if is_address(host):
            return host
        known = self._known.get(host)
        if known is None or known[1] < self._loop.time():
            return None
        return known[0]

    def ask(self, host: str, told: Callable[[str | None], None]) -> bool:
        """Find out an address and pass it to `told`, None if there is none.

        Returns False when too much waits for that name already.
        """
        waiting = self._waiting.get(host)
        if waiting is None:
            self._waiting[host] = [told]
            task = spawn(self._resolve(host), "sip-name")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return True
        if len(waiting) >= MAX_WAITING:
            return False
        waiting.append(told)
        return True

    async def _resolve(self, host: str) -> None:
        address: str | None = None
        try:
            found = await self._loop.getaddrinfo(host, None)
            address = str(found[0][4][0])
        except (OSError, UnicodeError, IndexError):
            log.warning("sip_name_unknown")
        if address is not None:
            if len(self._known) >= MAX_NAMES:
                del self._known[next(iter(self._known))]
            self._known[host] = (address, self._loop.time() + NAME_SECONDS)
        for told in self._waiting.pop(host):
            told(address)


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Say whether a host is an address, so that nobody need be asked for one."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

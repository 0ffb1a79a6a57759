"""Addresses of SIP host names, asked for without blocking the loop (RFC 3263 4.2)."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from ipaddress import ip_address

import structlog

from hotline.kernel.tasks import spawn

log = structlog.get_logger()

MAX_NAMES = 200
"""Host names whose address is remembered."""

NAME_SECONDS = 60.0
"""How long the address of a host name is good for."""

FORGET_SECONDS = 600.0
"""How long a trunk may still use an address that its name does not mean any more."""

FIRST_ANSWER_SECONDS = 3.0
"""How long a start waits for the names of the trunks."""

RESOLVE_SECONDS = 10.0

MAX_ADDRESSES = 32
"""Addresses of one name."""

MAX_WAITING = 100
"""Datagrams that wait for the address of a host name."""


Told = Callable[[tuple[str, ...]], None]
"""Takes the addresses of a name, the preferred one first; none if there are none."""


class NameCache:
    """Addresses of host names, asked for outside the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known: dict[str, tuple[tuple[str, ...], float]] = {}
        self._waiting: dict[str, list[Told]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Ask no further."""
        for task in self._tasks:
            task.cancel()

    def find(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a name that is an address, or is known; else none."""
        if is_address(host):
            return (host,)
        known = self._known.get(host)
        if known is None or known[1] < self._loop.time():
            return ()
        return known[0]

    def ask(self, host: str, told: Told) -> bool:
        """Find out the addresses of a name and pass them to `told`.

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
        addresses: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self._loop.getaddrinfo(host, None)
            addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))[:MAX_ADDRESSES]
        except (OSError, UnicodeError):  # a TimeoutError is an OSError
            log.warning("sip_name_unknown")
        if addresses:
            if len(self._known) >= MAX_NAMES:
                del self._known[next(iter(self._known))]
            self._known[host] = (addresses, self._loop.time() + NAME_SECONDS)
        for told in self._waiting.pop(host):
            told(addresses)


class NameWatch:
    """Keeps an eye on a few names: providers move.

    A name that cannot be resolved just now keeps what it meant last; an address that is named
    no longer is one for a while yet, because name servers tell some of many in turn.
    """

    def __init__(
        self,
        cache: NameCache,
        names: Iterable[str],
        told: Callable[[str, frozenset[str]], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._cache = cache
        self._told = told
        self._loop = loop
        self._seen: dict[str, dict[str, float]] = {
            name: {} for name in names if not is_address(name)
        }
        self._alarm: asyncio.TimerHandle | None = None
        self._unanswered = set(self._seen)
        self._all_answered = asyncio.Event()

    async def start(self) -> None:
        """Ask for every name, and wait a moment for the first answers."""
        self._look()
        if self._unanswered:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), FIRST_ANSWER_SECONDS)

    def add(self, name: str) -> None:
        """Watch one more name, from now on; an address is told at once."""
        if is_address(name):
            self._told(name, frozenset({name}))
        elif name not in self._seen and len(self._seen) < MAX_NAMES:
            self._seen[name] = {}
            self._cache.ask(name, partial(self._note, name))
            if self._alarm is None:
                self._alarm = self._loop.call_later(NAME_SECONDS, self._look)

    def remove(self, name: str) -> None:
        """Watch a name no more: it means nothing."""
        self._seen.pop(name, None)
        self._told(name, frozenset())

    def stop(self) -> None:
        """Look no more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _look(self) -> None:
        for name in self._seen:
            self._cache.ask(name, partial(self._note, name))
        if self._seen:
            self._alarm = self._loop.call_later(NAME_SECONDS, self._look)

    def _note(self, name: str, addresses: tuple[str, ...]) -> None:
        self._unanswered.discard(name)
        if not self._unanswered:
            self._all_answered.set()
        if not addresses or name not in self._seen:
            return
        now = self._loop.time()
        seen = self._seen[name]
        seen.update(dict.fromkeys(addresses, now))
        self._seen[name] = {
            address: at for address, at in seen.items() if at > now - FORGET_SECONDS
        }
        self._told(name, frozenset(self._seen[name]))


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Say whether a host is an address, so that nobody need be asked for one."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

"""How often one source may do one thing: the pure rule, and where it is counted."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Protocol

from hotline.kernel.errors import HotlineError


def subscriber(source: str) -> str:
    """Return who is behind an address: of IPv6 everybody has at least 2^64 (RFC 6177)."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv4Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


class TooMany(HotlineError):
    """One source asks more often than a person would."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many requests from one source")
        self.retry_after = retry_after


class Limit(Protocol):
    """At most so many times for each source, wherever that is counted."""

    async def check(self, source: str, *, now: datetime) -> None:
        """Count one more of `source`.

        Raises:
            TooMany: if it has had its number; this try is then not counted.
        """

    async def peek(self, source: str, *, now: datetime) -> None:
        """Count nothing.

        Raises:
            TooMany: if `source` has had its number.
        """


@dataclass(frozen=True, slots=True)
class InProcess:
    """A limit that is right while this process is the only one."""

    rate: "RateLimit"

    async def check(self, source: str, *, now: datetime) -> None:
        """Count one more of `source`."""
        self.rate.check(source, now=now)

    async def peek(self, source: str, *, now: datetime) -> None:
        """Count nothing."""
        self.rate.peek(source, now=now)


@dataclass(slots=True)
class RateLimit:
    """At most `times` within `window` for each source, counted in this process."""

    times: int
    window: timedelta
    max_sources: int = 10_000
    """The least recent source is forgotten beyond this number, so memory stays bounded."""
    _seen: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def check(self, source: str, *, now: datetime) -> None:
        """Count one more of `source`.

        Raises:
            TooMany: if it has had its number; this try is then not counted.
        """
        self.peek(source, now=now)
        self._recent(source, now).append(now)

    def peek(self, source: str, *, now: datetime) -> None:
        """Count nothing.

        Raises:
            TooMany: if `source` has had its number.
        """
        tries = self._recent(source, now)
        if len(tries) >= self.times:
            raise TooMany(tries[0] + self.window - now)

    def _recent(self, source: str, now: datetime) -> deque[datetime]:
        tries = self._seen.setdefault(source, deque(maxlen=self.times))
        self._seen.move_to_end(source)
        while tries and tries[0] <= now - self.window:
            tries.popleft()
        if len(self._seen) > self.max_sources:
            self._seen.popitem(last=False)
        return tries

"""Who sends, how much of it is read, what they may ask, and how much they are answered.

Everything here is decided by the address that a message came from, before it is parsed.
A UDP address is a claim: until it has shown that it hears us, it is sent no more than
`AMPLIFICATION` times what came from it, so that nobody can point our answers at others.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nlargest
from ipaddress import ip_address
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from channels.voice.sip.address import Hop, Transport

MAX_SOURCES = 10_000
"""Addresses that are remembered; the one that was silent longest makes room."""

MAX_SEATS = 10_000
"""Addresses of registered phones that are remembered."""

AMPLIFICATION = 5
"""Bytes sent to an unconfirmed UDP address for each that came from it. A call is 100, 180,
200 and one repetition of it for one INVITE; QUIC allows 3 (RFC 9000 8.1), but pads."""

ALLOWED = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "REGISTER",
)
"""Every method that the user agent speaks, in the order in which Allow names them."""


class PeerClass(StrEnum):
    """What an address is to us."""

    TRUNK = "trunk"  # the installation names it
    SEAT = "seat"  # a phone has registered from it with its password
    GUEST = "guest"  # anybody, in a house without trunks
    STRANGER = "stranger"  # anybody else


class Rate(NamedTuple):
    """Messages a second in the long run, and at once."""

    a_second: float
    at_once: float


RATES: Mapping[PeerClass, Rate] = MappingProxyType(
    {
        PeerClass.TRUNK: Rate(3000, 6000),
        PeerClass.SEAT: Rate(200, 400),
        PeerClass.GUEST: Rate(1000, 2000),
        PeerClass.STRANGER: Rate(20, 60),
    }
)
"""For one address; a call is three to six messages, a REGISTER two."""

STRANGERS = Rate(1000, 2000)
"""For all guests and strangers together: a flood may come from many addresses."""

METHODS: Mapping[PeerClass, tuple[str, ...]] = MappingProxyType(
    {
        PeerClass.TRUNK: ALLOWED,
        PeerClass.SEAT: ALLOWED,
        PeerClass.GUEST: ALLOWED,
        PeerClass.STRANGER: ("OPTIONS", "REGISTER"),
    }
)
"""What an address may ask for outside a call of its own; the rest is answered 405."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOptions:
    """Whom the user agent trusts, and how much it reads."""

    trunks: frozenset[str] = frozenset()
    """Addresses of the trunks; with none, everybody is a guest and may call."""
    rates: Mapping[PeerClass, Rate] = field(default_factory=lambda: RATES)
    strangers: Rate = STRANGERS
    """For all guests and strangers together."""
    max_sources: int = MAX_SOURCES


@dataclass(slots=True)
class PeerCounts:
    """What was thrown away."""

    over_rate: int = 0
    """Messages that were not read."""
    not_allowed: int = 0
    """Requests whose sender may not ask for that (405)."""
    unconfirmed: int = 0
    """Messages that were not sent to an address that has not shown that it hears us."""


class Bucket:
    """A token bucket."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.at_once
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token; False if there is none."""
        a_second, at_once = self._rate
        tokens = min(at_once, self._tokens + max(0.0, now - self._at) * a_second)
        self._at = max(now, self._at)
        has_one = tokens >= 1.0
        self._tokens = tokens - 1.0 if has_one else tokens
        return has_one


class Source:
    """What is remembered of one address."""

    __slots__ = ("bucket", "dropped", "is_confirmed", "peer_class", "received", "sent")

    def __init__(self, peer_class: PeerClass, bucket: Bucket) -> None:
        self.peer_class = peer_class
        self.bucket = bucket
        self.is_confirmed = False
        self.received = 0
        self.sent = 0
        self.dropped = 0
        """Messages that were not read, not sent to it, or asked for what it may not."""


class Peers:
    """Every address that sends to us, in a table of bounded size."""

    def __init__(self, options: PeerOptions) -> None:
        self.counts = PeerCounts()
        self._options = options
        self._fixed = frozenset(map(canonical, options.trunks))
        self._named: dict[str, frozenset[str]] = {}
        self._owners: dict[str, str] = {}
        self._trunks = self._fixed
        self._seats: OrderedDict[str, float] = OrderedDict()
        self._sources: OrderedDict[str, Source] = OrderedDict()
        self._strangers: Bucket | None = None

    def __len__(self) -> int:
        return len(self._sources)

    def admit(self, source: Hop, size: int, now: float) -> bool:
        """Count a message of `size` bytes; False if it is not to be read."""
        host = source.host
        peer_class = self.class_of(host, now)
        known = self._sources.get(host)
        if known is None or known.peer_class is not peer_class:
            known = self._enter(host, peer_class, known, now)
        else:
            self._sources.move_to_end(host)
        if not known.bucket.take(now) or not self._has_room(peer_class, now):
            self.counts.over_rate += 1
            known.dropped += 1
            return False
        if source.transport is Transport.UDP:
            known.received += size
        return True

    def may_send(self, hop: Hop, size: int) -> bool:
        """Count what is to be sent to an address; False if it would be too much.

        An address that never sent anything is one that we chose ourselves.
        """
        if hop.transport is not Transport.UDP:
            return True
        known = self._sources.get(hop.host)
        if known is None or known.is_confirmed or known.peer_class in _TRUSTED:
            return True
        if known.sent + size > AMPLIFICATION * known.received:
            self.counts.unconfirmed += 1
            known.dropped += 1
            return False
        known.sent += size
        return True

    def confirm(self, host: str, now: float) -> None:
        """Note that an address hears us, or that we call it of our own will."""
        known = self._sources.get(host)
        if known is None:
            known = self._enter(host, self.class_of(host, now), None, now)
        known.is_confirmed = True

    def note_trunk(self, name: str, addresses: frozenset[str], *, owner: str = "") -> None:
        """Note which addresses the name of a trunk means today; those of yesterday are none.

        `owner` is the host in the settings, if `name` is only one that stands for it.
        """
        self._named[name] = addresses
        self._owners[name] = owner or name
        if not addresses:
            del self._named[name], self._owners[name]
        self._trunks = frozenset().union(self._fixed, *self._named.values())

    def is_trunk(self, host: str) -> bool:
        """Say whether an address is one of a trunk's."""
        return host in self._trunks

    def trunk_hosts(self, host: str) -> frozenset[str]:
        """Return which hosts of the settings an address is: itself, or names of it."""
        named = {self._owners[name] for name, addresses in self._named.items() if host in addresses}
        return frozenset(named | ({host} & self._fixed))

    def note_seat(self, host: str, until: float) -> None:
        """Note that a phone is registered from an address until an instant."""
        self._seats[host] = max(until, self._seats.get(host, until))
        self._seats.move_to_end(host)
        if len(self._seats) > MAX_SEATS:
            self._seats.popitem(last=False)

    def noisy(self, most: int) -> list[tuple[str, str, int]]:
        """Return the addresses of which most was thrown away: address, class, how much."""
        found = (
            (host, known.peer_class.value, known.dropped)
            for host, known in self._sources.items()
            if known.dropped
        )
        return nlargest(most, found, key=itemgetter(2))

    def class_of(self, host: str, now: float) -> PeerClass:
        """Return what an address is to us."""
        if host in self._trunks:
            return PeerClass.TRUNK
        until = self._seats.get(host)
        if until is not None:
            if now < until:
                return PeerClass.SEAT
            del self._seats[host]
        return PeerClass.STRANGER if self._fixed else PeerClass.GUEST

    def trusts(self, host: str, now: float) -> bool:
        """Say whether an address may tell us to send elsewhere (Contact, Record-Route)."""
        return self.class_of(host, now) in _TRUSTED

    def may_widen(self, host: str, now: float) -> bool:
        """Say whether a stream to an address makes sense: to a registered phone it does not."""
        return self.class_of(host, now) is not PeerClass.SEAT

    def note_not_allowed(self, host: str) -> None:
        """Count a request that its sender may not make."""
        self.counts.not_allowed += 1
        if host in self._sources:
            self._sources[host].dropped += 1

    def methods_of(self, host: str, now: float) -> tuple[str, ...]:
        """Return what an address may ask for outside a call of its own."""
        return METHODS[self.class_of(host, now)]

    def _enter(self, host: str, peer_class: PeerClass, known: Source | None, now: float) -> Source:
        entered = Source(peer_class, Bucket(self._options.rates[peer_class], now))
        if known is not None:
            entered.is_confirmed = known.is_confirmed
            entered.received, entered.sent = known.received, known.sent
            entered.dropped = known.dropped
        self._sources[host] = entered
        self._sources.move_to_end(host)
        if len(self._sources) > self._options.max_sources:
            self._sources.popitem(last=False)
        return entered

    def _has_room(self, peer_class: PeerClass, now: float) -> bool:
        if peer_class in _TRUSTED:
            return True
        if self._strangers is None:
            self._strangers = Bucket(self._options.strangers, now)
        return self._strangers.take(now)


_TRUSTED = frozenset({PeerClass.TRUNK, PeerClass.SEAT})


def canonical(host: str) -> str:
    """Return an address in the one form in which sockets tell it; a name as it is."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host

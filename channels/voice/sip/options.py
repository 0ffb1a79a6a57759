"""How the user agent presents itself, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.voice.sip.address import Transport
from channels.voice.sip.peers import PeerOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgentOptions:
    """How the user agent presents itself, and its limits."""

    host: str
    """The address that others reach us at; goes into Via and Contact."""
    port: int
    ports: Mapping[Transport, int] = field(default_factory=dict)
    """Of transports that have a port of their own."""
    user: str = "hotline"
    """User part of our Contact."""
    name: str = "Hotline"
    """User-Agent and Server header."""
    realm: str = "hotline"
    """Realm of the challenges that we send."""
    algorithms: tuple[str, ...] = ("MD5",)
    """What our challenges offer, strongest first: "SHA-256", "MD5". Phones of many makers
    (baresip 1.0 and SIPp 3.6 among them) stop at a challenge that names SHA-256."""
    max_calls: int = 2000
    """Calls at once; the next INVITE is answered 503 with Retry-After."""
    max_transactions: int = 200_000
    """Transactions at once; requests above it are dropped unread."""
    busy_retry_after: int = 5
    """Seconds in the Retry-After of that 503."""
    ring_limit: float = 180.0
    """Seconds until an unanswered call, in or out, is given up (480, CANCEL)."""
    session_seconds: int = 1800
    """How long a call lives without a refresh, unless the other side wants less (RFC 4028)."""
    max_datagram: int = 1300
    """Bytes; larger requests go over TCP where the other side has it (RFC 3261 18.1.1)."""
    peers: PeerOptions = field(default_factory=PeerOptions)
    """Whom we trust, and how much of the others is read."""

    def port_of(self, transport: Transport) -> int:
        """Return the port at which we are reached by a transport."""
        return self.ports.get(transport, self.port)

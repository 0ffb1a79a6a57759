"""Where a message comes from and goes to: transport, host and port."""

from enum import StrEnum
from typing import NamedTuple


class Transport(StrEnum):
    """Transports that the endpoint owns sockets for."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    WSS = "wss"

    @property
    def is_reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (RFC 3261 17)."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        """The port where none is named (RFC 3261 19.1.2, RFC 7118 5)."""
        return _DEFAULT_PORTS[self]


_DEFAULT_PORTS = {
    Transport.UDP: 5060,
    Transport.TCP: 5060,
    Transport.TLS: 5061,
    Transport.WS: 80,
    Transport.WSS: 443,
}


class Hop(NamedTuple):
    """One side of a path: a transport and a socket address; the host may be a name."""

    transport: Transport
    host: str
    port: int


class Outgoing(NamedTuple):
    """Bytes to send to `hop`; if its connection is closed, to `fallback` (RFC 3261 18.2.2)."""

    data: bytes
    hop: Hop
    fallback: Hop | None = None

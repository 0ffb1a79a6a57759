"""Where a message comes from and goes to: transport, host and port."""

from enum import StrEnum
from typing import NamedTuple


class Transport(StrEnum):
    """Transports that the endpoint owns sockets for."""

    UDP = "udp"
    TCP = "tcp"

    @property
    def is_reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (RFC 3261 17)."""
        return self is not Transport.UDP


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

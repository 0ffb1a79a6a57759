"""Session descriptions (RFC 8866): parse and serialise, with limits; no I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hotline.kernel.errors import HotlineError

# A call's offer is below 4 kB even with ICE candidates; what is larger is an attack or a mistake.
MAX_BYTES = 16_384
MAX_LINES = 512
MAX_MEDIA = 16
MAX_FORMATS = 64


class SdpError(HotlineError):
    """A session description of the other side cannot be used; `status` is the SIP answer."""

    status: ClassVar[int] = 400


class SdpMalformed(SdpError):
    """The body is not SDP (400)."""


class NotAcceptable(SdpError):
    """The body is SDP, but offers nothing that we can do (488)."""

    status: ClassVar[int] = 488


class Direction(StrEnum):
    """Who sends, seen from the describing side (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """Return the direction with these two halves."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """Say whether the describing side sends."""
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        """Say whether the describing side receives."""
        return self in {Direction.SENDRECV, Direction.RECVONLY}


@dataclass(frozen=True, slots=True)
class Connection:
    """A ``c=`` line: where media goes."""

    address: str
    ip_version: int = 4

    @property
    def is_hold(self) -> bool:
        """Say whether this is the null address, the hold of RFC 2543."""
        return self.address in {"0.0.0.0", "::"}  # a value, no socket is bound

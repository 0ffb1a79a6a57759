"""Digest authentication, as server and as client (RFC 3261 22, RFC 7616, RFC 8760)."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the Authorization header of a request is worth."""

    VALID = "valid"
    MISSING = "missing"  # none for our realm: challenge
    STALE = "stale"  # right, but the nonce is too old or used: challenge with stale=true
    WRONG = "wrong"  # challenge again; count the failures


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we answer a challenge with; `realm` None answers every realm."""

    username: str
    password: str
    realm: str | None = None


@dataclass(frozen=True, slots=True)
class DigestSecret:
    """H(username:realm:password) for both algorithms: what a server stores."""

    md5: str
    sha256: str

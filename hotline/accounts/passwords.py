"""Passwords: argon2id hashes, made and checked off the event loop."""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotline.kernel.errors import Invalid

SHORTEST = 8
LONGEST = 256
"""Longer input only serves to keep the machine busy."""

_SPEAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that are mistaken for each other on paper or by telephone."""
_ONE_TIME_LENGTH = 12

_hasher = PasswordHasher()


def one_time_password() -> str:
    """Return a password of 59 bits that is good for one sign-in and can be told by telephone."""
    return "".join(secrets.choice(_SPEAKABLE) for _ in range(_ONE_TIME_LENGTH))


async def hash_password(password: str) -> str:
    """Return the argon2id hash, with its parameters and salt in it.

    Raises:
        Invalid: if the password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("password", f"needs {SHORTEST} to {LONGEST} characters")
    return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Say whether the password fits; takes the same time when there is no such user."""
    return await asyncio.to_thread(_verify, password_hash, password[:LONGEST])


def _verify(password_hash: str | None, password: str) -> bool:
    stranger = _strangers_hash(_hasher)  # For everybody, or the first stranger would wait longer.
    try:
        _hasher.verify(password_hash or stranger, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _strangers_hash(hasher: PasswordHasher) -> str:
    """Return a hash that no password fits, as dear to check as any other."""
    return hasher.hash(secrets.token_hex(16))

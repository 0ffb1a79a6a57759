"""Passwords: argon2id hashes, made and checked off the event loop."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotline.kernel.errors import Invalid

SHORTEST = 8
LONGEST = 256
"""Longer input only serves to keep the machine busy."""

_hasher = PasswordHasher()
_STRANGER = _hasher.hash(secrets.token_hex(16))


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
    try:
        _hasher.verify(password_hash or _STRANGER, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None

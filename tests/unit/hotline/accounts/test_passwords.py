"""Passwords: argon2id, never a hint whether the user exists."""

import pytest

from hotline.accounts.passwords import LONGEST, hash_password, verify_password
from hotline.kernel.errors import Invalid


async def test_a_password_fits_its_hash_and_no_other() -> None:
    stored = await hash_password("correct horse")

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,")  # RFC 9106 section 4, second choice
    assert await verify_password(stored, "correct horse")
    assert not await verify_password(stored, "correct hors")


async def test_nobody_has_no_password_that_fits() -> None:
    assert not await verify_password(None, "anything at all")


async def test_a_damaged_hash_fits_nothing() -> None:
    assert not await verify_password("not a hash", "correct horse")


@pytest.mark.parametrize("password", ["short", "x" * (LONGEST + 1)])
async def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="password"):
        await hash_password(password)

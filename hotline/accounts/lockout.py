"""Pure rule: when wrong passwords lock an account, and for how long."""

from datetime import datetime, timedelta

MAX_TRIES = 5
"""Wrong passwords in a row before the account is locked (GB/T 22239-2019, 8.1.4.1)."""

LOCKED_FOR = timedelta(minutes=15)


def is_locked(locked_until: datetime | None, *, now: datetime) -> bool:
    """Say whether the account may not try now."""
    return locked_until is not None and now < locked_until


def after_failure(failed_tries: int, *, now: datetime) -> tuple[int, datetime | None]:
    """Return the number of tries to remember and the end of the lock, if one begins."""
    tries = failed_tries + 1
    if tries >= MAX_TRIES:
        return 0, now + LOCKED_FOR
    return tries, None

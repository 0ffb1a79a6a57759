"""Lock-out: five wrong passwords in a row."""

from datetime import UTC, datetime, timedelta

from hotline.accounts.lockout import LOCKED_FOR, MAX_TRIES, after_failure, is_locked

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def test_the_fifth_wrong_password_locks_and_starts_the_count_anew() -> None:
    assert after_failure(MAX_TRIES - 2, now=NOW) == (MAX_TRIES - 1, None)
    assert after_failure(MAX_TRIES - 1, now=NOW) == (0, NOW + LOCKED_FOR)


def test_a_lock_ends_at_its_instant() -> None:
    until = NOW + LOCKED_FOR

    assert is_locked(until, now=until - timedelta(microseconds=1))
    assert not is_locked(until, now=until)
    assert not is_locked(None, now=NOW)

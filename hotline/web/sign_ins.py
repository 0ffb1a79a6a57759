"""How often a password may be tried: who guesses is stopped, and nobody else along with them.

Wrong passwords lock an account (`hotline.accounts.lockout`). That alone would tell who has an
account, let anybody keep a person out who knows their name, and mind no one who tries one password
on all names. So a name that nobody has is locked likewise; where somebody has signed in before,
they may still try a few times while strangers elsewhere keep the account locked; and every other
place has so many wrong tries for all names together.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hotline.accounts import service
from hotline.accounts.lockout import LOCKED_FOR, MAX_TRIES
from hotline.accounts.service import Refusal, Refused, User
from hotline.kernel.db import UnitOfWork
from hotline.web.rates import InProcess, Limit, RateLimit, TooMany, subscriber

PAIRS: Final = (MAX_TRIES, LOCKED_FOR)
PLACES: Final = (30, timedelta(minutes=15))
NAMES: Final = (MAX_TRIES, timedelta(days=1))
LOCKS: Final = (1, LOCKED_FOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLimits:
    """What is counted of wrong passwords besides the account's own count."""

    pairs: Limit = field(default_factory=lambda: InProcess(RateLimit(*PAIRS)))
    """At a place where the person has signed in before, while the account is locked."""
    places: Limit = field(default_factory=lambda: InProcess(RateLimit(*PLACES)))
    """At any other place, for all names together."""
    names: Limit = field(default_factory=lambda: InProcess(RateLimit(*NAMES)))
    """For each name that nobody has; then it is locked as an account would be."""
    locks: Limit = field(default_factory=lambda: InProcess(RateLimit(*LOCKS)))


async def sign_in(
    uow: UnitOfWork,
    limits: SignInLimits,
    login: str,
    password: str,
    *,
    source: str,
    now: datetime,
) -> User | Refused:
    """Return the user whom name and password prove, or why not; the caller commits either way.

    Raises:
        TooMany: if too many wrong passwords came from this place.
    """
    login, place = login.strip().lower(), subscriber(source)
    pair = f"{login} {place}"
    is_known = await service.has_signed_in_from(uow.session, login, source, now=now)
    if not is_known:
        await limits.places.peek(place, now=now)
    may_try = is_known and await _is_free(limits.pairs, pair, now)
    result = await service.authenticate(
        uow, login, password, source=source, despite_lock=may_try, now=now
    )
    if not isinstance(result, Refused) or result.why is Refusal.DISABLED:
        return result
    if not is_known:
        await limits.places.check(place, now=now)
    elif may_try and result.why is Refusal.LOCKED:
        await limits.pairs.check(pair, now=now)
    return await _as_if_locked(limits, login, now) if result.is_nobody else result


async def _as_if_locked(limits: SignInLimits, login: str, now: datetime) -> Refused:
    """Return what would be said if the account existed."""
    try:
        await limits.locks.peek(login, now=now)
    except TooMany as locked:
        return Refused(Refusal.LOCKED, now + locked.retry_after)
    if await _is_free(limits.names, login, now):
        await limits.names.check(login, now=now)
    if await _is_free(limits.names, login, now):
        return Refused(Refusal.WRONG)
    await limits.locks.check(login, now=now)
    return Refused(Refusal.LOCKED, now + LOCKED_FOR)


async def _is_free(limit: Limit, source: str, now: datetime) -> bool:
    try:
        await limit.peek(source, now=now)
    except TooMany:
        return False
    return True

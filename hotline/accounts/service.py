"""Use cases of everybody: be made, sign in and out, change one's own password."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit, lockout
from hotline.accounts.model import AuditRow, SessionRow, UserRow
from hotline.accounts.passwords import hash_password, verify_password
from hotline.accounts.repository import Sessions, Users
from hotline.accounts.roles import ADMINISTRATORS, Role, check_roles
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import SeatId, UnitId, UserId, new_id

SESSION_LASTS = timedelta(hours=12)
"""One long shift; then the password is asked for again."""

ADMINISTRATORS_IDLE = timedelta(minutes=30)
"""After that an administrator signs in again (GB/T 22239-2019, 8.1.4.1)."""

SEEN_EVERY = timedelta(minutes=1)

PLACE_KNOWN_FOR = timedelta(days=30)

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in."""

    id: UserId
    login: str
    display_name: str
    roles: frozenset[Role]
    unit_id: UnitId | None
    seat_id: SeatId | None
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user together with the session that proves it."""

    user: User
    session_id: UUID
    seen_at: datetime

    def is_to_be_noted(self, *, now: datetime) -> bool:
        """Say whether this request is to be written down for the limit of idle administrators."""
        is_administrator = not self.user.roles.isdisjoint(ADMINISTRATORS)
        return is_administrator and now - self.seen_at >= SEEN_EVERY


class Refusal(StrEnum):
    """Why nobody was signed in. Wrong name and wrong password are one answer."""

    WRONG = "wrong"
    LOCKED = "locked"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was signed in, why, and until when a lock lasts."""

    why: Refusal
    until: datetime | None = None
    is_nobody: bool = False
    """There is no such account; for whoever counts tries, never for whoever tries."""


async def create_user(
    uow: UnitOfWork,
    *,
    login: str,
    password: str,
    display_name: str,
    roles: Iterable[Role],
    unit_id: UUID | None = None,
    seat_id: UUID | None = None,
    must_change_password: bool = False,
    actor: str,
    now: datetime,
) -> UserId:
    """Make a user; `actor` is the login of who does it, or the program's own name.

    Raises:
        Invalid: if the login, password or roles are not acceptable.
        Conflict: if the login name is taken.
    """
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("login", "needs 2 to 40 letters, digits, dots, dashes")
    if not display_name.strip():
        raise Invalid("display_name", "is empty")
    held = check_roles(roles)
    if await Users(uow.session).by_login(login):
        raise Conflict(f"the login name {login} is taken")
    if seat_id is not None:
        await check_seat_is_free(uow, seat_id)
    row = UserRow(
        id=new_id(),
        login=login,
        password_hash=await hash_password(password),
        display_name=display_name.strip(),
        roles=sorted(held),
        unit_id=unit_id,
        seat_id=seat_id,
        must_change_password=must_change_password,
        created_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    await audit.append(
        uow,
        actor=actor,
        action="user.create",
        target=f"user:{row.id}",
        detail={"login": login, "roles": sorted(held)},
        now=now,
    )
    return UserId(row.id)


async def authenticate(
    uow: UnitOfWork,
    login: str,
    password: str,
    *,
    source: str,
    despite_lock: bool = False,
    now: datetime,
) -> User | Refused:
    """Return the user whom name and password prove, or why not; counts wrong tries.

    The caller commits in either case, for the count to last. `source` is where the try came
    from, for the audit log. `despite_lock` lets one try while others have locked the account.
    """
    row = await Users(uow.session).by_login(login, lock=True)
    locked_until = row.locked_until if row else None
    is_locked = lockout.is_locked(locked_until, now=now)
    if is_locked and not despite_lock:
        return Refused(Refusal.LOCKED, locked_until)
    fits = await verify_password(row.password_hash if row else None, password)
    if row is None:
        return Refused(Refusal.WRONG, is_nobody=True)
    if not fits:
        if is_locked:
            return Refused(Refusal.LOCKED, locked_until)
        row.failed_tries, row.locked_until = lockout.after_failure(row.failed_tries, now=now)
        action = "login.locked" if row.locked_until else "login.failed"
        await _log_try(uow, row, action, source=source, now=now)
        why = Refusal.LOCKED if row.locked_until else Refusal.WRONG
        return Refused(why, row.locked_until)
    if row.disabled:
        # Counted like a wrong one, so that the tries of who was shut out do not fill the log.
        if not is_locked:
            row.failed_tries, row.locked_until = lockout.after_failure(row.failed_tries, now=now)
            await _log_try(uow, row, "login.disabled", source=source, now=now)
        return Refused(Refusal.DISABLED)
    row.failed_tries, row.locked_until = 0, None
    await _log_try(uow, row, "login", source=source, now=now)
    return user_of(row)


async def _log_try(
    uow: UnitOfWork, row: UserRow, action: str, *, source: str, now: datetime
) -> None:
    await audit.append(
        uow,
        actor=row.login,
        action=action,
        target=f"user:{row.id}",
        detail={"source": source},
        now=now,
    )


async def has_signed_in_from(
    session: AsyncSession, login: str, source: str, *, now: datetime
) -> bool:
    """Say whether this person has signed in from this address in the last 30 days."""
    found = await session.scalar(
        select(AuditRow.seq)
        .where(
            AuditRow.actor == login,
            AuditRow.action == "login",
            AuditRow.at > now - PLACE_KNOWN_FOR,
            AuditRow.detail["source"].astext == source,
        )
        .limit(1)
    )
    return found is not None


async def start_session(uow: UnitOfWork, user_id: UserId, *, now: datetime) -> str:
    """Open a session and return its token, which is not stored and not shown again."""
    token = secrets.token_urlsafe(32)
    uow.session.add(
        SessionRow(
            id=new_id(),
            token_digest=_token_digest(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + SESSION_LASTS,
            seen_at=now,
        )
    )
    return token


async def read_session(
    session: AsyncSession, token: str, *, idle: timedelta = ADMINISTRATORS_IDLE, now: datetime
) -> SignedIn | None:
    """Return who holds this token, or None when it is over, revoked, or was never given out.

    That of an administrator is over, too, when nobody has used it for longer than `idle`.
    """
    found = await Sessions(session).live(_token_digest(token), now=now)
    if found is None:
        return None
    session_row, user_row = found
    user = user_of(user_row)
    if not user.roles.isdisjoint(ADMINISTRATORS) and now - session_row.seen_at > idle:
        return None
    return SignedIn(user, session_row.id, session_row.seen_at)


async def note_seen(uow: UnitOfWork, signed_in: SignedIn, *, now: datetime) -> None:
    """Write down that somebody is at work in this session."""
    await Sessions(uow.session).seen(signed_in.session_id, now=now)


async def end_session(uow: UnitOfWork, signed_in: SignedIn, *, now: datetime) -> None:
    """Sign out: the token is worth nothing from now on."""
    await Sessions(uow.session).revoke(signed_in.session_id, now=now)
    await audit.append(
        uow,
        actor=signed_in.user.login,
        action="logout",
        target=f"user:{signed_in.user.id}",
        detail={},
        now=now,
    )


async def forget_sessions(uow: UnitOfWork, *, now: datetime) -> int:
    """Delete sessions that are over; return how many. Who signed in when the audit log keeps."""
    return await Sessions(uow.session).forget(now=now)


async def set_password(
    uow: UnitOfWork,
    user_id: UserId,
    password: str,
    *,
    must_change: bool = False,
    actor: str,
    now: datetime,
) -> None:
    """Give a user another password; ends every session and any lock.

    Raises:
        NotFound: if there is no such user.
        Invalid: if the password is too short or too long.
    """
    row = await Users(uow.session).locked(user_id)
    row.password_hash = await hash_password(password)
    row.failed_tries, row.locked_until = 0, None
    row.must_change_password = must_change
    await Sessions(uow.session).revoke_all(user_id, now=now)
    await audit.append(
        uow,
        actor=actor,
        action="user.password",
        target=f"user:{user_id}",
        detail={"one_time": must_change},
        now=now,
    )


async def change_own_password(
    uow: UnitOfWork, user: User, *, old: str, new: str, source: str, now: datetime
) -> Refused | None:
    """Give oneself another password: the old one proves it, and is never the new one.

    A wrong old password counts as a wrong try, so that an open screen is no way to guess it; the
    caller commits in either case. Every session of the person ends, also when that locks them.

    Raises:
        Invalid: if the new password is the old one, too short or too long.
    """
    if new == old:
        raise Invalid("new_password", "is the old one")
    proved = await authenticate(uow, user.login, old, source=source, now=now)
    if isinstance(proved, Refused):
        if proved.why is Refusal.LOCKED:
            await Sessions(uow.session).revoke_all(user.id, now=now)
        return proved
    await set_password(uow, user.id, new, actor=user.login, now=now)
    return None


async def check_seat_is_free(uow: UnitOfWork, seat_id: UUID, *, but: UUID | None = None) -> None:
    """Let a seat be given to somebody; `but` is who may have it already.

    Raises:
        Conflict: if it is another person's own seat.
    """
    owner = await Users(uow.session).by_seat(seat_id)
    if owner is not None and owner.id != but:
        raise Conflict(f"the seat belongs to {owner.login}")


async def find_user(session: AsyncSession, login: str) -> User | None:
    """Return the user with this login name, enabled or not."""
    row = await Users(session).by_login(login)
    return user_of(row) if row else None


def user_of(row: UserRow) -> User:
    """Return the person of a row."""
    return User(
        id=UserId(row.id),
        login=row.login,
        display_name=row.display_name,
        roles=frozenset(Role(role) for role in row.roles),
        unit_id=UnitId(row.unit_id) if row.unit_id else None,
        seat_id=SeatId(row.seat_id) if row.seat_id else None,
        must_change_password=row.must_change_password,
    )


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Use cases: make users, sign in and out, disable, unlock."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit, lockout
from hotline.accounts.model import SessionRow, UserRow
from hotline.accounts.passwords import hash_password, verify_password
from hotline.accounts.repository import Sessions, Users
from hotline.accounts.roles import Role, check_roles
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import SeatId, UnitId, UserId, new_id

SESSION_LASTS = timedelta(hours=12)
"""One long shift; then the password is asked for again."""

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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user together with the session that proves it."""

    user: User
    session_id: UUID


class Refusal(StrEnum):
    """Why nobody was signed in. Wrong name and wrong password are one answer."""

    WRONG = "wrong"
    LOCKED = "locked"
    DISABLED = "disabled"


async def create_user(
    uow: UnitOfWork,
    *,
    login: str,
    password: str,
    display_name: str,
    roles: Iterable[Role],
    unit_id: UUID | None = None,
    seat_id: UUID | None = None,
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
    row = UserRow(
        id=new_id(),
        login=login,
        password_hash=await hash_password(password),
        display_name=display_name.strip(),
        roles=sorted(held),
        unit_id=unit_id,
        seat_id=seat_id,
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
    uow: UnitOfWork, login: str, password: str, *, source: str, now: datetime
) -> User | Refusal:
    """Return the user whom name and password prove, or why not; counts wrong tries.

    The caller commits in either case, for the count to last. `source` is where the try came
    from, for the audit log.
    """
    row = await Users(uow.session).by_login(login, lock=True)
    if row is not None and lockout.is_locked(row.locked_until, now=now):
        return Refusal.LOCKED
    fits = await verify_password(row.password_hash if row else None, password)
    if row is None:
        return Refusal.WRONG
    target = f"user:{row.id}"
    if not fits:
        row.failed_tries, row.locked_until = lockout.after_failure(row.failed_tries, now=now)
        action = "login.locked" if row.locked_until else "login.failed"
        await audit.append(
            uow, actor=row.login, action=action, target=target, detail={"source": source}, now=now
        )
        return Refusal.LOCKED if row.locked_until else Refusal.WRONG
    if row.disabled:
        return Refusal.DISABLED
    row.failed_tries, row.locked_until = 0, None
    await audit.append(
        uow, actor=row.login, action="login", target=target, detail={"source": source}, now=now
    )
    return _user(row)


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
        )
    )
    return token


async def read_session(session: AsyncSession, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds this token, or None when it is over, revoked, or was never given out."""
    found = await Sessions(session).live(_token_digest(token), now=now)
    if found is None:
        return None
    session_row, user_row = found
    return SignedIn(_user(user_row), session_row.id)


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


async def set_disabled(
    uow: UnitOfWork, user_id: UserId, *, disabled: bool, actor: str, now: datetime
) -> None:
    """Shut a user out, at once and in every session, or let them in again.

    Raises:
        NotFound: if there is no such user.
    """
    row = await _get(uow, user_id)
    row.disabled = disabled
    if disabled:
        await Sessions(uow.session).revoke_all(user_id, now=now)
    action = "user.disable" if disabled else "user.enable"
    await audit.append(
        uow, actor=actor, action=action, target=f"user:{user_id}", detail={}, now=now
    )


async def set_password(
    uow: UnitOfWork, user_id: UserId, password: str, *, actor: str, now: datetime
) -> None:
    """Give a user another password; ends every session and any lock.

    Raises:
        NotFound: if there is no such user.
        Invalid: if the password is too short or too long.
    """
    row = await _get(uow, user_id)
    row.password_hash = await hash_password(password)
    row.failed_tries, row.locked_until = 0, None
    await Sessions(uow.session).revoke_all(user_id, now=now)
    await audit.append(
        uow, actor=actor, action="user.password", target=f"user:{user_id}", detail={}, now=now
    )


async def find_user(session: AsyncSession, login: str) -> User | None:
    """Return the user with this login name, enabled or not."""
    row = await Users(session).by_login(login)
    return _user(row) if row else None


async def _get(uow: UnitOfWork, user_id: UserId) -> UserRow:
    row = await Users(uow.session).get(user_id, lock=True)
    if row is None:
        raise NotFound("user", user_id)
    return row


def _user(row: UserRow) -> User:
    return User(
        id=UserId(row.id),
        login=row.login,
        display_name=row.display_name,
        roles=frozenset(Role(role) for role in row.roles),
        unit_id=UnitId(row.unit_id) if row.unit_id else None,
        seat_id=SeatId(row.seat_id) if row.seat_id else None,
    )


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

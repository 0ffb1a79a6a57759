"""What the security administrator does to other people's accounts; every act is audited.

Nobody does any of it to themselves: one's own password is changed with the old one
(`service.change_own_password`), and everything else is another administrator's to decide. So
there is always one left who may let the others in again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hotline.accounts import audit, service
from hotline.accounts.model import UserRow
from hotline.accounts.passwords import one_time_password
from hotline.accounts.repository import Sessions, Users
from hotline.accounts.roles import Role, check_roles
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import UserId


async def make_user(
    uow: UnitOfWork,
    by: User,
    *,
    login: str,
    display_name: str,
    roles: Iterable[Role],
    unit_id: UUID | None,
    seat_id: UUID | None,
    now: datetime,
) -> tuple[UserId, str]:
    """Make a user; return them with the one-time password, which is told once and not kept.

    Raises:
        Invalid: if the login, roles, or what the roles need are not acceptable.
        Conflict: if the login name is taken, or the seat is another's.
    """
    held = frozenset(roles)
    _check_unit(held, unit_id)
    password = one_time_password()
    try:
        user_id = await service.create_user(
            uow,
            login=login,
            password=password,
            display_name=display_name,
            roles=held,
            unit_id=unit_id,
            seat_id=seat_id,
            must_change_password=True,
            actor=by.login,
            now=now,
        )
    except IntegrityError:
        raise Conflict("somebody has taken the login name or the seat just now") from None
    return user_id, password


async def change_user(
    uow: UnitOfWork,
    by: User,
    user_id: UserId,
    *,
    display_name: str,
    roles: Iterable[Role],
    unit_id: UUID | None,
    seat_id: UUID | None,
    now: datetime,
) -> frozenset[str]:
    """Change name, roles and belonging of somebody else; return which of them were changed.

    Other rights begin with another sign-in: when roles, unit or seat change, every session ends,
    and with it every live screen, which shows what was theirs when it was opened.

    Raises:
        Forbidden: if it is oneself.
        Invalid: if the roles, or what they need, are not acceptable.
        Conflict: if the seat is another's.
        NotFound: if there is no such user.
    """
    row = await _other(uow, by, user_id)
    held = check_roles(roles)
    _check_unit(held, unit_id)
    if not display_name.strip():
        raise Invalid("display_name", "is empty")
    if seat_id is not None:
        await service.check_seat_is_free(uow, seat_id, but=user_id)
    before = _facts(row)
    row.display_name = display_name.strip()
    row.roles = sorted(held)
    row.unit_id, row.seat_id = unit_id, seat_id
    after = _facts(row)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changed:
        return frozenset()
    try:
        await uow.session.flush()
    except IntegrityError:
        raise Conflict("somebody has taken the seat just now") from None
    if changed.keys() - {"display_name"}:
        await Sessions(uow.session).revoke_all(user_id, now=now)
    await _log(uow, by, "user.change", user_id, changed, now)
    return frozenset(changed)


async def set_disabled(
    uow: UnitOfWork, by: User, user_id: UserId, *, disabled: bool, reason: str, now: datetime
) -> None:
    """Shut somebody out, at once and in every session, or let them in again.

    Letting in also ends a lock that wrong passwords brought.

    Raises:
        Forbidden: if it is oneself.
        NotFound: if there is no such user.
    """
    row = await _other(uow, by, user_id)
    row.disabled = disabled
    row.failed_tries, row.locked_until = 0, None
    if disabled:
        await Sessions(uow.session).revoke_all(user_id, now=now)
    action = "user.disable" if disabled else "user.enable"
    await _log(uow, by, action, user_id, {"reason": reason}, now)


async def reset_password(uow: UnitOfWork, by: User, user_id: UserId, *, now: datetime) -> str:
    """Return a new one-time password of somebody who forgot theirs; ends sessions and any lock.

    Raises:
        Forbidden: if it is oneself.
        NotFound: if there is no such user.
    """
    await _other(uow, by, user_id)
    password = one_time_password()
    await service.set_password(uow, user_id, password, must_change=True, actor=by.login, now=now)
    return password


async def end_sessions(uow: UnitOfWork, by: User, user_id: UserId, *, now: datetime) -> None:
    """Sign somebody out everywhere; they may sign in again.

    Raises:
        Forbidden: if it is oneself.
        NotFound: if there is no such user.
    """
    await _other(uow, by, user_id)
    await Sessions(uow.session).revoke_all(user_id, now=now)
    await _log(uow, by, "user.sessions_end", user_id, {}, now)


async def _other(uow: UnitOfWork, by: User, user_id: UserId) -> UserRow:
    if user_id == by.id:
        raise Forbidden("one's own account is another administrator's to change")
    return await Users(uow.session).locked(user_id)


def _check_unit(roles: frozenset[Role], unit_id: UUID | None) -> None:
    if Role.UNIT in roles and unit_id is None:
        raise Invalid("unit_id", "who works for a unit belongs to one")


def _facts(row: UserRow) -> dict[str, Any]:
    return {
        "display_name": row.display_name,
        "roles": sorted(row.roles),
        "unit_id": str(row.unit_id) if row.unit_id else None,
        "seat_id": str(row.seat_id) if row.seat_id else None,
    }


async def _log(
    uow: UnitOfWork,
    by: User,
    action: str,
    user_id: UserId,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    await audit.append(
        uow, actor=by.login, action=action, target=f"user:{user_id}", detail=detail, now=now
    )

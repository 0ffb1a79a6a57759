"""Closing by delegation: a seat closes what the shift leader lets it close (R68: 002i a6(3))."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import Actor
from case_bridge.cases.model import DelegationRow
from case_bridge.cases.organisation import Question
from case_bridge.cases.repository import Cases
from hotline.accounts import audit
from hotline.accounts.repository import Users
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Who may close for whom, until when."""

    delegation_id: UUID
    to: str
    given_by: str
    given_at: datetime
    until: datetime | None


async def delegate_closing(
    uow: UnitOfWork, *, login: str, until: datetime | None, actor: Actor, now: datetime
) -> UUID:
    """Let a person close cases in the actor's place, on record (R68); return the delegation's id.

    Raises:
        Invalid: if nobody has that login, they have not the post for it, or the end is past.
        Forbidden: if closing is not the actor's own duty.
        Conflict: if the city's regulation knows no such delegation, or they have one.
    """
    await _check_giver(uow, actor)
    rule = (await Cases(uow.session).organisation()).rules[Question.CLOSES]
    user = await Users(uow.session).by_login(login.strip().lower(), lock=True)
    if user is None or user.disabled or rule.delegates.isdisjoint(map(Role, user.roles)):
        raise Invalid("login", f"names nobody of {', '.join(sorted(rule.delegates))}")
    if until is not None and until <= now:
        raise Invalid("until", "is past")
    if await open_delegation(uow.session, user.id, now=now) is not None:
        raise Conflict(f"{user.display_name} closes by delegation already")
    row = DelegationRow(
        id=new_id(),
        user_id=user.id,
        user_name=user.display_name,
        given_by=actor.name,
        given_at=now,
        until=until,
    )
    uow.session.add(row)
    await _note(uow, "case.delegate", row, actor, now=now)
    return row.id


async def end_delegation(
    uow: UnitOfWork, delegation_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Take a delegation back.

    Raises:
        NotFound: if there is none.
        Forbidden: if closing is not the actor's own duty.
        Conflict: if it ended before.
    """
    await _check_giver(uow, actor)
    row = await uow.session.get(DelegationRow, delegation_id, with_for_update=True)
    if row is None:
        raise NotFound("delegation", delegation_id)
    if row.ended_at is not None:
        raise Conflict("the delegation ended before")
    row.ended_at = now
    await _note(uow, "case.delegation_ended", row, actor, now=now)


async def delegations(session: AsyncSession, *, now: datetime) -> Sequence[Delegation]:
    """Return the delegations in force, by name."""
    found = await session.scalars(
        select(DelegationRow)
        .where(*_in_force(now))
        .order_by(DelegationRow.user_name, DelegationRow.id)
    )
    return [
        Delegation(
            delegation_id=row.id,
            to=row.user_name,
            given_by=row.given_by,
            given_at=row.given_at,
            until=row.until,
        )
        for row in found
    ]


async def open_delegation(
    session: AsyncSession, user_id: UUID, *, now: datetime
) -> DelegationRow | None:
    """Return the person's delegation in force."""
    return await session.scalar(
        select(DelegationRow).where(DelegationRow.user_id == user_id, *_in_force(now)).limit(1)
    )


async def authority_to_close(uow: UnitOfWork, actor: Actor, *, now: datetime) -> dict[str, Any]:
    """Return what the history keeps of why the actor may close: nothing, or by whose delegation.

    Raises:
        Forbidden: if closing is neither their duty nor delegated to them.
    """
    rule = (await Cases(uow.session).organisation()).rules[Question.CLOSES]
    if actor.user_id is None or not actor.roles.isdisjoint(rule.roles):
        return {}
    row = await open_delegation(uow.session, actor.user_id, now=now)
    if row is None or actor.roles.isdisjoint(rule.delegates):
        raise Forbidden("nobody has delegated closing to you")
    return {"delegated_by": row.given_by, "delegation": str(row.id)}


async def _check_giver(uow: UnitOfWork, actor: Actor) -> None:
    rule = (await Cases(uow.session).organisation()).rules[Question.CLOSES]
    if not rule.delegates:
        raise Conflict("the city's regulation knows no closing by delegation")
    if actor.roles.isdisjoint(rule.roles):
        raise Forbidden("whose duty closing is delegates it")


async def _note(
    uow: UnitOfWork, action: str, row: DelegationRow, actor: Actor, *, now: datetime
) -> None:
    await uow.session.flush()
    await audit.append(
        uow,
        actor=actor.login or actor.name,
        action=action,
        target=f"user:{row.user_id}",
        detail={"to": row.user_name, "until": row.until.isoformat() if row.until else None},
        now=now,
    )


def _in_force(now: datetime) -> tuple[Any, ...]:
    return (
        DelegationRow.ended_at.is_(None),
        or_(DelegationRow.until.is_(None), DelegationRow.until > now),
    )

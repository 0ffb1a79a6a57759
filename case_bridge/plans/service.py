"""Use cases of plans: a unit writes one, a dispatcher sees the one that fits (R46)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.words import require_words
from case_bridge.plans.model import PlanKind, PlanRow
from case_bridge.units.model import UnitRow
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import UnitId, new_id
from hotline.tickets.category import CategoryKind

EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a unit does for a group of categories."""

    kind: PlanKind
    category: str
    title: str
    text: str
    phone: str = ""
    rehearsed_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that says nothing, or for nothing.

        Raises:
            Invalid: naming the field.
        """
        kind, _, code = self.category.partition(":")
        if self.category != EVERYTHING and (
            kind not in set(CategoryKind) or (code and not code.isdigit())
        ):
            raise Invalid("category", "is no category; write facility:0102, incident or *")
        require_words("title", self.title)
        require_words("text", self.text)


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan in force, with whose it is."""

    plan_id: UUID
    unit_id: UUID
    unit_name: str
    kind: PlanKind
    category: str
    title: str
    text: str
    phone: str
    rehearsed_on: date | None
    written_at: datetime
    written_by: str


async def write_plan(
    uow: UnitOfWork, unit_id: UnitId, plan: Plan, *, actor: User, now: datetime
) -> UUID:
    """Put a plan in force; the unit's one of the same kind and category ends, and is kept.

    Raises:
        NotFound: if there is no such unit.
    """
    unit = await uow.session.get(UnitRow, unit_id, with_for_update=True)
    if unit is None:
        raise NotFound("unit", unit_id)
    before = await uow.session.scalar(
        select(PlanRow).where(
            PlanRow.unit_id == unit_id,
            PlanRow.kind == plan.kind,
            PlanRow.category == plan.category,
            PlanRow.ended_at.is_(None),
        )
    )
    if before is not None:
        before.ended_at = now
        await uow.session.flush()
    row = PlanRow(
        id=new_id(),
        unit_id=unit_id,
        kind=plan.kind,
        category=plan.category,
        title=plan.title.strip(),
        text=plan.text.strip(),
        phone=plan.phone.strip(),
        rehearsed_on=plan.rehearsed_on,
        written_at=now,
        written_by=actor.display_name,
    )
    uow.session.add(row)
    await uow.session.flush()
    await audit.append(
        uow,
        actor=actor.login,
        action="plan.write",
        target=f"plan:{row.id}",
        detail={"unit": unit.code, "kind": plan.kind.value, "category": plan.category},
        now=now,
    )
    return row.id


async def end_plan(
    uow: UnitOfWork, plan_id: UUID, *, unit_id: UnitId | None, actor: User, now: datetime
) -> None:
    """End a plan without a newer one; with `unit_id` only that unit's own.

    Raises:
        NotFound: if there is none of that id in force.
    """
    row = await uow.session.get(PlanRow, plan_id, with_for_update=True)
    if row is None or row.ended_at is not None or unit_id not in {None, row.unit_id}:
        raise NotFound("plan in force", plan_id)
    row.ended_at = now
    await audit.append(
        uow, actor=actor.login, action="plan.end", target=f"plan:{row.id}", detail={}, now=now
    )


async def plans(session: AsyncSession, *, unit_id: UnitId | None = None) -> list[PlanView]:
    """Return the plans in force, of every unit or of one."""
    query = (
        select(PlanRow, UnitRow.name)
        .join(UnitRow, UnitRow.id == PlanRow.unit_id)
        .where(PlanRow.ended_at.is_(None))
        .order_by(UnitRow.name, PlanRow.kind, PlanRow.category)
    )
    if unit_id is not None:
        query = query.where(PlanRow.unit_id == unit_id)
    return [_view(row, name) for row, name in await session.execute(query)]


async def plans_for(
    session: AsyncSession, category: str, *, unit_id: UUID | None
) -> list[PlanView]:
    """Return the plans that fit a category (`facility:0102`), the most precise of each unit.

    Of a case that a unit has, only that unit's; while nobody has it, everybody's.
    """
    found: dict[tuple[UUID, PlanKind], PlanView] = {}
    for each in await plans(session):
        fits = each.category == EVERYTHING or category.startswith(each.category)
        if not fits or unit_id not in {None, each.unit_id}:
            continue
        key = (each.unit_id, each.kind)
        if key not in found or _precision(each) > _precision(found[key]):
            found[key] = each
    return sorted(found.values(), key=lambda each: (-_precision(each), each.unit_name, each.kind))


async def units_without_plan(session: AsyncSession) -> Sequence[tuple[str, PlanKind]]:
    """Return which units lack which plan: 004 a14 asks for both of everybody."""
    units = await session.execute(select(UnitRow.id, UnitRow.name).order_by(UnitRow.name))
    known = {(each.unit_id, each.kind) for each in await plans(session)}
    return [
        (name, kind) for unit_id, name in units for kind in PlanKind if (unit_id, kind) not in known
    ]


def _precision(each: PlanView) -> int:
    return 0 if each.category == EVERYTHING else len(each.category)


def _view(row: PlanRow, unit_name: str) -> PlanView:
    return PlanView(
        plan_id=row.id,
        unit_id=row.unit_id,
        unit_name=unit_name,
        kind=row.kind,
        category=row.category,
        title=row.title,
        text=row.text,
        phone=row.phone,
        rehearsed_on=row.rehearsed_on,
        written_at=row.written_at,
        written_by=row.written_by,
    )

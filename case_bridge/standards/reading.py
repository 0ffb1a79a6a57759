"""What is read of standards: versions, what one would change, what it says of a case."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.standards.difference import Difference, compare
from case_bridge.standards.model import StandardRow
from case_bridge.standards.repository import Standards, standard_in
from case_bridge.standards.standard import Condition, Item, Standard, item_in
from case_bridge.standards.states import StandardState, StandardTrigger
from hotline.kernel.errors import Invalid, NotFound
from hotline.sla.limit import Limit
from hotline.tickets.category import CategoryKind

ACTS = 100
"""The newest acts that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardView:
    """One version, without its content."""

    standard_id: UUID
    scheme: str
    version: str
    title: str
    state: StandardState
    file_name: str
    imported_by: str
    imported_at: datetime
    effective_on: date | None
    has_earlier: bool
    """A roll-back leads somewhere."""


@dataclass(frozen=True, slots=True)
class ActView:
    """One act that put a version in force or out of it."""

    version: str
    trigger: StandardTrigger
    actor: str
    reason: str
    effective_on: date | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a version would change against the one in force."""

    view: StandardView
    standard: Standard
    against: StandardView | None
    difference: Difference


async def standard_list(session: AsyncSession) -> tuple[StandardView, ...]:
    """Return every version, newest import first."""
    return tuple(_view(row) for row in await Standards(session).all())


async def acts(session: AsyncSession) -> tuple[ActView, ...]:
    """Return the newest acts, newest first."""
    return tuple(
        ActView(version, row.trigger, row.actor, row.reason, row.effective_on, row.at)
        for row, version in await Standards(session).acts(limit=ACTS)
    )


async def standard_in_force(session: AsyncSession) -> StandardView | None:
    """Return the version in force."""
    row = await Standards(session).in_state(StandardState.IN_FORCE)
    return _view(row) if row else None


async def preview(session: AsyncSession, standard_id: UUID) -> Preview:
    """Return a version and what it would change against the one in force.

    Raises:
        NotFound: if there is no such version.
    """
    standards = Standards(session)
    row = await standards.get(standard_id)
    present = await standards.in_state(StandardState.IN_FORCE)
    standard = standard_in(row)
    return Preview(
        _view(row),
        standard,
        _view(present) if present else None,
        compare(standard_in(present) if present else None, standard),
    )


async def compare_with_present(session: AsyncSession, standard: Standard) -> Difference:
    """Return what a standard that nobody stored would change."""
    present = await Standards(session).in_state(StandardState.IN_FORCE)
    return compare(standard_in(present) if present else None, standard)


async def named_standard(session: AsyncSession, version: str | None) -> tuple[UUID, Standard]:
    """Return the version of this name; for None the one in force.

    Raises:
        NotFound: if there is none.
        Invalid: if several schemes have a version of this name.
    """
    standards = Standards(session)
    if version is None:
        row = await standards.in_state(StandardState.IN_FORCE)
    else:
        scheme, _, name = version.rpartition("@")
        found = [row for row in await standards.called(name) if scheme in {"", row.scheme}]
        if len(found) > 1:
            names = ", ".join(f"{row.scheme}@{row.version}" for row in found)
            raise Invalid("version", f"fits several standards; write one of {names}")
        row = found[0] if found else None
    if row is None:
        raise NotFound("standard", version or "in force")
    return row.id, standard_in(row)


async def item_of(
    session: AsyncSession, scheme: str, version: str, kind: CategoryKind, code: str
) -> Item | None:
    """Return what a version says of one category; None if that version was never imported."""
    found = await Standards(session).item(scheme, version, kind, code)
    return item_in(found) if found else None


def find_condition(item: Item, condition: str | None, limit: str | None) -> Condition | None:
    """Return the condition that a tag and, among sub-conditions, a limit name."""
    tagged = [each for each in item.conditions if each.code == (condition or "")]
    exact = [each for each in tagged if each.limit == limit]
    return next(iter(exact or tagged), None)


def stage_limit(condition: Condition | None, stage: str) -> Limit | None:
    """Return the limit that a condition sets for a stage; None where the city's own holds."""
    text = condition.stages.get(stage) if condition else None
    return Limit.parse(text) if text else None


def _view(row: StandardRow) -> StandardView:
    return StandardView(
        standard_id=row.id,
        scheme=row.scheme,
        version=row.version,
        title=row.title,
        state=row.state,
        file_name=row.file_name,
        imported_by=row.imported_by,
        imported_at=row.imported_at,
        effective_on=row.effective_on,
        has_earlier=row.replaces_id is not None,
    )

"""What is read of merging: which cases may be one matter and why, and what was merged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.merging.likeness import Likeness, Matter, compare
from case_bridge.merging.repository import Merges
from hotline.kernel.ids import CaseId

SHOWN = 5
"""Proposals for one case, the likeliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One case of a pair, as far as a decision needs it."""

    case_id: CaseId
    number: str
    state: CaseState
    subject: str
    body: str
    place: str
    category_name: str
    condition: str | None
    limit: str | None
    registered_at: datetime
    reports: int
    """How many people wait for it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two cases that may be one matter: the later or less advanced one goes into the other."""

    merged: Side
    kept: Side
    likeness: Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeView:
    """One merge, present or undone."""

    merged_id: CaseId
    merged_number: str
    kept_id: CaseId
    kept_number: str
    reason: str
    merged_by: str
    merged_at: datetime
    undone_by: str
    undone_at: datetime | None
    undone_reason: str


def matter_of(case: CaseRow) -> Matter:
    """Return what is compared of a case."""
    ended_at = None
    if case.state not in OPEN_STATES:
        ended_at = case.closed_at
    return Matter(
        subject=case.subject,
        body=case.body,
        place=case.place,
        longitude=case.longitude,
        latitude=case.latitude,
        grid_code=case.grid_code,
        kind=case.kind,
        category_code=case.category_code,
        reported_at=case.registered_at,
        ended_at=ended_at,
    )


async def proposals(session: AsyncSession, case_ids: Collection[UUID]) -> tuple[Proposal, ...]:
    """Return the pairs worth a person's look among and around these cases, likeliest first.

    Nothing waits for them: a case is filed and dispatched whether anybody looked or not.
    """
    merges = Merges(session)
    pairs: dict[tuple[UUID, UUID], tuple[CaseRow, CaseRow, Likeness]] = {}
    for case in await merges.cases(case_ids):
        if case.state not in OPEN_STATES:
            continue
        for other, likeness in await _likely(merges, case):
            merged, kept = order(case, other)
            if can_merge(merged):
                pairs[merged.id, kept.id] = (merged, kept, likeness)
    ranked = sorted(pairs.values(), key=lambda pair: (-pair[2].points, pair[0].number))
    sides = await _sides(session, [case for each in ranked for case in each[:2]])
    return tuple(
        Proposal(sides[merged.id], sides[kept.id], likeness) for merged, kept, likeness in ranked
    )


async def pair(session: AsyncSession, case_id: UUID, other_id: UUID) -> Proposal:
    """Return two cases side by side, whatever their likeness.

    Raises:
        NotFound: if there is no such case.
    """
    cases = Cases(session)
    merged, kept = order(await cases.get(case_id), await cases.get(other_id))
    likeness = compare(matter_of(merged), matter_of(kept))
    sides = await _sides(session, (merged, kept))
    return Proposal(sides[merged.id], sides[kept.id], likeness)


async def merges_of(session: AsyncSession, case_id: CaseId) -> tuple[MergeView, ...]:
    """Return every merge of a case, oldest first."""
    merges = Merges(session)
    rows = await merges.of_case(case_id)
    ids = {row.merged_id for row in rows} | {row.kept_id for row in rows}
    numbers = {case.id: case.number for case in await merges.cases(ids)}
    return tuple(
        MergeView(
            merged_id=CaseId(row.merged_id),
            merged_number=numbers[row.merged_id],
            kept_id=CaseId(row.kept_id),
            kept_number=numbers[row.kept_id],
            reason=row.reason,
            merged_by=row.merged_by,
            merged_at=row.merged_at,
            undone_by=row.undone_by or "",
            undone_at=row.undone_at,
            undone_reason=row.undone_reason or "",
        )
        for row in rows
    )


def can_merge(case: CaseRow) -> bool:
    """Say whether a case can still go into another one: nobody has decided about it yet."""
    return can_merge_state(case.state)


def can_merge_state(state: CaseState) -> bool:
    """Say whether a case in this state can still go into another one."""
    return CASE.allows(state, CaseTrigger.MERGE)


def order(one: CaseRow, other: CaseRow) -> tuple[CaseRow, CaseRow]:
    """Return the case that goes and the one that stays: the more advanced, else the earlier."""
    if can_merge(one) != can_merge(other):
        return (one, other) if can_merge(one) else (other, one)
    later, earlier = sorted((one, other), key=lambda each: (each.registered_at, each.number))[::-1]
    return later, earlier


async def _likely(merges: Merges, case: CaseRow) -> list[tuple[CaseRow, Likeness]]:
    matter = matter_of(case)
    found = [(other, compare(matter, matter_of(other))) for other in await merges.neighbours(case)]
    likely = [(other, likeness) for other, likeness in found if likeness.is_proposed]
    return sorted(likely, key=lambda each: -each[1].points)[:SHOWN]


async def _sides(session: AsyncSession, cases: Collection[CaseRow]) -> Mapping[UUID, Side]:
    waiting = await Merges(session).waiting([case.id for case in cases])
    return {case.id: _side(case, waiting[case.id]) for case in cases}


def _side(case: CaseRow, waiting: int) -> Side:
    return Side(
        case_id=CaseId(case.id),
        number=case.number,
        state=case.state,
        subject=case.subject,
        body=case.body,
        place=case.place,
        category_name=case.category_name or "",
        condition=case.condition,
        limit=case.limit_text,
        registered_at=case.registered_at,
        reports=waiting,
    )

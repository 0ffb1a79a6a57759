"""What is read of merging: which cases may be one matter and why, and what was merged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import Cases, District
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.merging.likeness import Likeness, Matter, compare
from case_bridge.merging.repository import Merges
from hotline.kernel.ids import CaseId


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
    due_at: datetime | None
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
    was_filed: bool
    """It went in after filing: the shift leader takes it out."""


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


async def proposals(
    session: AsyncSession, case_ids: Collection[UUID], *, district: District = None
) -> tuple[Proposal, ...]:
    """Return the pairs worth a person's look among and around these cases, likeliest first.

    They were compared when one of them came or changed, by `propose_merges`. Of a district's
    people only pairs that are both their own. Nothing waits for them: a case is filed and
    dispatched whether anybody looked or not.
    """
    pairs = []
    for one, other, likeness in await Merges(session).proposed(case_ids, district=district):
        merged, kept = order(one, other)
        if can_merge(merged):
            pairs.append((merged, kept, likeness))
    ranked = sorted(pairs, key=lambda pair: (-pair[2].points, pair[0].number))
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
            was_filed=row.moved["was_filed"],
        )
        for row in rows
    )


def can_merge(case: CaseRow) -> bool:
    """Say whether a case can still go into another one."""
    return can_merge_state(case.state)


def can_merge_state(state: CaseState) -> bool:
    """Say whether a case in this state can still go into another one."""
    return merge_trigger(state) is not None


def merge_trigger(state: CaseState) -> CaseTrigger | None:
    """Return by which act a case in this state goes into another one; None if by none.

    While nobody has decided it is the desk's act; once filed, the shift leader's.
    """
    acts = (CaseTrigger.MERGE, CaseTrigger.MERGE_FILED)
    return next((trigger for trigger in acts if CASE.allows(state, trigger)), None)


def order(one: CaseRow, other: CaseRow) -> tuple[CaseRow, CaseRow]:
    """Return the case that goes and the one that stays.

    It stays what can no longer go, what is decided, what is due sooner, what came first.
    """
    stays, goes = sorted((one, other), key=_rank)
    return goes, stays


def wins_time(merged: CaseRow | Side, kept: CaseRow | Side) -> bool:
    """Say whether a merge would let a matter be done later than its unit was told."""
    if merged.due_at is None:
        return False
    return kept.due_at is None or kept.due_at > merged.due_at


def _rank(case: CaseRow) -> tuple[bool, bool, bool, float, datetime, str]:
    trigger, due_at = merge_trigger(case.state), case.due_at
    return (
        trigger is not None,
        trigger is CaseTrigger.MERGE,
        due_at is None,
        due_at.timestamp() if due_at else 0.0,
        case.registered_at,
        case.number,
    )


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
        due_at=case.due_at,
        reports=waiting,
    )

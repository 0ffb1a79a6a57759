"""What is read of cases by screens, programs and other packages."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.lines import NEVER, CaseLines
from case_bridge.cases.model import CaseHistoryRow, CaseRow, EvidenceRow
from case_bridge.cases.organisation import Organisation
from case_bridge.cases.repository import Cases, District
from case_bridge.cases.service import category_key_of
from case_bridge.cases.states import CaseState
from case_bridge.cases.views import CaseLine, CasePage, CaseView, Evidence, ReportView, Step
from case_bridge.units.repository import Units
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.deadline import DeadlineReceipt
from hotline.tickets.category import CategoryKind
from hotline.tickets.lists import Sort, cursor_of

PAGE_SIZE = 50

OPEN_STATES = frozenset(CaseState) - {
    CaseState.SETTLED,
    CaseState.DECLINED,
    CaseState.CLOSED,
    CaseState.VOIDED,
    CaseState.MERGED,
}
"""Those of a case that somebody still has to work on."""


async def case_page(
    session: AsyncSession,
    states: Collection[CaseState],
    *,
    unit_id: UnitId | None = None,
    district: District = None,
    sort: Sort = Sort.OLDEST,
    after: str | None = None,
    limit: int = PAGE_SIZE,
    now: datetime,
) -> CasePage:
    """Return a page of cases in any of the states, oldest first, of one district if it is named.

    By due time those without a deadline come last.

    Raises:
        Invalid: if `after` is not a cursor of ours.
    """
    rows = await CaseLines(session).in_states(
        states,
        unit_id=unit_id,
        district=district,
        sort=sort,
        after=after,
        limit=limit + 1,
    )
    shown = rows[:limit]
    held = {unit for row in shown for unit in (row.unit_id, row.district_id) if unit}
    names = await Units(session).names_of(held)
    due = await Cases(session).stages_due([row.id for row in shown])
    lines = tuple(_timed(line_of(row, names, now), due.get(row.id), now) for row in shown)
    if len(rows) <= limit:
        return CasePage(lines, None)
    last = shown[-1]
    at = last.due_at or NEVER if sort is Sort.DUE else last.registered_at
    return CasePage(lines, cursor_of(sort, at, last.id))


def _timed(line: CaseLine, due_at: datetime | None, now: datetime) -> CaseLine:
    return replace(line, stage_due_at=due_at, is_stage_late=due_at is not None and now > due_at)


async def stages_due(
    session: AsyncSession, case_ids: Collection[CaseId]
) -> Mapping[CaseId, datetime]:
    """Return until when the step that is on has to be taken, of the cases where a clock runs."""
    found = await Cases(session).stages_due(case_ids)
    return {CaseId(case_id): due_at for case_id, due_at in found.items()}


async def case_view(session: AsyncSession, case_id: CaseId, *, now: datetime) -> CaseView:
    """Return a whole case with its history, reports and evidence.

    Raises:
        NotFound: if there is no such case.
    """
    cases = Cases(session)
    row = await cases.get(case_id)
    names = dict(await Units(session).names())
    return CaseView(
        line=line_of(row, names, now),
        channel=row.channel,
        body=row.body,
        longitude=row.longitude,
        latitude=row.latitude,
        limit=row.limit_text,
        order_text=row.order_text or "",
        result=row.result or "",
        filed_at=row.filed_at,
        dispatched_at=row.dispatched_at,
        handled_at=row.handled_at,
        closed_at=row.closed_at,
        clock_stopped_at=row.clock_stopped_at,
        receipt=DeadlineReceipt.from_payload(row.receipt) if row.receipt else None,
        steps=tuple(_step(each) for each in await cases.history(case_id)),
        reports=tuple(
            ReportView(each.ticket_number, each.source, each.text, each.reported_at)
            for each in await cases.reports(case_id)
        ),
        evidence=tuple(_evidence(each) for each in await cases.evidence(case_id)),
    )


async def cases_under(
    session: AsyncSession,
    scheme: str,
    version: str,
    categories: Collection[tuple[CategoryKind, str]],
    *,
    now: datetime,
) -> tuple[CaseLine, ...]:
    """Return the open cases filed under these categories of one version of a standard (R22)."""
    rows = await Cases(session).under(scheme, version, categories, OPEN_STATES)
    names = dict(await Units(session).names())
    return tuple(line_of(row, names, now) for row in rows)


async def case_by_number(session: AsyncSession, number: str) -> CaseId:
    """Return the id of the case with this number.

    Raises:
        NotFound: if there is none.
    """
    row = await Cases(session).by_number(number.strip())
    if row is None:
        raise NotFound("case", number)
    return CaseId(row.id)


async def evidence_file(
    session: AsyncSession, case_id: CaseId, evidence_id: UUID
) -> tuple[Evidence, bytes]:
    """Return one piece of evidence with its content.

    Raises:
        NotFound: if the case has none of that id.
    """
    row = await Cases(session).evidence_content(case_id, evidence_id)
    return _evidence(row), row.content


async def was_with_unit(session: AsyncSession, case_id: CaseId, unit_id: UnitId) -> bool:
    """Say whether the case is, or ever was, with the unit: it may go on reading it."""
    row = await Cases(session).get(case_id)
    if row.unit_id == unit_id:
        return True
    return any(step.unit_id == unit_id for step in await Cases(session).history(case_id))


async def organisation_of(session: AsyncSession) -> Organisation:
    """Return how the city is organised (R112)."""
    return await Cases(session).organisation()


async def units_that_returned(
    session: AsyncSession, case_ids: Collection[CaseId]
) -> Mapping[CaseId, frozenset[UnitId]]:
    """Return which units have returned each case in its present round; without the others."""
    found: dict[CaseId, frozenset[UnitId]] = {}
    for case_id, unit_id in await Cases(session).returners(case_ids):
        found[CaseId(case_id)] = found.get(CaseId(case_id), frozenset()) | {UnitId(unit_id)}
    return found


async def is_of_district(session: AsyncSession, case_id: CaseId, district_id: UnitId) -> bool:
    """Say whether a second-level platform holds the case, or held it in any round (R28)."""
    row = await Cases(session).get(case_id)
    if row.district_id == district_id:
        return True
    return any(
        step.detail.get("district_id") == str(district_id)
        for step in await Cases(session).history(case_id)
    )


async def holder_of(session: AsyncSession, case_id: CaseId) -> UnitId | None:
    """Return the second-level platform that holds a case now; None: the first level does.

    Raises:
        NotFound: if there is no such case.
    """
    district_id = (await Cases(session).get(case_id)).district_id
    return UnitId(district_id) if district_id else None


async def case_counts(session: AsyncSession, *, district: District = None) -> dict[CaseState, int]:
    """Return how many cases are in each state, in the order of a case's life.

    At most `MOST_COUNTED`: more than ten thousand, nobody has counted how many.
    """
    found = await Cases(session).counts(district)
    return {state: found[state] for state in CaseState if state in found}


def line_of(row: CaseRow, names: dict[UnitId, str], now: datetime) -> CaseLine:
    """Return a case as a line of a list."""
    unit_id = UnitId(row.unit_id) if row.unit_id else None
    district_id = UnitId(row.district_id) if row.district_id else None
    until = row.clock_stopped_at or row.closed_at or now
    return CaseLine(
        case_id=CaseId(row.id),
        number=row.number,
        state=row.state,
        round=row.round,
        source=row.source,
        kind=row.kind,
        category_key=category_key_of(row),
        category_name=row.category_name or "",
        condition=row.condition,
        subject=row.subject,
        place=row.place,
        unit_id=unit_id,
        unit_name=names.get(unit_id, "") if unit_id else "",
        district_id=district_id,
        district_name=names.get(district_id, "") if district_id else "",
        registered_at=row.registered_at,
        due_at=row.due_at,
        is_overdue=row.due_at is not None and until > row.due_at,
    )


def _step(row: CaseHistoryRow) -> Step:
    return Step(
        sequence=row.sequence,
        round=row.round,
        trigger=row.trigger,
        state=row.state,
        actor_name=row.actor_name,
        text=row.text,
        reason=str(row.detail.get("reason") or ""),
        occurred_at=row.occurred_at,
    )


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        evidence_id=row.id,
        round=row.round,
        origin=row.origin,
        actor_name=row.actor_name,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        recorded_at=row.recorded_at,
    )

"""The clocks of a case: the unit's own, with extension, pauses and alarms, and one a stage."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from case_bridge.cases.model import CaseMarksRow, CasePauseRow, CaseRow, CaseStageRow
from case_bridge.cases.notice import PauseKind
from case_bridge.cases.repository import Cases
from case_bridge.cases.rules import STAGE_OF, CaseRules, Stage
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.standards.reading import find_condition, item_of, stage_limit
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import new_id
from hotline.sla.calendar import WorkingCalendar
from hotline.sla.deadline import DeadlineReceipt, Pause, deadline
from hotline.sla.ladder import DEFAULT_LADDER, Alarm, Ladder
from hotline.sla.limit import Limit
from hotline.tickets.calendars import calendar_in_force

LADDER: Ladder = DEFAULT_LADDER

PAUSE_WORDS = {PauseKind.DEFERRAL: "缓办", PauseKind.SHELVING: "挂账", PauseKind.MERGING: "并案"}

_SENT_OUT = frozenset({CaseTrigger.DISPATCH, CaseTrigger.DECIDE})
"""Begin the time in which a unit may say that a case is not its own (R50): who asked for time off
or did the work has taken it for its own."""

_RESTARTS = _SENT_OUT | {CaseTrigger.HAND_DOWN, CaseTrigger.HAND_UP, CaseTrigger.REOPEN}
"""Begin a stage anew even where the stage stays the same."""


def reckon(
    start: datetime,
    limit: Limit,
    calendar: WorkingCalendar,
    *,
    extension: Limit | None = None,
    pauses: Iterable[Pause] = (),
    at_most: Limit | None = None,
) -> DeadlineReceipt:
    """Return the deadline of a handling clock, with what was added and taken out.

    An extension lengthens the limit (R54), so that closing inside it is in time (R52).
    `at_most` is the absolute limit of street facilities (R45): the earlier deadline counts. A
    year without published holidays makes the answer provisional, never impossible.
    """
    whole = Limit(limit.amount + extension.amount, limit.unit) if extension else limit
    pauses = tuple(pauses)
    found = deadline(start, whole, calendar, pauses=pauses, allow_provisional=True)
    if at_most is None:
        return found
    absolute = deadline(start, at_most, calendar, pauses=pauses, allow_provisional=True)
    return min(found, absolute, key=lambda receipt: receipt.due_at)


async def begin_clock(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    """Start the handling clock of a locked case: the whole limit, and nothing of an earlier one.

    Raises:
        Invalid: if the case was filed without a limit.
    """
    if case.limit_text is None:
        raise Invalid("limit", "the case was filed without one")
    cases = Cases(uow.session)
    marks = await cases.marks(case.id)
    rules = await cases.rules()
    marks.extension = marks.guarded_at = None
    marks.is_absolute = is_street_facility(rules, case)
    case.clock_started_at, case.clock_stopped_at = now, None
    await reckon_clock(uow, case)


def is_street_facility(rules: CaseRules, case: CaseRow) -> bool:
    """Say whether the 24-hour rule holds for the case (R45: 004 a19)."""
    if case.kind is None or case.category_code is None:
        return False
    return rules.street.applies(case.kind.value, case.category_code, case.condition)


async def reckon_clock(uow: UnitOfWork, case: CaseRow) -> dict[str, Any]:
    """Compute the deadline of a locked case again; return both receipts for the history."""
    assert case.clock_started_at is not None
    assert case.limit_text is not None
    cases = Cases(uow.session)
    calendar = await calendar_in_force(uow.session)
    marks, rules = await cases.marks(case.id), await cases.rules()
    previous = case.receipt
    receipt = reckon(
        case.clock_started_at,
        Limit.parse(case.limit_text),
        calendar,
        extension=Limit.parse(marks.extension) if marks.extension else None,
        pauses=[
            Pause(row.begun_at, row.ended_at, PAUSE_WORDS[row.kind])
            for row in await cases.pauses(case.id)
            if row.ended_at is not None and row.begun_at >= case.clock_started_at
        ],
        at_most=rules.street.repair if marks.is_absolute else None,
    )
    case.due_at, case.receipt = receipt.due_at, receipt.to_payload()
    marks.alarm_at = alarms_of(receipt, calendar)[0].at
    if marks.is_absolute and marks.guarded_at is None:
        marks.alarm_at = min(marks.alarm_at, guard_due(rules, case.clock_started_at, calendar))
    return {"receipt": case.receipt, "previous": previous}


def guard_due(rules: CaseRules, start: datetime, calendar: WorkingCalendar) -> datetime:
    """Return until when "at once" lasts for a dangerous place (R45)."""
    return deadline(start, rules.street.guard, calendar, allow_provisional=True).due_at


def alarms_of(receipt: DeadlineReceipt, calendar: WorkingCalendar) -> tuple[Alarm, ...]:
    """Return when each rung of the ladder is reached (R62)."""
    return LADDER.alarms(receipt, calendar, allow_provisional=True)


async def pause_clock(
    uow: UnitOfWork,
    case: CaseRow,
    kind: PauseKind,
    *,
    reason: str,
    until: datetime | None,
    now: datetime,
) -> None:
    """Let the handling clock of a locked case stand still from `now` on.

    Raises:
        Conflict: if it stands still already, or never ran.
    """
    if case.clock_started_at is None or case.clock_stopped_at is not None:
        raise Conflict("the clock of the case does not run")
    case.clock_stopped_at = now
    uow.session.add(
        CasePauseRow(
            id=new_id(),
            case_id=case.id,
            kind=kind,
            unit_id=case.unit_id,
            reason=reason,
            begun_at=now,
            until=until,
        )
    )


async def resume_clock(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> dict[str, Any]:
    """Let the clock run on where it stood still; return both receipts for the history.

    Raises:
        Conflict: if it was not paused.
    """
    pause = await Cases(uow.session).open_pause(case.id)
    if pause is None:
        raise Conflict("the clock of the case was not paused")
    pause.ended_at = now
    case.clock_stopped_at = None
    await uow.session.flush()
    return await reckon_clock(uow, case)


async def end_pause(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    """End a pause of a case that is over; its clock stays as it stands."""
    pause = await Cases(uow.session).open_pause(case.id)
    if pause is not None:
        pause.ended_at = now


async def turn_stage(
    uow: UnitOfWork,
    case: CaseRow,
    before: CaseState | None,
    trigger: CaseTrigger | None,
    *,
    now: datetime,
) -> None:
    """End the stage that a move left, and start the clock of the one it entered."""
    cases = Cases(uow.session)
    old = STAGE_OF.get(before) if before else None
    stage = STAGE_OF.get(case.state)
    if old is stage and trigger not in _RESTARTS:
        return
    running = await cases.open_stage(case.id)
    if running is not None:
        running.ended_at, running.ended_by = now, trigger
        # The partial unique index must see the end before the next begins.
        await uow.session.flush()
    if stage is None or (stage is Stage.RETURN and trigger not in _SENT_OUT):
        return
    rules, calendar = await cases.rules(), await calendar_in_force(uow.session)
    limit = await _stage_limit(uow, case, stage) or rules.stages[stage]
    receipt = deadline(now, limit, calendar, allow_provisional=True)
    uow.session.add(
        CaseStageRow(
            id=new_id(),
            case_id=case.id,
            round=case.round,
            sequence=case.sequence,
            stage=stage,
            unit_id=case.unit_id,
            begun_at=now,
            due_at=receipt.due_at,
            receipt=receipt.to_payload(),
        )
    )


async def reckon_stage(uow: UnitOfWork, row: CaseStageRow) -> None:
    """Compute the deadline of a stage again, by the calendar that is in force now."""
    limit = DeadlineReceipt.from_payload(row.receipt).limit
    calendar = await calendar_in_force(uow.session)
    receipt = deadline(row.begun_at, limit, calendar, allow_provisional=True)
    row.due_at, row.receipt = receipt.due_at, receipt.to_payload()


async def _stage_limit(uow: UnitOfWork, case: CaseRow, stage: Stage) -> Limit | None:
    """Return the limit that the case's own standard sets for a stage; None: the city's holds."""
    if case.kind is None or case.category_scheme is None or case.category_code is None:
        return None
    item = await item_of(
        uow.session,
        case.category_scheme,
        case.category_version or "",
        case.kind,
        case.category_code,
    )
    condition = find_condition(item, case.condition, case.limit_text) if item else None
    return stage_limit(condition, stage.value)


def clear_clock(case: CaseRow, marks: CaseMarksRow) -> None:
    """Forget the clock of a round that is over; its receipts stay in the history."""
    case.clock_started_at = case.clock_stopped_at = case.due_at = case.receipt = None
    case.handled_at = case.closed_at = None
    marks.alarm_at = marks.extension = marks.guarded_at = None
    marks.is_absolute = marks.is_deferred = False

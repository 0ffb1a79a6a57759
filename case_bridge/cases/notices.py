"""Use cases of urging: reminders by the clock and by hand, orders, notices to others (R33, R62)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from case_bridge.cases.case import HOUSE, Actor
from case_bridge.cases.clock import LADDER, alarms_of, guard_due
from case_bridge.cases.model import CaseRow
from case_bridge.cases.notice import Ground, NoticeKind
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.units.service import oversees
from case_bridge.units.unit import UnitContact
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.deadline import DeadlineReceipt
from hotline.sla.ladder import Level
from hotline.tickets.calendars import calendar_in_force

BATCH: Final = 200
"""Cases of one round; the next round takes the rest."""

_RUNGS: Final = {
    Level.NEAR_DUE: (NoticeKind.NEAR_DUE, CaseTrigger.URGE, "临近处置截止时间，请抓紧办理"),
    Level.OVERDUE: (NoticeKind.URGE, CaseTrigger.URGE, "已超过处置截止时间，系统催办"),
    Level.LONG_OVERDUE: (NoticeKind.SUPERVISE, CaseTrigger.SUPERVISE, "严重超期，系统督办"),
}


async def tell_of_dispatch(
    uow: UnitOfWork, case: CaseRow, unit: UnitContact, *, issued_by: str, now: datetime
) -> None:
    """Write to the competent department of a utility (R33), and have the others rung (R38)."""
    due = case.due_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M") if case.due_at else "—"
    if unit.competent_id is not None:
        await _write(
            uow,
            case,
            NoticeKind.INFORM,
            unit_id=unit.competent_id,
            text=f"案卷{case.number}已派遣至{unit.name}，截止{due}，请督促及时处置",
            issued_by=issued_by,
            now=now,
        )
    if not unit.unit_class.has_terminal:
        await _write(
            uow,
            case,
            NoticeKind.PHONE,
            unit_id=None,
            text=f"请电话通知{unit.name} {unit.contact_name} {unit.phone}，截止{due}",
            issued_by=issued_by,
            now=now,
        )


async def urge_case(
    uow: UnitOfWork, case_id: CaseId, *, text: str, actor: Actor, now: datetime
) -> None:
    """Urge the unit (催办, R62); a competent department urges the companies it oversees (R33).

    Raises:
        Invalid: if there are no words.
        Forbidden: if the actor's unit does not oversee the one in charge.
        Conflict: if the case is not with a unit.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    if actor.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER}):
        await _require_overseer(uow, case, actor)
    await _push(
        uow, case, CaseTrigger.URGE, NoticeKind.URGE, text=words, actor=actor, now=now, detail={}
    )


async def supervise_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    text: str,
    reply_by: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Supervise a case (督办), with a date for the answer if one is wanted.

    Raises:
        Invalid: if there are no words, or the date is past.
        Conflict: if nobody is at work on the case.
    """
    words = require_words("text", text)
    if reply_by is not None:
        _require_future("reply_by", reply_by, now)
    case = await Cases(uow.session).get(case_id, lock=True)
    await _push(
        uow,
        case,
        CaseTrigger.SUPERVISE,
        NoticeKind.SUPERVISE,
        text=words,
        reply_by=reply_by,
        actor=actor,
        now=now,
        detail={},
    )


async def order_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    text: str,
    reply_by: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Order a unit that is late or ineffective to handle by a date (R48: 004 a20).

    What another unit had done before it counts for nothing.

    Raises:
        Invalid: if there are no words, or the date is past.
        Conflict: if the unit is neither late nor was sent back to work.
    """
    words = require_words("text", text)
    _require_future("reply_by", reply_by, now)
    case = await Cases(uow.session).get(case_id, lock=True)
    await _require_fault(uow, case, now=now)
    await _push(
        uow,
        case,
        CaseTrigger.ORDER,
        NoticeKind.ORDER,
        text=words,
        reply_by=reply_by,
        actor=actor,
        now=now,
        detail={"reply_by": reply_by.isoformat()},
    )


async def circulate_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    ground: Ground,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Circulate a unit's late or ineffective handling, for danger or great influence (R48).

    Raises:
        Invalid: if there are no words.
        Conflict: if the unit is neither late nor was sent back to work.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    await _require_fault(uow, case, now=now)
    await _push(
        uow,
        case,
        CaseTrigger.CIRCULATE,
        NoticeKind.CIRCULATE,
        text=words,
        actor=actor,
        now=now,
        reason_code=ground.value,
        detail={},
    )


async def answer_notice(
    uow: UnitOfWork, notice_id: UUID, *, text: str, actor: Actor, now: datetime
) -> CaseId:
    """Answer what was written: a unit its own, the centre what it had to do by phone (R38).

    Raises:
        NotFound: if there is no such notice.
        Invalid: if there are no words, e.g. who was told by phone.
        Forbidden: if it was written to somebody else.
        Conflict: if it was answered before.
    """
    words = require_words("text", text)
    notice = await Notices(uow.session).get(notice_id, lock=True)
    is_centre = not actor.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER})
    allowed = is_centre if notice.unit_id is None else actor.unit_id == notice.unit_id
    if not allowed:
        raise Forbidden("the notice was written to somebody else")
    if notice.answered_at is not None:
        raise Conflict("the notice was answered before")
    notice.answered_by, notice.answered_at, notice.answer = actor.name, now, words
    uow.signal("case", case_id=notice.case_id, notice=notice.kind.value)
    return CaseId(notice.case_id)


async def climb_ladders(database: Database, *, now: datetime) -> int:
    """Take every rung that was reached since the last round, each once; return how many.

    Only the highest rung reached is taken: a warning before the deadline is of no use after it.
    """
    taken = 0
    async with database.begin() as uow:
        calendar = await calendar_in_force(uow.session)
        rules = await Cases(uow.session).rules()
        for case, marks in await Notices(uow.session).alarmed(now, limit=BATCH):
            assert case.receipt is not None
            receipt = DeadlineReceipt.from_payload(case.receipt)
            alarms = alarms_of(receipt, calendar)
            level = LADDER.level(receipt, now, calendar, allow_provisional=True)
            later = [alarm.at for alarm in alarms if alarm.at > now]
            if marks.is_absolute and marks.guarded_at is None:
                assert case.clock_started_at is not None
                guard = guard_due(rules, case.clock_started_at, calendar)
                later += [guard] if guard > now else []
                if guard <= now:
                    taken += await _miss_guard(uow, case, now=now)
            marks.alarm_at = min(later, default=None)
            if level is not Level.IN_TIME:
                taken += await _take_rung(uow, case, level, now=now)
    return taken


async def _take_rung(uow: UnitOfWork, case: CaseRow, level: Level, *, now: datetime) -> bool:
    kind, trigger, words = _RUNGS[level]
    assert case.due_at is not None
    key = f"{case.id}:{case.round}:{level}:{case.unit_id}:{case.due_at.isoformat()}"
    is_new = await Notices(uow.session).put(
        case,
        kind,
        key=key,
        unit_id=UnitId(case.unit_id) if case.unit_id else None,
        text=words,
        issued_by=HOUSE.name,
        reply_by=None,
        now=now,
    )
    if is_new:
        await move_case(
            uow, case, trigger, actor=HOUSE, text=words, reason_code=level.value, now=now
        )
    return is_new


async def _miss_guard(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> bool:
    """Urge a unit that has not guarded a dangerous place, once a clock (R45)."""
    assert case.clock_started_at is not None
    words = "尚未记录安全防护，请立即围挡、警示并反馈"
    is_new = await Notices(uow.session).put(
        case,
        NoticeKind.URGE,
        key=f"{case.id}:guard:{case.clock_started_at.isoformat()}",
        unit_id=UnitId(case.unit_id) if case.unit_id else None,
        text=words,
        issued_by=HOUSE.name,
        reply_by=None,
        now=now,
    )
    if is_new:
        await move_case(
            uow, case, CaseTrigger.URGE, actor=HOUSE, text=words, reason_code="guard", now=now
        )
    return is_new


async def _push(
    uow: UnitOfWork,
    case: CaseRow,
    trigger: CaseTrigger,
    kind: NoticeKind,
    *,
    text: str,
    actor: Actor,
    now: datetime,
    detail: dict[str, Any],
    reason_code: str | None = None,
    reply_by: datetime | None = None,
) -> None:
    await move_case(
        uow,
        case,
        trigger,
        actor=actor,
        text=text,
        reason_code=reason_code,
        detail=detail,
        now=now,
    )
    await _write(
        uow,
        case,
        kind,
        unit_id=UnitId(case.unit_id) if case.unit_id else None,
        text=text,
        issued_by=actor.name,
        reply_by=reply_by,
        now=now,
    )


async def _write(
    uow: UnitOfWork,
    case: CaseRow,
    kind: NoticeKind,
    *,
    unit_id: UnitId | None,
    text: str,
    issued_by: str,
    reply_by: datetime | None = None,
    now: datetime,
) -> None:
    await Notices(uow.session).put(
        case,
        kind,
        key=f"{case.id}:{case.sequence}:{kind}",
        unit_id=unit_id,
        text=text,
        issued_by=issued_by,
        reply_by=reply_by,
        now=now,
    )


async def _require_overseer(uow: UnitOfWork, case: CaseRow, actor: Actor) -> None:
    if actor.unit_id is None or case.unit_id is None:
        raise Forbidden("only the competent department urges a company")
    if not await oversees(uow.session, actor.unit_id, UnitId(case.unit_id)):
        raise Forbidden("the unit does not oversee the one in charge")


async def _require_fault(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    is_late = case.due_at is not None and now > case.due_at and case.clock_stopped_at is None
    if is_late:
        return
    for step in await Cases(uow.session).history(case.id):
        is_theirs = (step.round, step.unit_id) == (case.round, case.unit_id)
        if is_theirs and step.trigger is CaseTrigger.REWORK:
            return
    raise Conflict("the unit is neither late nor was its result refused")


def _require_future(field: str, instant: datetime, now: datetime) -> None:
    if instant <= now:
        raise Invalid(field, "is past")

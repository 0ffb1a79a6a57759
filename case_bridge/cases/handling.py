"""Use cases of the command centre and the units: dispatch, accept, return, handle."""

from datetime import datetime
from typing import Final

from case_bridge.cases.case import HOUSE, Actor, Attachment, EvidenceOrigin
from case_bridge.cases.checking import assignment
from case_bridge.cases.clock import begin_clock
from case_bridge.cases.duties import CENTRE
from case_bridge.cases.evidence import check_attachments
from case_bridge.cases.model import CaseRow
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.notices import tell_of_dispatch
from case_bridge.cases.reach import check_reach, district_for
from case_bridge.cases.record import keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.responsibility_sql import Disputes
from case_bridge.cases.rules import Stage
from case_bridge.cases.states import CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.field.service import open_task
from case_bridge.field.task import TaskKind
from case_bridge.units.service import unit_contact
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden
from hotline.kernel.ids import CaseId, UnitId

AGAINST_DECISION: Final = "against_decision"
"""The reason code of a unit that refuses a binding decision (R60)."""


async def dispatch_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    unit_id: UnitId,
    order: str = "",
    reason: str = "",
    is_emergency: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """Send a filed or returned case to a unit (R26); the handling clock starts here.

    A unit that gets its own returned case again finds its clock still running; another unit
    gets the whole limit. `order` is what the inspector compares with; without one it is what was
    reported. `reason` is why this unit, as the matrix or the dispatcher says. In an emergency
    the local unit goes first and responsibility is settled later (R35), which needs a
    reason.

    Raises:
        NotFound: if there is no such unit.
        Invalid: if an emergency has no reason.
        Forbidden: if the unit is another platform's to command.
        Conflict: if the case is not waiting for a dispatcher, e.g. another one was faster.
    """
    if is_emergency:
        reason = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    if not is_emergency or actor.district_id is not None:
        await check_reach(uow.session, case, unit_id)
    marks = await Cases(uow.session).marks(case.id)
    marks.is_emergency = is_emergency
    # A case that is sent to somebody else than the territory has an owner after all (R57).
    marks.is_ownerless = marks.is_ownerless and marks.binding_unit_id == unit_id
    await send_to_unit(
        uow,
        case,
        CaseTrigger.DISPATCH,
        unit_id=unit_id,
        order=order,
        text="应急先行派遣至{unit}" if is_emergency else "派遣至{unit}",
        reason=reason,
        reason_code="emergency" if is_emergency else None,
        actor=actor,
        now=now,
    )


async def send_to_unit(
    uow: UnitOfWork,
    case: CaseRow,
    trigger: CaseTrigger,
    *,
    unit_id: UnitId,
    order: str,
    text: str,
    reason: str,
    reason_code: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Give a locked case to a unit and write to whoever must hear of it; `text` names `{unit}`.

    A public-service company's competent department is told at the same time (R33); a unit
    without a terminal of its own is rung (R38).

    Raises:
        NotFound: if there is no such unit.
        Conflict: if the case cannot go to a unit now.
    """
    unit = await unit_contact(uow.session, unit_id)
    is_same_order = case.clock_started_at is not None and case.unit_id == unit_id
    case.unit_id = unit_id
    case.order_text = order.strip() or case.order_text or case.body.strip() or case.subject
    case.dispatched_at = now
    if not is_same_order:
        await begin_clock(uow, case, now=now)
    district = await district_for(uow.session, unit_id)
    await move_case(
        uow,
        case,
        trigger,
        actor=actor,
        text=text.format(unit=unit.name),
        reason_code=reason_code,
        detail={
            "unit": unit.name,
            "order": case.order_text,
            "reason": reason,
            "due_at": case.due_at.isoformat() if case.due_at else None,
            "receipt": case.receipt,
            "district_id": str(district) if district else None,
        },
        now=now,
    )
    # Only now: whether the act was this level's hung on where the case was.
    case.district_id = district
    await tell_of_dispatch(uow, case, unit, issued_by=actor.name, now=now)


async def accept_case(uow: UnitOfWork, case_id: CaseId, *, actor: Actor, now: datetime) -> None:
    """Sign for a case: the unit has seen it and begins.

    Raises:
        Forbidden: if the case is another unit's.
        Conflict: if it is not newly dispatched.
    """
    case = await own_case(uow, case_id, actor)
    await move_case(uow, case, CaseTrigger.ACCEPT, actor=actor, now=now)
    await Notices(uow.session).end_calls(case.id, by=actor.name, words="单位已在系统签收", now=now)


async def return_case(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Give a case back that is not the unit's, with a reason (R50: 002i a8).

    Whether it came without delay is with the stage clock, which runs from the order on and ends
    when the unit asks for time off or feeds back: what it returns after that is late. A unit that
    a binding decision named must carry it out; its refusal is flagged (R60: 000 a24).

    Raises:
        Invalid: if there is no reason.
        Forbidden: if the case is another unit's.
        Conflict: if the unit has handled it already.
    """
    words = require_words("reason", reason)
    case = await own_case(uow, case_id, actor)
    marks = await Cases(uow.session).marks(case.id)
    stage = await Cases(uow.session).open_stage(case.id)
    code = AGAINST_DECISION if marks.binding_unit_id == case.unit_id else None
    is_in_time = stage is not None and stage.stage is Stage.RETURN and now <= stage.due_at
    await move_case(
        uow,
        case,
        CaseTrigger.RETURN,
        actor=actor,
        text=words,
        reason_code=code,
        detail={"late": not is_in_time},
        now=now,
    )


async def guard_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    text: str,
    attachments: tuple[Attachment, ...] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Record that a dangerous place was guarded at once (R45: 004 a19).

    Raises:
        Invalid: if there are no words, or a file cannot be kept.
        Forbidden: if the case is another unit's.
        Conflict: if it was guarded before, or is not with a unit.
    """
    words = require_words("text", text)
    check_attachments(attachments)
    case = await own_case(uow, case_id, actor)
    marks = await Cases(uow.session).marks(case.id)
    if marks.guarded_at is not None:
        raise Conflict("the place was guarded before")
    marks.guarded_at = now
    await move_case(uow, case, CaseTrigger.GUARD, actor=actor, text=words, now=now)
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.UNIT,
        actor=actor,
        text=words,
        attachments=attachments,
        now=now,
    )


async def handle_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    text: str,
    attachments: tuple[Attachment, ...] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Feed back what was done (R42–R44), which sends an inspector at once (R63).

    Where feedback climbs level by level, the second level takes it first (R43).

    Raises:
        Invalid: if there are no words, or a file cannot be kept.
        Forbidden: if the case is another unit's.
        Conflict: if the unit has nothing to handle.
    """
    words = require_words("text", text)
    check_attachments(attachments)
    case = await own_case(uow, case_id, actor)
    marks = await Cases(uow.session).marks(case.id)
    if marks.is_absolute and marks.guarded_at is None:
        # What is repaired at once needs no barrier: the handling was the guarding.
        marks.guarded_at = now
    await Notices(uow.session).end_calls(case.id, by=actor.name, words="单位已反馈", now=now)
    case.handled_at = now
    case.result = words
    await move_case(uow, case, CaseTrigger.HANDLE, actor=actor, text=words, now=now)
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.UNIT,
        actor=actor,
        text=words,
        attachments=attachments,
        now=now,
    )
    organisation = await Cases(uow.session).organisation()
    if case.district_id is None or not organisation.climbs.value:
        await send_inspector(uow, case, now=now)


async def send_inspector(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    """Send an inspector to a handled case at once (R63: 000 a23)."""
    await move_case(uow, case, CaseTrigger.INSPECT, actor=HOUSE, now=now)
    await uow.session.flush()
    disputes = Disputes(uow.session)
    colleagues = await disputes.people_of(await disputes.working_units(case))
    await open_task(
        uow,
        assignment(case, TaskKind.INSPECT, case.order_text or case.subject),
        excluded=await Cases(uow.session).handlers(case.id) | colleagues,
        now=now,
    )


async def handle_by_phone(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    told_by: str,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Record the feedback of a unit without a terminal, as it was told by phone (R38: 003 a7).

    Raises:
        Invalid: if nobody is named who told it, or there are no words.
        Forbidden: if it is not the centre's act.
        Conflict: if the unit has a terminal of its own, or nothing to handle.
    """
    told_by = require_words("told_by", told_by)
    if actor.roles.isdisjoint(CENTRE):
        raise Forbidden("the centre records what it was told by phone")
    case = await Cases(uow.session).get(case_id, lock=True)
    if case.unit_id is None:
        raise Conflict("the case is with no unit")
    unit = await unit_contact(uow.session, UnitId(case.unit_id))
    if unit.unit_class.has_terminal:
        raise Conflict("the unit feeds back on its own terminal")
    teller = Actor(name=f"{told_by}（电话，{actor.name}记录）", unit_id=unit.unit_id)
    await handle_case(uow, case_id, text=text, actor=teller, now=now)


async def own_case(uow: UnitOfWork, case_id: CaseId, actor: Actor) -> CaseRow:
    """Return the case, locked, if it is with the actor's unit.

    Raises:
        NotFound: if there is no such case.
        Forbidden: if it is with another unit.
    """
    case = await Cases(uow.session).get(case_id, lock=True)
    if actor.unit_id is None or actor.unit_id != case.unit_id:
        raise Forbidden("the case is not with this unit")
    return case

"""Use cases of the command centre and the units: dispatch, accept, return, handle."""

from datetime import datetime

from case_bridge.cases.case import HOUSE, Actor, Attachment, EvidenceOrigin
from case_bridge.cases.evidence import check_attachments
from case_bridge.cases.model import CaseRow
from case_bridge.cases.record import keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.service import assignment
from case_bridge.cases.standard import start_clock
from case_bridge.cases.states import CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.field.service import open_task
from case_bridge.field.task import TaskKind
from case_bridge.units.service import unit_name
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.limit import Limit


async def dispatch_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    unit_id: UnitId,
    order: str = "",
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Send a filed or returned case to a unit (R26); the handling clock starts here.

    A unit that gets its own returned case again finds its clock still running; another unit
    gets the whole limit. `order` is what the inspector compares with; without one it is what was
    reported. `reason` is why this unit, as the matrix or the dispatcher says.

    Raises:
        NotFound: if there is no such unit.
        Conflict: if the case is not waiting for a dispatcher, e.g. another one was faster.
    """
    name = await unit_name(uow.session, unit_id)
    case = await Cases(uow.session).get(case_id, lock=True)
    is_same_order = case.clock_started_at is not None and case.unit_id == unit_id
    case.unit_id = unit_id
    case.order_text = order.strip() or case.body.strip() or case.subject
    case.dispatched_at = now
    if not is_same_order:
        await _start_clock(uow, case, now=now)
    move_case(
        uow,
        case,
        CaseTrigger.DISPATCH,
        actor=actor,
        text=f"派遣至{name}",
        detail={
            "unit": name,
            "order": case.order_text,
            "reason": reason,
            "due_at": case.due_at.isoformat() if case.due_at else None,
            "receipt": case.receipt,
        },
        now=now,
    )


async def accept_case(uow: UnitOfWork, case_id: CaseId, *, actor: Actor, now: datetime) -> None:
    """Sign for a case: the unit has seen it and begins.

    Raises:
        Forbidden: if the case is another unit's.
        Conflict: if it is not newly dispatched.
    """
    case = await _own_case(uow, case_id, actor)
    move_case(uow, case, CaseTrigger.ACCEPT, actor=actor, now=now)


async def return_case(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Give a case back that is not the unit's, with a reason (R50: 002i a8).

    Raises:
        Invalid: if there is no reason.
        Forbidden: if the case is another unit's.
        Conflict: if the unit has handled it already.
    """
    words = require_words("reason", reason)
    case = await _own_case(uow, case_id, actor)
    move_case(uow, case, CaseTrigger.RETURN, actor=actor, text=words, now=now)


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

    Raises:
        Invalid: if there are no words, or a file cannot be kept.
        Forbidden: if the case is another unit's.
        Conflict: if the unit has nothing to handle.
    """
    words = require_words("text", text)
    check_attachments(attachments)
    case = await _own_case(uow, case_id, actor)
    case.handled_at = now
    case.result = words
    move_case(uow, case, CaseTrigger.HANDLE, actor=actor, text=words, now=now)
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.UNIT,
        actor=actor,
        text=words,
        attachments=attachments,
        now=now,
    )
    move_case(uow, case, CaseTrigger.INSPECT, actor=HOUSE, now=now)
    await uow.session.flush()
    await open_task(
        uow,
        assignment(case, TaskKind.INSPECT, case.order_text or case.subject),
        excluded=await Cases(uow.session).handlers(case.id),
        now=now,
    )


async def _own_case(uow: UnitOfWork, case_id: CaseId, actor: Actor) -> CaseRow:
    case = await Cases(uow.session).get(case_id, lock=True)
    if actor.unit_id is None or actor.unit_id != case.unit_id:
        raise Forbidden("the case is not with this unit")
    return case


async def _start_clock(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    if case.limit_text is None:
        raise Invalid("limit", "the case was filed without one")
    receipt = await start_clock(uow.session, Limit.parse(case.limit_text), now=now)
    case.clock_started_at, case.clock_stopped_at = now, None
    case.due_at, case.receipt = receipt.due_at, receipt.to_payload()

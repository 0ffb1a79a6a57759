"""What inspectors are sent out for, and their answers: verified or refuted, passed or rework."""

from datetime import datetime
from uuid import UUID

from case_bridge.cases.case import Actor, Attachment, EvidenceOrigin
from case_bridge.cases.duties import check_duty
from case_bridge.cases.evidence import check_attachments
from case_bridge.cases.model import CaseRow
from case_bridge.cases.organisation import Question
from case_bridge.cases.record import keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.responsibility_sql import Disputes
from case_bridge.cases.states import CASE, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.field.repository import Tasks
from case_bridge.field.service import Assignment, check_result, submit_result, take_over
from case_bridge.field.task import FieldResult, TaskKind
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, IllegalTransition
from hotline.kernel.ids import CaseId, UnitId


def assignment(case: CaseRow, kind: TaskKind, order_text: str) -> Assignment:
    """Return what an inspector is sent out for."""
    return Assignment(
        case_id=CaseId(case.id),
        case_number=case.number,
        round=case.round,
        kind=kind,
        subject=case.subject,
        order_text=order_text,
        place=case.place,
        longitude=case.longitude,
        latitude=case.latitude,
        grid_code=case.grid_code,
    )


async def submit_field_result(
    uow: UnitOfWork,
    task_id: UUID,
    result: FieldResult,
    *,
    attachments: tuple[Attachment, ...] = (),
    actor: Actor,
    now: datetime,
) -> bool:
    """Hand in what an inspector found (R18, R64); False if it was handed in before.

    Verifying confirms or refutes the report; inspecting passes the case on to the shift leader
    or sends it back to the unit (R66).

    Raises:
        Invalid: if the result says nothing.
        Forbidden: if the inspector handled the case, belongs to its unit, or the task is another
            inspector's.
        Conflict: if the task is over, or the case does not wait for it, e.g. because it is closed.
    """
    check_result(result)
    check_attachments(attachments)
    assert actor.user_id is not None
    tasks, cases = Tasks(uow.session), Cases(uow.session)
    # Always the case first, then its task: two locks in one order never block each other.
    case = await cases.get((await tasks.get(task_id)).case_id, lock=True)
    task = await tasks.get(task_id, lock=True)
    if task.kind is TaskKind.INSPECT:
        await _refuse_handler(uow, case, actor)
    is_new = await submit_result(uow, task, result, user_id=actor.user_id, name=actor.name, now=now)
    if not is_new:
        return False
    if task.round != case.round:
        raise Conflict("the task belongs to an earlier round of the case")
    words = result.text.strip()
    await _apply(uow, case, task.kind, result.passed, words, actor=actor, now=now)
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.INSPECTOR,
        actor=actor,
        text=words,
        attachments=attachments,
        now=now,
    )
    return True


async def check_at_centre(
    uow: UnitOfWork, case_id: CaseId, *, passed: bool, text: str, actor: Actor, now: datetime
) -> None:
    """Check a feedback at the centre, where the regulation has the centre check (001 a17).

    The inspector's task for it is answered with it.

    Raises:
        Invalid: if there are no words.
        Forbidden: if the city leaves the check to inspectors, or the actor handled the case.
        Conflict: if the case does not wait for a check.
    """
    words = require_words("text", text)
    cases = Cases(uow.session)
    case = await cases.get(case_id, lock=True)
    rule = (await cases.organisation()).rules[Question.CHECKS]
    if actor.roles.isdisjoint(rule.roles - {Role.INSPECTOR}):
        raise Forbidden("an inspector checks on the site")
    await _refuse_handler(uow, case, actor)
    if not CASE.allows(case.state, CaseTrigger.PASS):
        raise IllegalTransition(CASE.name, case.state, CaseTrigger.PASS)
    task = await Tasks(uow.session).open_for_case(case.id)
    await _apply(uow, case, TaskKind.INSPECT, passed, words, actor=actor, now=now)
    if task is not None:
        assert actor.user_id is not None
        take_over(uow, task, by=actor.user_id, name=actor.name, passed=passed, text=words, now=now)
    keep_evidence(uow, case, EvidenceOrigin.CENTRE, actor=actor, text=words, now=now)


async def take_answer(
    uow: UnitOfWork,
    case_id: CaseId,
    kind: TaskKind,
    *,
    passed: bool,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Take what the inspectors of another platform found; our own task for it is answered with it.

    Raises:
        Invalid: if there are no words.
        Conflict: if the case does not wait for a finding of that kind.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    trigger = CaseTrigger.CONFIRM if kind is TaskKind.VERIFY else CaseTrigger.PASS
    if not CASE.allows(case.state, trigger):
        raise IllegalTransition(CASE.name, case.state, trigger)
    task = await Tasks(uow.session).open_for_case(case.id)
    await _apply(uow, case, kind, passed, words, actor=actor, now=now)
    if task is not None:
        take_over(uow, task, by=None, name=actor.name, passed=passed, text=words, now=now)
    keep_evidence(uow, case, EvidenceOrigin.INSPECTOR, actor=actor, text=words, now=now)


async def rework_case(
    uow: UnitOfWork, case_id: CaseId, *, text: str, actor: Actor, now: datetime
) -> None:
    """Send a checked case back to its unit: the result is not what was ordered (R65, R66).

    The clock goes on as if it had never stopped (domain 4.1).

    Whoever may close may send back instead.

    Raises:
        Invalid: if there are no words.
        Forbidden: if closing is not among the actor's duties.
        Conflict: if the case is not ready to be closed.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    check_duty(
        await Cases(uow.session).organisation(),
        CaseTrigger.CLOSE,
        actor,
        state=case.state,
        district_id=UnitId(case.district_id) if case.district_id else None,
    )
    _require_checked(case)
    case.clock_stopped_at = None
    await move_case(uow, case, CaseTrigger.REWORK, actor=actor, text=words, now=now)


def _require_checked(case: CaseRow) -> None:
    # The table also knows rework out of INSPECTING; that is the inspector's, with a task.
    if not CASE.allows(case.state, CaseTrigger.CLOSE):
        raise IllegalTransition(CASE.name, case.state, CaseTrigger.REWORK)


async def _apply(
    uow: UnitOfWork,
    case: CaseRow,
    kind: TaskKind,
    passed: bool,
    words: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    match kind, passed:
        case TaskKind.VERIFY, True:
            trigger = CaseTrigger.CONFIRM
        case TaskKind.VERIFY, False:
            trigger = CaseTrigger.REFUTE
        case TaskKind.INSPECT, True:
            trigger = CaseTrigger.PASS
            # 003 a26(1): in time is what was handled within the limit; the walk of the inspector
            # is not the unit's time. Confirmed here, the clock stops at the feedback.
            case.clock_stopped_at = case.handled_at
        case _:
            trigger = CaseTrigger.REWORK
    await move_case(uow, case, trigger, actor=actor, text=words, now=now)


async def _refuse_handler(uow: UnitOfWork, case: CaseRow, actor: Actor) -> None:
    # R63, 000 a23: the check is done by others than those who did the work.
    if actor.user_id in await Cases(uow.session).handlers(case.id):
        raise Forbidden("whoever handled the case does not inspect it")
    if actor.unit_id in await Disputes(uow.session).working_units(case):
        raise Forbidden("a unit that did the work does not inspect it")

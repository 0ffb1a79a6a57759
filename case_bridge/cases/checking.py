"""Use cases of the answers from the street: verified or refuted, passed or sent to rework."""

from datetime import datetime
from uuid import UUID

from case_bridge.cases.case import Actor, Attachment, EvidenceOrigin
from case_bridge.cases.duties import DUTIES, check_duty
from case_bridge.cases.evidence import check_attachments
from case_bridge.cases.model import CaseRow
from case_bridge.cases.record import keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CASE, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.field.repository import Tasks
from case_bridge.field.service import check_result, submit_result
from case_bridge.field.task import FieldResult, TaskKind
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, IllegalTransition
from hotline.kernel.ids import CaseId


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
        await _refuse_handler(cases, case, actor)
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
    check_duty(DUTIES, CaseTrigger.CLOSE, actor)
    case = await Cases(uow.session).get(case_id, lock=True)
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


async def _refuse_handler(cases: Cases, case: CaseRow, actor: Actor) -> None:
    # R63, 000 a23: the check is done by others than those who did the work.
    if actor.user_id in await cases.handlers(case.id):
        raise Forbidden("whoever handled the case does not inspect it")
    if actor.unit_id is not None and actor.unit_id == case.unit_id:
        raise Forbidden("the unit in charge does not inspect its own case")

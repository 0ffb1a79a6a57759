"""Use cases of the field: open, take and submit tasks."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.model import InspectorRow, TaskRow
from case_bridge.field.repository import Tasks
from case_bridge.field.states import TASK, TaskTrigger
from case_bridge.field.task import FieldResult, TaskKind, choose_inspector
from case_bridge.places.service import supervision_grid_of
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId, UserId, new_id

MAX_TEXT = 4000
"""Characters; a result is a report from the street, not a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What an inspector is sent out for."""

    case_id: CaseId
    case_number: str
    round: int
    kind: TaskKind
    subject: str
    order_text: str
    place: str
    longitude: float | None
    latitude: float | None
    grid_code: str | None = None
    """The unit grid of the place; whoever walks its supervision grid is sent first."""


async def enlist_inspector(
    uow: UnitOfWork,
    user_id: UserId,
    *,
    name: str,
    area: str = "*",
    on_duty: bool = True,
    trained_on: date | None = None,
) -> None:
    """Make a user an inspector; `area` is a street as it stands in addresses, `*` for all.

    Without a day of training they are on the roster, but nobody sends them out (R107).
    """
    await Tasks(uow.session).put_inspector(
        user_id, name=name, area=area, on_duty=on_duty, trained_on=trained_on
    )


async def is_enlisted(session: AsyncSession, user_id: UserId) -> bool:
    """Say whether the user is on the inspectors' roster."""
    return await session.get(InspectorRow, user_id) is not None


async def open_task(
    uow: UnitOfWork, assignment: Assignment, *, excluded: frozenset[UserId], now: datetime
) -> UUID:
    """Open a task and give it to an inspector by grid, area and load (R18, R63, R107).

    With nobody on duty it waits for whoever takes it. `excluded` are those who handled the case.
    """
    tasks = Tasks(uow.session)
    walked = await supervision_grid_of(uow.session, assignment.grid_code, now=now)
    candidates = await tasks.candidates(walked)
    chosen = choose_inspector(candidates, place=assignment.place, excluded=excluded)
    row = TaskRow(
        id=new_id(),
        case_id=assignment.case_id,
        case_number=assignment.case_number,
        round=assignment.round,
        kind=assignment.kind,
        subject=assignment.subject,
        order_text=assignment.order_text,
        place=assignment.place,
        longitude=assignment.longitude,
        latitude=assignment.latitude,
        grid_code=assignment.grid_code,
        inspector_id=chosen.user_id if chosen else None,
        inspector_name=chosen.name if chosen else None,
        opened_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    uow.signal("field", task_id=row.id)
    return row.id


async def take_task(uow: UnitOfWork, task_id: UUID, *, user_id: UserId, name: str) -> None:
    """Take a task that waits for anybody, or over from a colleague who has not submitted.

    Raises:
        NotFound: if there is no such task.
        Conflict: if it is no longer open.
        Forbidden: if the person is not trained, or is suspended (R107).
    """
    tasks = Tasks(uow.session)
    check_fit(await tasks.inspector(user_id))
    task = await tasks.get(task_id, lock=True)
    task.state = TASK.next(task.state, TaskTrigger.ASSIGN)
    task.inspector_id, task.inspector_name = user_id, name
    uow.signal("field", task_id=task.id)


def check_fit(inspector: InspectorRow | None) -> None:
    """Return if the person may work in the street.

    Raises:
        Forbidden: if they are no inspector, not trained, or suspended.
    """
    if inspector is None:
        raise Forbidden("the person is not on the roster of inspectors")
    if inspector.trained_on is None:
        raise Forbidden("an inspector works only after training")
    if inspector.suspended_at is not None:
        raise Forbidden("the inspector is suspended")


def check_result(result: FieldResult) -> None:
    """Return if the result can be handed in.

    Raises:
        Invalid: if it has no text, no key, or half a position.
    """
    if not result.key.strip():
        raise Invalid("key", "a submission needs its key")
    if not result.text.strip():
        raise Invalid("text", "say in words what was found")
    if len(result.text) > MAX_TEXT:
        raise Invalid("text", f"has more than {MAX_TEXT} characters")
    if (result.longitude is None) != (result.latitude is None):
        raise Invalid("position", "needs longitude and latitude, or neither")


def take_over(
    uow: UnitOfWork,
    task: TaskRow,
    *,
    by: UserId | None,
    name: str,
    passed: bool,
    text: str,
    now: datetime,
) -> None:
    """Answer a locked task for whoever has it: others have looked, such as the centre (001 a17).

    `by` is None when they are no users of ours.

    Raises:
        Conflict: if the task is done.
    """
    task.state = TASK.next(task.state, TaskTrigger.SUBMIT)
    task.inspector_id, task.inspector_name = by, name
    task.submission_key = f"centre:{task.id}"
    task.passed, task.text, task.submitted_at = passed, text, now
    uow.signal("field", task_id=task.id)


async def submit_result(
    uow: UnitOfWork,
    task: TaskRow,
    result: FieldResult,
    *,
    user_id: UserId,
    name: str,
    now: datetime,
) -> bool:
    """Record a locked task's result; False if this very submission was recorded before.

    Raises:
        Forbidden: if the task was given to somebody else, or the inspector is suspended.
        Conflict: if the task is done by another submission.
    """
    if task.submission_key == result.key:
        if task.inspector_id != user_id:
            raise Conflict("this submission belongs to somebody else")
        return False
    if task.inspector_id not in {None, user_id}:
        raise Forbidden("the task was given to another inspector")
    inspector = await Tasks(uow.session).inspector(user_id)
    if inspector is not None and inspector.suspended_at is not None:
        raise Forbidden("the inspector is suspended")
    task.state = TASK.next(task.state, TaskTrigger.SUBMIT)
    task.inspector_id, task.inspector_name = user_id, name
    task.submission_key = result.key
    task.passed, task.text = result.passed, result.text.strip()
    task.found_longitude, task.found_latitude = result.longitude, result.latitude
    task.submitted_at = now
    uow.signal("field", task_id=task.id)
    return True

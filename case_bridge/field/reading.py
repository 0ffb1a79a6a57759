"""What inspectors see of their tasks: values, never rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.model import TaskRow
from case_bridge.field.repository import Tasks
from case_bridge.field.states import TaskState
from case_bridge.field.task import TaskKind
from hotline.kernel.ids import CaseId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One task, and what was found."""

    task_id: UUID
    case_id: CaseId
    case_number: str
    round: int
    kind: TaskKind
    state: TaskState
    subject: str
    order_text: str
    place: str
    longitude: float | None
    latitude: float | None
    grid_code: str | None
    inspector_id: UserId | None
    inspector_name: str
    opened_at: datetime
    passed: bool | None
    text: str
    submitted_at: datetime | None


async def tasks_of_inspector(session: AsyncSession, user_id: UserId) -> tuple[TaskView, ...]:
    """Return an inspector's open tasks and those that wait for anybody, oldest first."""
    return tuple(_view(row) for row in await Tasks(session).open_for_inspector(user_id))


async def tasks_of_case(session: AsyncSession, case_id: CaseId) -> tuple[TaskView, ...]:
    """Return every task of a case, oldest first."""
    return tuple(_view(row) for row in await Tasks(session).for_case(case_id))


async def task_view(session: AsyncSession, task_id: UUID) -> TaskView:
    """Return one task.

    Raises:
        NotFound: if there is none.
    """
    return _view(await Tasks(session).get(task_id))


def _view(row: TaskRow) -> TaskView:
    return TaskView(
        task_id=row.id,
        case_id=CaseId(row.case_id),
        case_number=row.case_number,
        round=row.round,
        kind=row.kind,
        state=row.state,
        subject=row.subject,
        order_text=row.order_text,
        place=row.place,
        longitude=row.longitude,
        latitude=row.latitude,
        grid_code=row.grid_code,
        inspector_id=UserId(row.inspector_id) if row.inspector_id else None,
        inspector_name=row.inspector_name or "",
        opened_at=row.opened_at,
        passed=row.passed,
        text=row.text or "",
        submitted_at=row.submitted_at,
    )

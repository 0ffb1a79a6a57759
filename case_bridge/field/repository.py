"""All SQL about inspectors and tasks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.model import InspectorRow, TaskRow
from case_bridge.field.states import TaskState
from case_bridge.field.task import Candidate
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import UserId


class Tasks:
    """Tasks and inspectors over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, task_id: UUID, *, lock: bool = False) -> TaskRow:
        """Return the task.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(
            TaskRow, task_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("task", task_id)
        return row

    async def open_for_case(self, case_id: UUID) -> TaskRow | None:
        """Return the case's open task, locked."""
        return (
            await self._session.scalars(
                select(TaskRow)
                .where(TaskRow.case_id == case_id, TaskRow.state == TaskState.OPEN)
                .with_for_update()
            )
        ).one_or_none()

    async def open_for_inspector(self, user_id: UUID, *, limit: int = 200) -> Sequence[TaskRow]:
        """Return the inspector's own open tasks and those that wait for anybody, oldest first."""
        found = await self._session.scalars(
            select(TaskRow)
            .where(
                TaskRow.state == TaskState.OPEN,
                or_(TaskRow.inspector_id == user_id, TaskRow.inspector_id.is_(None)),
            )
            .order_by(TaskRow.opened_at, TaskRow.id)
            .limit(limit)
        )
        return found.all()

    async def for_case(self, case_id: UUID) -> Sequence[TaskRow]:
        """Return every task of a case, oldest first."""
        found = await self._session.scalars(
            select(TaskRow).where(TaskRow.case_id == case_id).order_by(TaskRow.opened_at)
        )
        return found.all()

    async def candidates(self) -> list[Candidate]:
        """Return the inspectors on duty with the number of their open tasks."""
        found = await self._session.execute(
            select(InspectorRow, func.count(TaskRow.id))
            .outerjoin(
                TaskRow,
                and_(
                    TaskRow.inspector_id == InspectorRow.user_id,
                    TaskRow.state == TaskState.OPEN,
                ),
            )
            .where(InspectorRow.on_duty)
            .group_by(InspectorRow.user_id)
        )
        return [
            Candidate(UserId(row.user_id), row.name, row.area, open_tasks)
            for row, open_tasks in found
        ]

    async def put_inspector(self, user_id: UUID, *, name: str, area: str, on_duty: bool) -> None:
        """Write an inspector, or bring them up to date."""
        values = {"name": name, "area": area, "on_duty": on_duty}
        await self._session.execute(
            insert(InspectorRow)
            .values(user_id=user_id, **values)
            .on_conflict_do_update(index_elements=["user_id"], set_=values)
        )

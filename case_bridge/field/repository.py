"""All SQL about inspectors and tasks."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.field.model import InspectorGridRow, InspectorRow, TaskRow
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
            select(TaskRow)
            .where(TaskRow.case_id == case_id)
            .order_by(TaskRow.opened_at, TaskRow.id)
        )
        return found.all()

    async def inspector(self, user_id: UUID, *, lock: bool = False) -> InspectorRow | None:
        """Return the inspector, or None if the person is none."""
        return await self._session.get(
            InspectorRow, user_id, with_for_update=lock or None, populate_existing=lock
        )

    async def candidates(self, supervision_code: str | None) -> list[Candidate]:
        """Return the inspectors who may be sent out now, with the number of their open tasks.

        `supervision_code` is the supervision grid of the place, if it lies in one.
        """
        walks_there = (
            exists()
            .where(InspectorGridRow.user_id == InspectorRow.user_id)
            .where(InspectorGridRow.supervision_code == supervision_code)
        )
        found = await self._session.execute(
            select(InspectorRow, func.count(TaskRow.id), walks_there)
            .outerjoin(
                TaskRow,
                and_(
                    TaskRow.inspector_id == InspectorRow.user_id,
                    TaskRow.state == TaskState.OPEN,
                ),
            )
            .where(
                InspectorRow.on_duty,
                InspectorRow.trained_on.is_not(None),
                InspectorRow.suspended_at.is_(None),
            )
            .group_by(InspectorRow.user_id)
        )
        return [
            Candidate(UserId(row.user_id), row.name, row.area, open_tasks, walks)
            for row, open_tasks, walks in found
        ]

    async def put_inspector(
        self, user_id: UUID, *, name: str, area: str, on_duty: bool, trained_on: date | None
    ) -> None:
        """Write an inspector, or bring them up to date; a training stays known."""
        values: dict[str, Any] = {"name": name, "area": area, "on_duty": on_duty}
        if trained_on is not None:
            values["trained_on"] = trained_on
        await self._session.execute(
            insert(InspectorRow)
            .values(user_id=user_id, **values)
            .on_conflict_do_update(index_elements=["user_id"], set_=values)
        )

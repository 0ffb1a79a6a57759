"""Tables of inspectors and their tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.field.states import TASK, TaskState
from case_bridge.field.task import TaskKind
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class InspectorRow(Base):
    """A user who goes out for the centre (监督员)."""

    __tablename__ = "inspectors"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    area: Mapped[str] = mapped_column(default="*")
    on_duty: Mapped[bool] = mapped_column(default=True)


class TaskRow(Base):
    """One task: go there, look, report back."""

    __tablename__ = "field_tasks"
    __table_args__ = (
        # One open task a case: verifying and inspecting never overlap.
        Index("uq_field_tasks_open", "case_id", unique=True, postgresql_where="state = 'open'"),
        Index("ix_field_tasks_inspector", "inspector_id", "state"),
        CheckConstraint(
            "(state = 'done') = (submitted_at IS NOT NULL)", name="done_when_submitted"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    case_number: Mapped[str]
    round: Mapped[int]
    kind: Mapped[TaskKind] = mapped_column(enum_type(TaskKind))
    state: Mapped[TaskState] = mapped_column(enum_type(TaskState), default=TASK.initial)
    subject: Mapped[str]
    order_text: Mapped[str]
    """What to compare with: the report when verifying, the dispatch order when inspecting."""
    place: Mapped[str]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    inspector_id: Mapped[UUID | None]
    inspector_name: Mapped[str | None]
    opened_at: Mapped[datetime]
    submission_key: Mapped[str | None] = mapped_column(unique=True)
    passed: Mapped[bool | None]
    text: Mapped[str | None]
    found_longitude: Mapped[float | None]
    found_latitude: Mapped[float | None]
    submitted_at: Mapped[datetime | None]

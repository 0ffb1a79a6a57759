"""Tables of inspectors and their tasks."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
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
    trained_on: Mapped[date | None]
    """The day of the training, without which nobody is sent out (R107)."""
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]


class InspectorGridRow(Base):
    """Who walks a supervision grid: one or two inspectors (R101)."""

    __tablename__ = "inspector_grids"

    supervision_code: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("inspectors.user_id"), primary_key=True)
    assigned_at: Mapped[datetime]


class DutyRow(Base):
    """One stretch of duty: attendance (考勤)."""

    __tablename__ = "inspector_duties"
    __table_args__ = (
        Index(
            "uq_inspector_duties_open", "user_id", unique=True, postgresql_where="ended_at IS NULL"
        ),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ends_after_it_began"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("inspectors.user_id"))
    began_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class TrackPointRow(Base):
    """Where an inspector on duty was at an instant; deleted after a while."""

    __tablename__ = "inspector_track"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("inspectors.user_id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    longitude: Mapped[float]
    latitude: Mapped[float]
    accuracy_m: Mapped[float]


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
    grid_code: Mapped[str | None]
    inspector_id: Mapped[UUID | None]
    inspector_name: Mapped[str | None]
    opened_at: Mapped[datetime]
    submission_key: Mapped[str | None] = mapped_column(unique=True)
    passed: Mapped[bool | None]
    text: Mapped[str | None]
    found_longitude: Mapped[float | None]
    found_latitude: Mapped[float | None]
    submitted_at: Mapped[datetime | None]

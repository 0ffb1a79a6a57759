"""Table of plans (R46: 004 a14; 003 a20)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class PlanKind(StrEnum):
    """When a plan is taken up."""

    EMERGENCY = "emergency"  # 应急处置预案
    DAILY = "daily"  # 日常处置方案


class PlanRow(Base):
    """One version of one unit's plan for a group of categories; a newer one ends it."""

    __tablename__ = "unit_plans"
    __table_args__ = (
        Index(
            "uq_unit_plans_in_force",
            "unit_id",
            "kind",
            "category",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[PlanKind] = mapped_column(enum_type(PlanKind))
    category: Mapped[str]
    """`facility:0102`, `facility:01`, `incident` or `*`: what the plan is for."""
    title: Mapped[str]
    text: Mapped[str]
    phone: Mapped[str]
    """Who is called when it is taken up; a unit's duty number, no citizen's."""
    rehearsed_on: Mapped[date | None]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    ended_at: Mapped[datetime | None]

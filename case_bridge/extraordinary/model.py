"""Table of extraordinary problems (R47: 003 a20; 002i a10)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.extraordinary.states import Step
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ExtraordinaryRow(Base):
    """One case that is solved before anybody asks who has to pay."""

    __tablename__ = "extraordinary_cases"
    __table_args__ = (
        Index("ix_extraordinary_cases_step", "step", "marked_at"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost_not_negative"),
        CheckConstraint("recovered <= coalesce(cost, 0)", name="no_more_than_it_cost"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    step: Mapped[Step] = mapped_column(enum_type(Step))
    reason: Mapped[str]
    is_major: Mapped[bool]
    """A greater problem, which the leading group coordinates (002i a10)."""
    marked_at: Mapped[datetime]
    marked_by: Mapped[str]
    responsible: Mapped[str | None]
    """Who turned out to be responsible, in words: a unit, a company, a person by role."""
    grounds: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    payer: Mapped[str | None]
    recovered: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))
    """What was got back from whoever is responsible (追缴)."""
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]

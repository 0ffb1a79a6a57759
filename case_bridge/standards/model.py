"""Tables of standards: every version that was ever imported, and every act that changed one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.standards.states import STANDARD, StandardState, StandardTrigger
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class StandardRow(Base):
    """One version of a standard; its content is never changed once a city imported it."""

    __tablename__ = "standards"
    __table_args__ = (
        UniqueConstraint("scheme", "version"),
        Index("uq_standards_in_force", "state", unique=True, postgresql_where="state = 'in_force'"),
        Index(
            "uq_standards_scheduled", "state", unique=True, postgresql_where="state = 'scheduled'"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    scheme: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    state: Mapped[StandardState] = mapped_column(enum_type(StandardState), default=STANDARD.initial)
    content: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    file_name: Mapped[str]
    sha256: Mapped[str]
    """Of the file it came from; empty for the one that ships with the program."""
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]
    effective_on: Mapped[date | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("standards.id"))
    """What was in force before it: where a roll-back leads."""


class StandardActRow(Base):
    """One act that put a standard in force or out of it. Never changed."""

    __tablename__ = "standard_acts"
    __table_args__ = (Index("ix_standard_acts_at", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    standard_id: Mapped[UUID] = mapped_column(ForeignKey("standards.id"))
    trigger: Mapped[StandardTrigger] = mapped_column(enum_type(StandardTrigger))
    state: Mapped[StandardState] = mapped_column(enum_type(StandardState))
    effective_on: Mapped[date | None]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]

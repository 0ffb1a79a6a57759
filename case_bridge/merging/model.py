"""Tables of merging: who put which case into which and took it out, proposals, what stays apart."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base
from hotline.kernel.ids import new_id


class CaseMergeRow(Base):
    """One case that went into another; its end alone is ever written."""

    __tablename__ = "case_merges"
    __table_args__ = (
        CheckConstraint("merged_id <> kept_id", name="two_cases"),
        Index(
            "uq_case_merges_open", "merged_id", unique=True, postgresql_where="undone_at IS NULL"
        ),
        Index("ix_case_merges_kept", "kept_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merged_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kept_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    points: Mapped[int]
    """How likely one matter they were, as it was shown to whoever decided."""
    reasons: Mapped[dict[str, Any]]
    moved: Mapped[dict[str, Any]]
    """The reports and tickets that went along, so that each finds back."""
    reason: Mapped[str]
    merged_by: Mapped[str]
    merged_at: Mapped[datetime]
    undone_reason: Mapped[str | None]
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]


class CaseProposalRow(Base):
    """Two cases that may be one matter, as they were compared when one of them came or changed."""

    __tablename__ = "case_proposals"
    __table_args__ = (
        CheckConstraint("first_id < second_id", name="in_order"),
        Index("ix_case_proposals_second", "second_id"),
    )

    first_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    second_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    points: Mapped[int]
    reasons: Mapped[dict[str, Any]]
    """Ground, points and both texts of each."""
    compared_at: Mapped[datetime]


class CaseApartRow(Base):
    """Two cases that somebody found to be two matters: they are not proposed again."""

    __tablename__ = "case_aparts"
    __table_args__ = (CheckConstraint("first_id < second_id", name="in_order"),)

    first_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    second_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]

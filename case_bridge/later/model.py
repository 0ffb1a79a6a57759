"""The table of applications for more time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.later.request import LaterKind
from case_bridge.later.states import REQUEST, RequestState
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class LaterRequestRow(Base):
    """One application of a unit, with everybody who had a say in it."""

    __tablename__ = "later_requests"
    __table_args__ = (
        # One open application a case: two answers to two questions at once would contradict.
        Index(
            "uq_later_requests_open",
            "case_id",
            unique=True,
            postgresql_where="state IN ('applied', 'verified')",
        ),
        Index("ix_later_requests_unit", "unit_id", "kind", "applied_at"),
        CheckConstraint(
            "(kind = 'extension') = (extension IS NOT NULL)", name="extension_has_length"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    kind: Mapped[LaterKind] = mapped_column(enum_type(LaterKind))
    state: Mapped[RequestState] = mapped_column(enum_type(RequestState), default=REQUEST.initial)
    unit_id: Mapped[UUID]
    reason: Mapped[str]
    unit_leader: Mapped[str]
    extension: Mapped[str | None]
    until: Mapped[datetime | None]
    warning: Mapped[str] = mapped_column(default="")
    """What the 10 % rule said when it was asked for, and again when it was granted."""
    applied_by: Mapped[UUID | None]
    applied_name: Mapped[str]
    applied_at: Mapped[datetime]
    verified_name: Mapped[str | None]
    verified_words: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    signature: Mapped[str | None]
    """The name with which the leader signs (R55)."""
    decision_words: Mapped[str | None]
    decided_at: Mapped[datetime | None]

"""Tables of cases, of the reports behind them, of their history and of the evidence."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from case_bridge.cases.case import CaseSource, EvidenceOrigin
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id
from hotline.tickets.category import CategoryKind


class CaseRow(Base):
    """One case; its state is a shortcut, the history is the truth."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round_from_one"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="position_is_whole"),
        Index("ix_cases_state", "state", "registered_at", "id"),
        Index("ix_cases_unit", "unit_id", "state"),
        Index("ix_cases_due", "due_at", postgresql_where="clock_stopped_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(unique=True)
    round: Mapped[int] = mapped_column(default=1)
    state: Mapped[CaseState] = mapped_column(enum_type(CaseState), default=CASE.initial)
    sequence: Mapped[int] = mapped_column(default=0)
    """How many history rows there are; locked with the row, so it has no doubles."""
    source: Mapped[CaseSource] = mapped_column(enum_type(CaseSource))
    channel: Mapped[str | None]
    subject: Mapped[str]
    body: Mapped[str]
    place: Mapped[str]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    kind: Mapped[CategoryKind | None] = mapped_column(enum_type(CategoryKind))
    category_scheme: Mapped[str | None]
    category_version: Mapped[str | None]
    category_code: Mapped[str | None]
    category_name: Mapped[str | None]
    condition: Mapped[str | None]
    limit_text: Mapped[str | None]
    """The handling limit of category and condition, as it stood at filing."""
    unit_id: Mapped[UUID | None]
    order_text: Mapped[str | None]
    """What the unit was asked to do; the inspector compares with it."""
    result: Mapped[str | None]
    registered_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    clock_started_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    receipt: Mapped[dict[str, Any] | None]
    """How `due_at` was reckoned: rule, calendar, steps."""
    clock_stopped_at: Mapped[datetime | None]


class ReportRow(Base):
    """One report behind a case; many may share one case, each with its own ticket."""

    __tablename__ = "case_reports"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round", name="uq_case_reports_ticket_round"),
        Index("ix_case_reports_case", "case_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    case_round: Mapped[int]
    ticket_id: Mapped[UUID | None]
    ticket_number: Mapped[str | None]
    round: Mapped[int]
    source: Mapped[CaseSource] = mapped_column(enum_type(CaseSource))
    text: Mapped[str]
    reported_at: Mapped[datetime]


class CaseHistoryRow(Base):
    """One move of a case: by whom, why, and what it carried. Never changed."""

    __tablename__ = "case_history"
    __table_args__ = (
        UniqueConstraint("case_id", "sequence", name="uq_case_history_case_sequence"),
        Index("ix_case_history_occurred", "occurred_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    sequence: Mapped[int]
    round: Mapped[int]
    trigger: Mapped[CaseTrigger] = mapped_column(enum_type(CaseTrigger))
    state: Mapped[CaseState] = mapped_column(enum_type(CaseState))
    """Where the move led."""
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    actor_roles: Mapped[list[str]]
    unit_id: Mapped[UUID | None]
    """The unit in charge when it happened."""
    text: Mapped[str]
    reason_code: Mapped[str | None]
    detail: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]


class EvidenceRow(Base):
    """A text or file that may have to stand up as evidence (R15). Never changed."""

    __tablename__ = "case_evidence"
    __table_args__ = (Index("ix_case_evidence_case", "case_id", "sequence"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    sequence: Mapped[int]
    """How many moves the case had made when it came."""
    origin: Mapped[EvidenceOrigin] = mapped_column(enum_type(EvidenceOrigin))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    recorded_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CaseDayRow(Base):
    """The last case number given out on one day, Shanghai time."""

    __tablename__ = "case_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]


def _refuse_change(_mapper: Mapper[Any], _connection: Connection, row: Base) -> None:
    raise RuntimeError(f"{row.__tablename__} only grows")


for _append_only in (CaseHistoryRow, EvidenceRow):
    sqlalchemy_event.listen(_append_only, "before_update", _refuse_change)
    sqlalchemy_event.listen(_append_only, "before_delete", _refuse_change)

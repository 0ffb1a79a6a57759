"""Tables of cases, of the reports behind them, of their history and of the evidence."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from case_bridge.cases.case import CaseSource, EvidenceOrigin
from case_bridge.cases.notice import DecisionKind, NoticeKind, PauseKind
from case_bridge.cases.rules import Stage
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
        Index("ix_cases_listed", "registered_at", "id"),
        Index("ix_cases_unit", "unit_id", "state"),
        Index(
            "ix_cases_district", "district_id", "state", postgresql_where="district_id IS NOT NULL"
        ),
        Index("ix_cases_due", "due_at", postgresql_where="clock_stopped_at IS NULL"),
        # Lists in order, of a source, unit, district or category; and what runs, by due time.
        Index("ix_cases_of_source", "source", "registered_at", "id"),
        Index("ix_cases_of_unit", "unit_id", "registered_at", "id"),
        Index(
            "ix_cases_of_district",
            "district_id",
            "registered_at",
            "id",
            postgresql_where="district_id IS NOT NULL",
        ),
        Index("ix_cases_of_category", "category_code", "registered_at", "id"),
        Index(
            "ix_cases_running",
            "due_at",
            "id",
            postgresql_where="clock_stopped_at IS NULL AND closed_at IS NULL",
        ),
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
    grid_code: Mapped[str | None]
    """The unit grid of the position on the day of registration (R101)."""
    kind: Mapped[CategoryKind | None] = mapped_column(enum_type(CategoryKind))
    category_scheme: Mapped[str | None]
    category_version: Mapped[str | None]
    category_code: Mapped[str | None]
    category_name: Mapped[str | None]
    condition: Mapped[str | None]
    limit_text: Mapped[str | None]
    """The handling limit of category and condition, as it stood at filing."""
    unit_id: Mapped[UUID | None]
    district_id: Mapped[UUID | None]
    """The second-level platform that holds it, or whose unit has it (R28)."""
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


class CaseWordsRow(Base):
    """What a case is found by. Beside the case, so that its moves leave the big index alone."""

    __tablename__ = "case_words"
    __table_args__ = (Index("ix_case_words", "words", postgresql_using="gin"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    registered_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(TSVECTOR)


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


class CaseMarksRow(Base):
    """What is noted of a case beside its state: its clock's terms and special classes."""

    __tablename__ = "case_marks"
    __table_args__ = (Index("ix_case_marks_alarm", "alarm_at"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    alarm_at: Mapped[datetime | None]
    """When the next rung of the ladder is reached."""
    extension: Mapped[str | None]
    """How much an approved extension adds to the limit, in the limit's own unit (R54)."""
    is_absolute: Mapped[bool] = mapped_column(default=False)
    """The 24-hour rule holds (R45)."""
    guarded_at: Mapped[datetime | None]
    is_deferred: Mapped[bool] = mapped_column(default=False)
    """Was put off by the leader: out of the yearly assessment (R55, R75: 003 a27)."""
    is_ownerless: Mapped[bool] = mapped_column(default=False)
    """Nobody is responsible: a class of its own (R57: 002i a9)."""
    is_emergency: Mapped[bool] = mapped_column(default=False)
    """Sent out before anybody knew who is responsible (R35: 004 a17)."""
    binding_unit_id: Mapped[UUID | None]
    """The unit that a binding decision named (R60)."""


class CasePauseRow(Base):
    """A time in which the handling clock stands still."""

    __tablename__ = "case_pauses"
    __table_args__ = (
        Index("uq_case_pauses_open", "case_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_case_pauses_until", "until", postgresql_where="ended_at IS NULL"),
        CheckConstraint("ended_at IS NULL OR ended_at >= begun_at", name="ends_after_it_begins"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[PauseKind] = mapped_column(enum_type(PauseKind))
    unit_id: Mapped[UUID | None]
    reason: Mapped[str]
    begun_at: Mapped[datetime]
    until: Mapped[datetime | None]
    """When the case resumes by itself."""
    ended_at: Mapped[datetime | None]


class CaseStageRow(Base):
    """One run of a stage clock; `due_at` has its receipt."""

    __tablename__ = "case_stages"
    __table_args__ = (
        Index("uq_case_stages_open", "case_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_case_stages_due", "due_at", postgresql_where="ended_at IS NULL"),
        # The page of a case and the folding of its facts read all its runs.
        Index("ix_case_stages_case", "case_id", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    sequence: Mapped[int]
    """Of the move that began it: two of one instant keep their order."""
    stage: Mapped[Stage] = mapped_column(enum_type(Stage))
    unit_id: Mapped[UUID | None]
    begun_at: Mapped[datetime]
    due_at: Mapped[datetime]
    receipt: Mapped[dict[str, Any]]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[CaseTrigger | None] = mapped_column(enum_type(CaseTrigger))


class CaseRulesRow(Base):
    """The city's rules about cases, as its data gave them."""

    __tablename__ = "case_rules"

    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]


class NoticeRow(Base):
    """Something written to a unit, or to the centre where no unit is named."""

    __tablename__ = "case_notices"
    __table_args__ = (
        Index("ix_case_notices_case", "case_id", "issued_at"),
        Index("ix_case_notices_open", "unit_id", postgresql_where="answered_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    """The same step is taken once."""
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    sequence: Mapped[int]
    """How many moves the case had made: two of one instant keep their order."""
    kind: Mapped[NoticeKind] = mapped_column(enum_type(NoticeKind))
    unit_id: Mapped[UUID | None]
    text: Mapped[str]
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]
    reply_by: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class DisputeRow(Base):
    """One question of responsibility, from the application to the decision (R58-R61)."""

    __tablename__ = "case_disputes"
    __table_args__ = (
        Index(
            "uq_case_disputes_open", "case_id", unique=True, postgresql_where="decided_at IS NULL"
        ),
        Index("ix_case_disputes_case", "case_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    unit_id: Mapped[UUID | None]
    """Who had the case when it was asked; None before the first dispatch."""
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    present: Mapped[list[str]] = mapped_column(default=list)
    """The units that came to the site, by name."""
    minutes: Mapped[str | None]
    decision: Mapped[DecisionKind | None] = mapped_column(enum_type(DecisionKind))
    decided_unit_id: Mapped[UUID | None]
    words: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class HelperRow(Base):
    """A unit that helps the one in the lead (R49)."""

    __tablename__ = "case_helpers"
    __table_args__ = (
        UniqueConstraint("case_id", "round", "unit_id", name="uq_case_helpers_unit"),
        Index("ix_case_helpers_unit", "unit_id", postgresql_where="done_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    unit_id: Mapped[UUID]
    task: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    result: Mapped[str | None]
    done_by: Mapped[str | None]
    done_at: Mapped[datetime | None]


class ReferralRow(Base):
    """A violation handed to an enforcement body, until it gives a receipt (R109)."""

    __tablename__ = "case_referrals"
    __table_args__ = (Index("ix_case_referrals_case", "case_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    body: Mapped[str]
    """The enforcement body."""
    facts: Mapped[str]
    referred_by: Mapped[str]
    referred_at: Mapped[datetime]
    receipt_number: Mapped[str | None]
    received_by: Mapped[str | None]
    receipted_at: Mapped[datetime | None]


class DelegationRow(Base):
    """A person may close cases in the place of whose duty it is (R68: 002i a6(3))."""

    __tablename__ = "closing_delegations"
    __table_args__ = (Index("ix_closing_delegations_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID]
    user_name: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


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

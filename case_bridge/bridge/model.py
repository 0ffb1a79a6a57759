"""Tables of the bridge: links from tickets to cases, the platform's messages, alarms, cursors."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.bridge.states import CROSSING, CrossingState
from case_bridge.bridge.trouble import Trouble
from case_bridge.platform import ProgressKind
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ProgressFate(StrEnum):
    """What became of a message of the platform."""

    APPLIED = "applied"  # 已应用
    LATE = "late"  # 迟到: a newer one of the same case was applied before
    WAITING = "waiting"  # 待匹配: no link knows the case yet
    REFUSED = "refused"  # 与当前状态矛盾: an alarm says so


class CaseLinkRow(Base):
    """One round of one ticket on its way into, through and out of a case system.

    Several links may name one case: many complainants, each with an own answer.
    """

    __tablename__ = "case_links"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round_from_one"),
        CheckConstraint(
            "state IN ('pending', 'failed') OR case_key IS NOT NULL", name="submitted_has_case"
        ),
        Index("ix_case_links_case", "case_key", "case_round"),
        Index("ix_case_links_pending", "changed_at", postgresql_where="state = 'pending'"),
    )

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    platform: Mapped[str]
    state: Mapped[CrossingState] = mapped_column(enum_type(CrossingState), default=CROSSING.initial)
    case_key: Mapped[str | None]
    case_number: Mapped[str | None] = mapped_column(index=True)
    case_round: Mapped[int | None]
    sequence: Mapped[int] = mapped_column(default=0)
    """The newest message applied."""
    reopen_reason: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    """Why it failed, in the platform's words."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ProgressRow(Base):
    """One message of a platform, stored whatever became of it. Its fate alone may change."""

    __tablename__ = "case_progress"
    __table_args__ = (Index("ix_case_progress_case", "case_key", "round", "sequence"),)

    message_id: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str]
    case_key: Mapped[str]
    round: Mapped[int]
    sequence: Mapped[int]
    kind: Mapped[ProgressKind] = mapped_column(enum_type(ProgressKind))
    text: Mapped[str] = mapped_column(Text)
    reason_code: Mapped[str | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    fate: Mapped[ProgressFate] = mapped_column(enum_type(ProgressFate))


class AlarmRow(Base):
    """Something that does not fit and that a person has to look at."""

    __tablename__ = "case_alarms"
    __table_args__ = (
        Index("ix_case_alarms_open", "raised_at", postgresql_where="settled_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    """The same for the same trouble, so that it is raised once."""
    problem: Mapped[str] = mapped_column(Text)
    ticket_id: Mapped[UUID | None]
    round: Mapped[int | None]
    case_key: Mapped[str | None]
    raised_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class ReconciliationRow(Base):
    """Up to when a platform's messages were compared with ours."""

    __tablename__ = "case_reconciliations"

    platform: Mapped[str] = mapped_column(primary_key=True)
    compared_until: Mapped[datetime]


class DifferenceRow(Base):
    """One difference between the two sides, from when it was found to how it ended."""

    __tablename__ = "case_differences"
    __table_args__ = (
        Index(
            "uq_case_differences_open",
            "platform",
            "trouble",
            "what",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
        Index("ix_case_differences_found", "last_found_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    platform: Mapped[str]
    trouble: Mapped[Trouble] = mapped_column(enum_type(Trouble))
    what: Mapped[str]
    """The ticket and round, the case and round, or the message."""
    ticket_id: Mapped[UUID | None]
    round: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text)
    """What was done about it or stood in the way, in words."""
    first_found_at: Mapped[datetime]
    last_found_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ending: Mapped[str | None] = mapped_column(Text)


class ComparisonRow(Base):
    """One run of the two-way comparison."""

    __tablename__ = "case_comparisons"
    __table_args__ = (Index("ix_case_comparisons_at", "compared_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    platform: Mapped[str]
    compared_at: Mapped[datetime]
    cases: Mapped[int]
    """Rounds of cases that the platform told of."""
    links: Mapped[int]
    """Crossings of ours that were laid beside them."""
    found: Mapped[int]
    is_complete: Mapped[bool]
    """False if the platform did not answer to the end."""

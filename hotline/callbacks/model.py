"""Tables of callbacks, their attempts and the answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.callbacks.states import AttemptResult, CallbackState, Question, UntoldKind
from hotline.contacts.contact import Channel
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class CallbackRow(Base):
    """Asking the complainant of a ticket about one of its rounds, once."""

    __tablename__ = "callbacks"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round"),
        CheckConstraint("solved IS NULL OR solved IN (1, 2)", name="solved_is_1_or_2"),
        CheckConstraint(
            "satisfaction IS NULL OR satisfaction BETWEEN 1 AND 5", name="satisfaction_is_1_to_5"
        ),
        Index(
            "ix_callbacks_unfinished",
            "due_at",
            postgresql_where="state NOT IN ('answered', 'not_reached', 'cancelled')",
        ),
        Index(
            "ix_callbacks_correct_by",
            "correct_by",
            postgresql_where="correct_by IS NOT NULL AND corrected_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    state: Mapped[CallbackState] = mapped_column(enum_type(CallbackState))
    policy: Mapped[dict[str, Any]]
    ladder: Mapped[list[str]]
    rung: Mapped[int] = mapped_column(default=0)
    attempts_made: Mapped[int] = mapped_column(default=0)
    unknown_results: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    """When the next thing happens: an attempt, or the end of waiting."""
    scheduled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    solved: Mapped[int | None]
    satisfaction: Mapped[int | None]
    words: Mapped[str] = mapped_column(default="", server_default="")
    """Why, as the complainant wrote it on the page."""
    spoken_id: Mapped[UUID | None] = mapped_column(ForeignKey("recordings.id"))
    """Why, as the complainant said it on the telephone."""
    correct_by: Mapped[datetime | None]
    """A negative rating must have led to a correction by then (GB/T 39734, R80)."""
    correct_by_receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    corrected_at: Mapped[datetime | None]
    corrected_by: Mapped[str | None]
    correction: Mapped[str | None]
    """What was done about it."""


class CallbackAttemptRow(Base):
    """One attempt to reach a complainant, and what came of it."""

    __tablename__ = "callback_attempts"
    __table_args__ = (UniqueConstraint("callback_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    callback_id: Mapped[UUID] = mapped_column(ForeignKey("callbacks.id"))
    number: Mapped[int]
    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    is_repeat: Mapped[bool] = mapped_column(default=False)
    """Made again because nobody knows what came of the one before."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    result: Mapped[AttemptResult | None] = mapped_column(enum_type(AttemptResult))


class CallbackAnswerRow(Base):
    """One answer as it was given; append-only, the newest counts."""

    __tablename__ = "callback_answers"
    __table_args__ = (Index("ix_callback_answers_callback", "callback_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    callback_id: Mapped[UUID] = mapped_column(ForeignKey("callbacks.id"))
    question: Mapped[Question] = mapped_column(enum_type(Question))
    answer: Mapped[int]
    via: Mapped[str]
    at: Mapped[datetime]


class UntoldRow(Base):
    """Something that no letter and no call could tell a complainant: a person's task."""

    __tablename__ = "untold"
    __table_args__ = (
        Index("ix_untold_open", "noted_at", "id", postgresql_where="settled_at IS NULL"),
        Index("ix_untold_ticket", "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[UntoldKind] = mapped_column(enum_type(UntoldKind))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    callback_id: Mapped[UUID | None] = mapped_column(ForeignKey("callbacks.id"))
    """The callback that asked in vain; None of letters that ask nothing."""
    noted_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    note: Mapped[str | None]
    """What the person did; None if it settled itself."""

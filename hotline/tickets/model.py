"""Tables of tickets, their append-only history, categories and calendars."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from hotline.contacts.contact import Channel
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id
from hotline.tickets.category import CategoryKind
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome, RequestKind, Urgency


class CategoryRow(Base):
    """One minor class; rows are replaced by a newer version, never changed in meaning (R21)."""

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("scheme", "version", "kind", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    scheme: Mapped[str]
    version: Mapped[str] = mapped_column(default="")
    kind: Mapped[CategoryKind] = mapped_column(enum_type(CategoryKind))
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    major_name: Mapped[str] = mapped_column(default="")
    pinyin: Mapped[str] = mapped_column(default="")
    initials: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)


class ConditionLimitRow(Base):
    """The handling limit of one condition; several may stand for one condition, in order."""

    __tablename__ = "condition_limits"
    __table_args__ = (UniqueConstraint("category_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"))
    position: Mapped[int]
    condition: Mapped[str] = mapped_column(default="")
    limit_text: Mapped[str]
    words: Mapped[str] = mapped_column(default="", server_default="")


class CalendarRow(Base):
    """A working calendar as it is published: which days work, and the working periods."""

    __tablename__ = "calendars"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index("uq_calendars_active", "name", unique=True, postgresql_where="is_active"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    version: Mapped[str]
    content: Mapped[dict[str, Any]]
    is_active: Mapped[bool] = mapped_column(default=True)
    loaded_at: Mapped[datetime]


class TicketRow(Base):
    """One matter of one complainant: the present state; the history is the truth behind it."""

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round_from_one"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="whole_position"),
        CheckConstraint("state <> 'resolved' OR outcome IS NOT NULL", name="resolved_has_outcome"),
        Index("ix_tickets_state", "state", "opened_at", "id"),
        Index("ix_tickets_category", "category_id", "opened_at", "id"),
        Index("ix_tickets_channel", "channel", "opened_at", "id"),
        Index("ix_tickets_citizen", "citizen_id", "opened_at"),
        Index("ix_tickets_contact", "contact_id"),
        Index("ix_tickets_call", "call_id", postgresql_where="call_id IS NOT NULL"),
        Index("ix_tickets_listed", "opened_at", "id"),
        Index("ix_tickets_due", "due_at", "id", postgresql_where="state = 'transferred'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    serial: Mapped[int] = mapped_column(
        Integer, Identity(minvalue=1, maxvalue=999_999, start=1, cycle=True)
    )
    number: Mapped[str] = mapped_column(String(14), unique=True)
    origin_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[TicketState] = mapped_column(enum_type(TicketState))
    round: Mapped[int] = mapped_column(default=1)
    history_length: Mapped[int] = mapped_column(default=0)

    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    contact_id: Mapped[UUID | None]
    call_id: Mapped[UUID | None]
    citizen_id: Mapped[UUID | None]
    related_ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))

    request_kind: Mapped[RequestKind] = mapped_column(enum_type(RequestKind))
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    condition: Mapped[str | None]
    urgency: Mapped[Urgency] = mapped_column(enum_type(Urgency))
    subject: Mapped[str]
    body: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]

    reply_channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    reply_to: Mapped[str | None]
    """Phone number or mail address; None when only the status page can tell."""
    anonymous: Mapped[bool] = mapped_column(default=False)
    confidential: Mapped[bool] = mapped_column(default=False)

    opened_at: Mapped[datetime]
    transferred_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    deadline: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The receipt of the deadline: rule, calendar, steps."""
    outcome: Mapped[Outcome | None] = mapped_column(enum_type(Outcome))
    result: Mapped[str] = mapped_column(default="")
    close_reason: Mapped[CloseReason | None] = mapped_column(enum_type(CloseReason))

    code_generation: Mapped[int] = mapped_column(default=1)
    code_failures: Mapped[int] = mapped_column(default=0)
    code_locked_until: Mapped[datetime | None]


class TicketWordsRow(Base):
    """What a ticket is found by. Beside the ticket, so that its moves leave the big index alone."""

    __tablename__ = "ticket_words"
    __table_args__ = (Index("ix_ticket_words", "words", postgresql_using="gin"),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    opened_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(TSVECTOR)


class TicketHistoryRow(Base):
    """One move of one ticket; append-only, and replays to the present state."""

    __tablename__ = "ticket_history"
    __table_args__ = (UniqueConstraint("ticket_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    position: Mapped[int]
    trigger: Mapped[TicketTrigger | None] = mapped_column(enum_type(TicketTrigger))
    """None for the first entry: the ticket was opened."""
    state: Mapped[TicketState] = mapped_column(enum_type(TicketState))
    round: Mapped[int]
    actor: Mapped[str]
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]

"""Tables of the queue: seats, their phones, waiting callers, offers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type
from hotline.queues.phone_act import PhoneAct, RequestState
from hotline.queues.states import OfferState, QueuedState, SeatState


class SeatRow(Base):
    """A position that takes contacts; `user_id` is the person in it."""

    __tablename__ = "seats"
    __table_args__ = (
        CheckConstraint(
            "(state = 'signed_out') = (user_id IS NULL)", name="signed_in_has_a_person"
        ),
        # One person sits in one seat.
        Index("uq_seats_user", "user_id", unique=True, postgresql_where="user_id IS NOT NULL"),
        Index("ix_seats_idle", "queue", "idle_since", postgresql_where="state = 'available'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    extension: Mapped[str] = mapped_column(unique=True)
    queue: Mapped[str]
    state: Mapped[SeatState] = mapped_column(enum_type(SeatState), default=SeatState.SIGNED_OUT)
    since: Mapped[datetime]
    idle_since: Mapped[datetime]
    break_reason: Mapped[str | None]
    user_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    """The offer that rings, is talked on, or is wrapped up."""
    skills: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Skill to level, 1 to 9: `business.gas`, `dialect.min`, `language.en` (技能组)."""
    handled: Mapped[int] = mapped_column(server_default="0")
    """Contacts answered since the person signed in."""
    offered_at: Mapped[datetime | None]
    """When a caller was last offered here; decides the turn where seats take turns."""
    sip_ha1_md5: Mapped[str]
    """RFC 7616 3.4.2: H(user:realm:password); the password itself is not kept."""
    sip_ha1_sha256: Mapped[str]


class SeatPhoneRow(Base):
    """Where a seat's SIP phone can be reached (RFC 3261 10), until `expires_at`."""

    __tablename__ = "seat_phones"

    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seats.id"), primary_key=True)
    contact_uri: Mapped[str]
    source_host: Mapped[str]
    source_port: Mapped[int]
    transport: Mapped[str]
    sip_call_id: Mapped[str]
    cseq: Mapped[int]
    expires_at: Mapped[datetime]
    path: Mapped[list[str]] = mapped_column(ARRAY(String))
    """The proxies that a call to it goes through (RFC 3327)."""


class BrowserPhoneRow(Base):
    """A seat whose telephone is a page; the page says again and again that it is there."""

    __tablename__ = "browser_phones"

    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seats.id"), primary_key=True)
    page_id: Mapped[str]
    """Chosen by the page when it is loaded; of two pages the later one counts."""
    expires_at: Mapped[datetime]


class PhoneRequestRow(Base):
    """What a person's page asks of the voice process that carries a call, and its answer."""

    __tablename__ = "phone_requests"
    __table_args__ = (
        Index("ix_phone_requests_open", "made_at", postgresql_where="state = 'pending'"),
        Index("ix_phone_requests_expires", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[UUID]
    user_id: Mapped[UUID]
    act: Mapped[PhoneAct] = mapped_column(enum_type(PhoneAct))
    detail: Mapped[dict[str, Any]]
    state: Mapped[RequestState] = mapped_column(
        enum_type(RequestState), default=RequestState.PENDING
    )
    answer: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """After that nobody waits for the answer, and nobody carries it out."""


class AbuseFlagRow(Base):
    """A seat says that a caller was abusive (辱骂骚扰); the seat is protected, nobody is judged."""

    __tablename__ = "abuse_flags"
    __table_args__ = (Index("ix_abuse_flags_number", "number_hash"),)

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seats.id"))
    number_hash: Mapped[str | None]
    reason: Mapped[str]
    flagged_at: Mapped[datetime]
    rested_at: Mapped[datetime | None]
    """The rest after this call was taken; None: not, and after half an hour no more."""


class ThresholdRow(Base):
    """From where on the board raises an alarm, as a shift leader has set it (告警阈值)."""

    __tablename__ = "alarm_thresholds"

    name: Mapped[str] = mapped_column(primary_key=True)
    """A field of `Thresholds`; where there is no row, what ships with the program holds."""
    value: Mapped[int]
    """Callers, or seconds."""


class QueueEntryRow(Base):
    """One caller's time in one queue."""

    __tablename__ = "queue_entries"
    __table_args__ = (
        Index(
            "uq_queue_entries_open_call",
            "call_id",
            unique=True,
            postgresql_where="state IN ('waiting', 'offered')",
        ),
        Index(
            "ix_queue_entries_rank",
            "queue",
            "rank_at",
            "id",
            postgresql_where="state = 'waiting'",
        ),
        Index("ix_queue_entries_call", "call_id"),
        Index("ix_queue_entries_number", "number_hash", "ended_at"),
        Index("ix_queue_entries_enqueued", "enqueued_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[UUID]
    queue: Mapped[str]
    number_hash: Mapped[str | None]
    state: Mapped[QueuedState] = mapped_column(enum_type(QueuedState), default=QueuedState.WAITING)
    enqueued_at: Mapped[datetime]
    rank_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Decides the order; kept when a seat misses the caller, so nobody goes to the back."""
    needs: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Skill to the level that a seat should have."""
    last_seat_id: Mapped[UUID | None]
    """The seat that this number talked with last."""
    ended_at: Mapped[datetime | None]


class OfferRow(Base):
    """One caller offered to one seat; after the answer, their contact until its end."""

    __tablename__ = "offers"
    __table_args__ = (
        Index(
            "uq_offers_open_seat",
            "seat_id",
            unique=True,
            postgresql_where="state IN ('ringing', 'answered')",
        ),
        # One seat rings for a caller, unless the queue rings all of them …
        Index(
            "uq_offers_open_entry",
            "entry_id",
            unique=True,
            postgresql_where="state IN ('ringing', 'answered') AND NOT is_shared",
        ),
        # … and then too one seat takes the caller.
        Index(
            "uq_offers_answered_entry",
            "entry_id",
            unique=True,
            postgresql_where="state = 'answered'",
        ),
        Index("ix_offers_entry", "entry_id"),
        Index("ix_offers_call", "call_id"),
        Index("ix_offers_ringing", "expires_at", postgresql_where="state = 'ringing'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("queue_entries.id"))
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seats.id"))
    call_id: Mapped[UUID]
    state: Mapped[OfferState] = mapped_column(enum_type(OfferState), default=OfferState.RINGING)
    rule: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The best of those who could take the caller, in the rule's order: `routing.Scored.as_row`."""
    others: Mapped[int] = mapped_column(server_default="0")
    """How many more could have, and are not listed."""
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    """Other seats rang for the same caller at the same time (全体振铃)."""
    needs: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The levels that were asked for after so long a wait."""
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why it was missed or withdrawn."""

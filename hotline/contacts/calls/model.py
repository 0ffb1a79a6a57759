"""Tables of calls: processes that carry them, the calls, what happened, and orders to ring."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.contacts.calls.states import (
    CallDirection,
    CallEnd,
    CallResult,
    CallState,
    OrderState,
)
from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type


class VoiceProcessRow(Base):
    """One life of a voice process; its calls die with it."""

    __tablename__ = "voice_processes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    """Which of the voice processes of the installation; a second life has the same name."""
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    doubted_at: Mapped[datetime | None]
    """Since when it is found to be silent."""
    ended_at: Mapped[datetime | None]


class CallRow(Base):
    """One call between a person outside and this hotline."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_open", "process_id", postgresql_where="ended_at IS NULL"),
        Index("ix_calls_number_hash", "number_hash"),
        Index("ix_calls_contact", "contact_id"),
        Index("ix_calls_started", "started_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    process_id: Mapped[UUID] = mapped_column(ForeignKey("voice_processes.id"))
    direction: Mapped[CallDirection] = mapped_column(enum_type(CallDirection))
    line: Mapped[str]
    """Inbound: the line called, such as 12345. Outbound: the trunk."""
    number: Mapped[str | None]
    """The person's number as the network gave it; None if withheld."""
    number_hash: Mapped[str | None]
    to_number: Mapped[str]
    sip_call_id: Mapped[str]
    state: Mapped[CallState] = mapped_column(enum_type(CallState), default=CallState.RINGING)
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    """When a seat began to talk with the person."""
    ended_at: Mapped[datetime | None]
    end: Mapped[CallEnd | None] = mapped_column(enum_type(CallEnd))
    seat_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    notice_version: Mapped[str | None]
    """The recording notice the person heard; None: heard none, so nothing was recorded."""
    recording_id: Mapped[UUID | None]
    flow: Mapped[str | None]
    """What the person walked through, and the SHA-256 of its text (`flow_texts`)."""
    flow_digest: Mapped[str | None]


class CallEventRow(Base):
    """One thing that happened in a call; never changed."""

    __tablename__ = "call_events"
    __table_args__ = (Index("ix_call_events_call", "call_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]]


class CallOrderRow(Base):
    """A wish that somebody be rung, and what came of it."""

    __tablename__ = "call_orders"
    __table_args__ = (
        Index(
            "ix_call_orders_open",
            "state",
            "placed_at",
            postgresql_where="state IN ('queued', 'claimed', 'dialling')",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    to_number: Mapped[str]
    flow: Mapped[str]
    variables: Mapped[dict[str, Any]]
    reference: Mapped[str]
    state: Mapped[OrderState] = mapped_column(enum_type(OrderState), default=OrderState.QUEUED)
    placed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    process_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    call_id: Mapped[UUID | None]
    answers: Mapped[dict[str, Any]]
    result: Mapped[CallResult | None] = mapped_column(enum_type(CallResult))
    finished_at: Mapped[datetime | None]

"""Tables of call control: whom one may reach, who was brought into a talk, who is parked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type
from hotline.queues.control.states import (
    ParkResult,
    TargetKind,
    TransferMode,
    TransferResult,
    TransferState,
)


class DirectoryRow(Base):
    """A number that seats may reach by name (通讯录); comes from the data files."""

    __tablename__ = "directory_entries"

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[TargetKind] = mapped_column(enum_type(TargetKind))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    number: Mapped[str]
    note: Mapped[str]
    position: Mapped[int]
    """The order of the file, in which seats see them."""


class TransferRow(Base):
    """Somebody brought into a talk, or tried to be: a transfer or a three-way call (转接/三方)."""

    __tablename__ = "call_transfers"
    __table_args__ = (
        Index(
            "uq_call_transfers_open", "call_id", unique=True, postgresql_where="ended_at IS NULL"
        ),
        Index("ix_call_transfers_asked", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[UUID] = mapped_column(index=True)
    seat_id: Mapped[UUID | None] = mapped_column(ForeignKey("seats.id"))
    """Who asked."""
    mode: Mapped[TransferMode] = mapped_column(enum_type(TransferMode))
    kind: Mapped[TargetKind] = mapped_column(enum_type(TargetKind))
    target: Mapped[str]
    """Extension, queue, key of the directory, or number."""
    name: Mapped[str]
    state: Mapped[TransferState] = mapped_column(enum_type(TransferState))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[TransferResult | None] = mapped_column(enum_type(TransferResult))
    card: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What was handed to emergency services: ticket, place, what was said (紧急转接资料卡)."""


class ParkedRow(Base):
    """A caller who hears music until a seat picks the call up (停泊)."""

    __tablename__ = "parked_calls"
    __table_args__ = (
        Index("uq_parked_calls_slot", "slot", unique=True, postgresql_where="ended_at IS NULL"),
        Index("uq_parked_calls_open", "call_id", unique=True, postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[UUID] = mapped_column(index=True)
    slot: Mapped[int]
    """What a phone dials to pick it up, after a star."""
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seats.id"))
    """Who parked, and gets the call back after the limit."""
    parked_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    result: Mapped[ParkResult | None] = mapped_column(enum_type(ParkResult))

"""Tables of what voice processes tell: the last report of each, and the calls they refused."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.contacts.calls.states import CallDirection
from hotline.contacts.telephony.values import RefusalReason
from hotline.kernel.schema import Base, enum_type


class VoiceReportRow(Base):
    """What a voice process said last; written with its heartbeat."""

    __tablename__ = "voice_reports"

    process_id: Mapped[UUID] = mapped_column(ForeignKey("voice_processes.id"), primary_key=True)
    reported_at: Mapped[datetime]
    report: Mapped[dict[str, Any]]


class RefusedCallRow(Base):
    """A call that was refused before it became one; never changed."""

    __tablename__ = "refused_calls"
    __table_args__ = (
        Index("ix_refused_calls_place", "place", "at"),
        Index("ix_refused_calls_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    process_id: Mapped[UUID] = mapped_column(ForeignKey("voice_processes.id"))
    at: Mapped[datetime]
    direction: Mapped[CallDirection] = mapped_column(enum_type(CallDirection))
    place: Mapped[str]
    """The number dialled, or the trunk."""
    source: Mapped[str]
    """The address it came from, or went to; the caller's number is not kept."""
    reason: Mapped[RefusalReason] = mapped_column(enum_type(RefusalReason))
    status: Mapped[int]

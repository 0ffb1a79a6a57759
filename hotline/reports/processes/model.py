"""Tables of the house itself: a row for each process, and one for each proof."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base


class ProcessRow(Base):
    """One process; it says again and again that it lives."""

    __tablename__ = "processes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    version: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it said that it ends; None: it runs, or was killed."""
    disk_free: Mapped[int] = mapped_column(BigInteger)
    """Bytes of the file system that holds the recordings, as this process sees it."""
    disk_total: Mapped[int] = mapped_column(BigInteger)


class RecordingsProofRow(Base):
    """What the proof of a day's recordings found; never changed, made again it is another row."""

    __tablename__ = "recordings_proofs"
    __table_args__ = (Index("ix_recordings_proofs_made", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    day: Mapped[date]
    made_at: Mapped[datetime]
    calls: Mapped[int]
    """Calls that a seat answered."""
    unproven: Mapped[int]
    findings: Mapped[dict[str, Any]]
    """Call id to finding, of those without proof."""

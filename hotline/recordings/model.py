"""The table of recordings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type
from hotline.recordings.states import RecordingClass, RecordingState


class RecordingRow(Base):
    """One file with both directions of one conversation."""

    __tablename__ = "recordings"
    __table_args__ = (
        CheckConstraint("(state = 'sealed') = (sha256 IS NOT NULL)", name="sealed_has_a_hash"),
        Index("ix_recordings_call", "call_id"),
        Index("ix_recordings_running", "started_at", postgresql_where="state = 'running'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[UUID]
    path: Mapped[str] = mapped_column(unique=True)
    """Relative to the folder of recordings."""
    kind: Mapped[RecordingClass] = mapped_column(enum_type(RecordingClass))
    state: Mapped[RecordingState] = mapped_column(
        enum_type(RecordingState), default=RecordingState.RUNNING
    )
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    sha256: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None]
    problem: Mapped[str | None]

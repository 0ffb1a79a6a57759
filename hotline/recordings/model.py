"""The table of recordings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
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


class RecordingPauseRow(Base):
    """A stretch of a recording that is silence because a seat asked for it."""

    __tablename__ = "recording_pauses"
    __table_args__ = (Index("ix_recording_pauses_recording", "recording_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id"))
    user_id: Mapped[UUID]
    reason: Mapped[str]
    paused_at: Mapped[datetime]
    resumed_at: Mapped[datetime | None]


class RecordingListeningRow(Base):
    """Somebody listens to a recording, and why; without such a row there is no sound."""

    __tablename__ = "recording_listenings"
    __table_args__ = (Index("ix_recording_listenings_recording", "recording_id", "opened_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id"))
    user_id: Mapped[UUID]
    reason: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RecordingHoldRow(Base):
    """A legal hold (证据保全): the recording is kept whatever its class says."""

    __tablename__ = "recording_holds"
    __table_args__ = (
        Index(
            "uq_recording_holds_open",
            "recording_id",
            unique=True,
            postgresql_where="lifted_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id"))
    user_id: Mapped[UUID]
    reason: Mapped[str]
    placed_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class RecordingDisposalRow(Base):
    """A recording whose time was over: the file is gone, its row and hash stay."""

    __tablename__ = "recording_disposals"

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    rule: Mapped[str]
    disposed_at: Mapped[datetime]

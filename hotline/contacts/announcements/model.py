"""Tables of announcements: what is said from when to when, and who heard it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from hotline.contacts.announcements.choice import Choice
from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type


class AnnouncementRow(Base):
    """One announcement; switched off, its text and sound stay as they were."""

    __tablename__ = "announcements"
    __table_args__ = (
        CheckConstraint("(prompt IS NULL) <> (sound IS NULL)", name="one_sound"),
        CheckConstraint("until_at > from_at", name="ends_after_it_begins"),
        Index("ix_announcements_until", "until_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    text: Mapped[str]
    """For the screens: what is said."""
    prompt: Mapped[str | None]
    """A recorded prompt of the house, or `sound`."""
    sound: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """WAV, 8 kHz, mono, A-law."""
    lines: Mapped[list[str]] = mapped_column(ARRAY(String))
    """The numbers dialled that it is for; none: all."""
    asks: Mapped[bool]
    """Behind it the caller may leave it at that, or go on to a person."""
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """It ends by itself; switched off, it has ended then."""
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    """Who switched it off before its time."""


class HearingRow(Base):
    """One call in which an announcement was played."""

    __tablename__ = "announcement_hearings"
    __table_args__ = (Index("ix_announcement_hearings_announcement", "announcement_id"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    announcement_id: Mapped[UUID] = mapped_column(ForeignKey("announcements.id"))
    began_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    """When it was over and the caller had chosen; None: hung up before."""
    choice: Mapped[Choice] = mapped_column(enum_type(Choice), default=Choice.NONE)

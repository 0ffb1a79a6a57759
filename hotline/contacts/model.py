"""Tables of contacts as they came in, their attachments, and every message that went out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.contacts.contact import Channel, ContactState, MessageState
from hotline.contacts.disposition import Disposition
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class ContactRow(Base):
    """One contact. The raw bytes come first and are never changed (R15)."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        Index("ix_contacts_pending", "received_at", postgresql_where="state = 'stored'"),
        Index("ix_contacts_listed", "received_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    provider_id: Mapped[str]
    received_at: Mapped[datetime]
    sender: Mapped[str | None]
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size: Mapped[int]
    sha256: Mapped[str]
    state: Mapped[ContactState] = mapped_column(enum_type(ContactState))
    understood_at: Mapped[datetime | None]
    error: Mapped[str | None]
    """What the reader could not understand, or took it for; never text of the citizen."""


class AttachmentRow(Base):
    """A file that came with a contact."""

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("contact_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    position: Mapped[int]
    name: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CallDispositionRow(Base):
    """How one call ended, as the seat that talked wrote it (话后小结)."""

    __tablename__ = "call_dispositions"
    __table_args__ = (Index("ix_call_dispositions_disposition", "disposition"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    disposition: Mapped[Disposition] = mapped_column(enum_type(Disposition))
    note: Mapped[str]
    ticket_id: Mapped[UUID | None]
    user_id: Mapped[UUID]
    written_at: Mapped[datetime]


class MessageRow(Base):
    """One message to a citizen: what, to whom, and whether it left."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_messages_reference", "reference"),
        Index("ix_messages_address", "address", "created_at"),
        Index(
            "ix_messages_unfinished",
            "created_at",
            postgresql_where="state IN ('queued', 'sending', 'unknown')",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    trace: Mapped[str] = mapped_column(unique=True)
    """What it is recognised by when it comes back (`trace_of` the key)."""
    reference: Mapped[str]
    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    headers: Mapped[dict[str, Any]]
    secret: Mapped[str | None]
    state: Mapped[MessageState] = mapped_column(enum_type(MessageState))
    attempts: Mapped[int] = mapped_column(default=0)
    repeats: Mapped[int] = mapped_column(default=0)
    """How often it was sent again although it may have left before; at most once."""
    created_at: Mapped[datetime]
    sending_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]

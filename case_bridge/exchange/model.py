"""Tables of the exchange: the journal of raw messages, what both sides call a case, the peers."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.cases.case import EvidenceOrigin
from case_bridge.exchange.forms import FormKind
from case_bridge.exchange.states import FileState, MessageState
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class Direction(StrEnum):
    """Whether a message came or went."""

    IN = "in"
    OUT = "out"


class ExchangeMessageRow(Base):
    """One message as it came or went, byte for byte; what came is stored before it is read."""

    __tablename__ = "exchange_messages"
    __table_args__ = (
        Index("ix_exchange_messages_id", "peer", "direction", "message_id"),
        Index("ix_exchange_messages_case", "peer", "case_ref", "direction", "sequence"),
        Index(
            "ix_exchange_messages_open",
            "state",
            "id",
            postgresql_where="state IN ('waiting', 'stored', 'held', 'refused', 'unreadable')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    peer: Mapped[str]
    direction: Mapped[Direction] = mapped_column(enum_type(Direction))
    state: Mapped[MessageState] = mapped_column(enum_type(MessageState))
    message_id: Mapped[UUID | None]
    """None until it is read."""
    case_ref: Mapped[str | None]
    sequence: Mapped[int | None]
    form: Mapped[FormKind | None] = mapped_column(enum_type(FormKind))
    problem: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    signature: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class ExchangeLinkRow(Base):
    """One matter between us and one peer, with the counters of both directions."""

    __tablename__ = "exchange_links"
    __table_args__ = (
        Index("ix_exchange_links_case", "case_id"),
        Index("ix_exchange_links_merged", "merged_id", postgresql_where="merged_id IS NOT NULL"),
    )

    peer: Mapped[str] = mapped_column(primary_key=True)
    case_ref: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[UUID | None]
    """Whose moves the peer hears of."""
    merged_id: Mapped[UUID | None]
    """The case that was registered for it, while another one answers in its place (R69)."""
    is_ours: Mapped[bool]
    """The matter began here; the peer works on it for us."""
    sent: Mapped[int] = mapped_column(default=0)
    received: Mapped[int] = mapped_column(default=0)
    """The newest message of the peer that was applied or refused, without a gap."""
    told: Mapped[int] = mapped_column(default=0)
    """The newest move of our case that the peer was told of, or need not hear."""
    asked: Mapped[FormKind | None] = mapped_column(enum_type(FormKind))
    """The order that our inspector's next finding answers."""
    gap_since: Mapped[datetime | None]
    """Since when a later message of the peer has waited for an earlier one."""
    gap_asked_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class ExchangeFileRow(Base):
    """A file that a peer's form named, from the form to the evidence."""

    __tablename__ = "exchange_files"
    __table_args__ = (
        UniqueConstraint("peer", "case_ref", "sha256", name="uq_exchange_files_file"),
        Index(
            "ix_exchange_files_wanted", "peer", "recorded_at", postgresql_where="state = 'wanted'"
        ),
        Index("ix_exchange_files_troubled", "recorded_at", postgresql_where="state <> 'kept'"),
        CheckConstraint("size BETWEEN 1 AND 8388608", name="of_bounded_size"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    peer: Mapped[str]
    case_ref: Mapped[str]
    sha256: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    origin: Mapped[EvidenceOrigin] = mapped_column(enum_type(EvidenceOrigin))
    state: Mapped[FileState] = mapped_column(enum_type(FileState))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """What came so far; empty once it is evidence, or refused."""
    problem: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class ExchangePeerRow(Base):
    """How the talk with a peer goes."""

    __tablename__ = "exchange_peers"

    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    """In a row."""
    next_attempt_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    looked_until: Mapped[datetime | None]
    """Up to when the moves of cases were looked through for what the peer has to hear."""
    reported_until: Mapped[datetime | None]
    """When the newest evaluation was published that the peer was told of."""
    problem: Mapped[str | None] = mapped_column(Text)


class ExchangeNonceRow(Base):
    """A nonce that was taken within the window of time."""

    __tablename__ = "exchange_nonces"
    __table_args__ = (Index("ix_exchange_nonces_seen", "seen_at"),)

    peer: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]

"""Tables of citizens and what identifies them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id
from hotline.people.citizen import IdentifierKind
from hotline.people.number import NumberKind


class CitizenRow(Base):
    """One person across all channels."""

    __tablename__ = "citizens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str | None]
    first_seen_at: Mapped[datetime]


class IdentifierRow(Base):
    """A phone number or mail address of a citizen; found by keyed hash only."""

    __tablename__ = "citizen_identifiers"
    __table_args__ = (
        UniqueConstraint("kind", "blind_index"),
        Index("ix_citizen_identifiers_citizen", "citizen_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizens.id"))
    kind: Mapped[IdentifierKind] = mapped_column(enum_type(IdentifierKind))
    blind_index: Mapped[str]
    value: Mapped[str]
    """E.164 where there is one; a mail address in lower case; else the digits."""
    raw: Mapped[str]
    number_kind: Mapped[NumberKind | None] = mapped_column(enum_type(NumberKind))
    is_short: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]

"""Tables of units and of the responsibility matrix."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from case_bridge.units.unit import Duty, UnitClass
from hotline.kernel.db import Base, enum_type
from hotline.kernel.ids import new_id


class UnitRow(Base):
    """One unit that handles cases."""

    __tablename__ = "units"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit_class: Mapped[UnitClass] = mapped_column(enum_type(UnitClass))
    contact_name: Mapped[str]
    phone: Mapped[str]
    is_utility: Mapped[bool]
    competent_code: Mapped[str | None]


class TerminalRow(Base):
    """A unit that is one of several terminals of another (R39: 003 a8)."""

    __tablename__ = "unit_terminals"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    parent_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)


class UnitDistrictRow(Base):
    """Which second-level platform commands a unit (R28: 001 a11); a platform is its own."""

    __tablename__ = "unit_districts"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    district_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)


class FrontageRow(Base):
    """An agreement about frontage duties (门前五包) with a shop (R40: 003 a9)."""

    __tablename__ = "frontage_agreements"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on > signed_on", name="lasts_for_a_while"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    address: Mapped[str]
    duties: Mapped[str]
    signed_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The first day on which it no longer holds."""


class UnitLookRow(Base):
    """A unit looked at its cases on a day (R37: 003 a7)."""

    __tablename__ = "unit_looks"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    """Shanghai time."""
    first_at: Mapped[datetime]
    by_name: Mapped[str]


class ResponsibilityRow(Base):
    """One row of the matrix category x area -> unit, with its days of validity (R31)."""

    __tablename__ = "responsibilities"
    __table_args__ = (
        UniqueConstraint(
            "scheme",
            "category",
            "area",
            "unit_id",
            "duty",
            "valid_from",
            name="uq_responsibilities_rule",
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_for_a_while"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    scheme: Mapped[str]
    category: Mapped[str]
    area: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    duty: Mapped[Duty] = mapped_column(enum_type(Duty))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

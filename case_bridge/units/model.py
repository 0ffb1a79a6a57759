"""Tables of units and of the responsibility matrix."""

from datetime import date
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

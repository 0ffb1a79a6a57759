"""Values: a responsible unit, a row of the responsibility matrix, a suggestion."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hotline.kernel.ids import UnitId


class UnitClass(StrEnum):
    """How much a unit has to do, and so how it is reached (R36: 003 a6-7)."""

    FIRST = "first"  # 一类: own terminal
    SECOND = "second"  # 二类: person and fixed phone
    THIRD = "third"  # 三类: phone and person
    FRONTAGE = "frontage"  # 门前五包责任人: a shop, by phone (R40: 003 a9)

    @property
    def has_terminal(self) -> bool:
        """Say whether such a unit surely has a screen of its own; the others are rung (R38)."""
        return self is UnitClass.FIRST


class Duty(StrEnum):
    """Why a unit answers for something (R32: 004 a13)."""

    MAINTAINER = "maintainer"  # 维护单位
    MANAGER = "manager"  # 管理单位
    OWNER = "owner"  # 权属单位


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit that handles cases."""

    code: str
    name: str
    unit_class: UnitClass
    contact_name: str = ""
    phone: str = ""
    is_utility: bool = False
    """A public-service company: its competent department is told as well (R33: 004 a17)."""
    competent_code: str | None = None
    """The unit code of that department."""
    part_of: str | None = None
    """The unit whose terminal this is: it receives and handles by itself (R39: 003 a8)."""
    district_code: str | None = None
    """The second-level platform that commands it (R28: 001 a11); a platform names itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityRule:
    """One row of the matrix category x area -> unit, as a city writes it (R31)."""

    scheme: str
    category: str
    """`kind:code` with the code whole, cut to its major class, or `*` for every one of a kind."""
    area: str
    """A street or district as it stands in addresses, or `*`."""
    unit_code: str
    duty: Duty = Duty.MAINTAINER
    valid_from: date
    valid_to: date | None = None
    """The first day on which it no longer holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsibility:
    """The same row once its unit is known."""

    scheme: str
    category: str
    area: str
    unit_id: UnitId
    unit_name: str
    duty: Duty
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitContact:
    """How a unit is reached, and who else must hear of what it gets."""

    unit_id: UnitId
    name: str
    unit_class: UnitClass
    contact_name: str
    phone: str
    competent_id: UnitId | None
    """The competent department of a public-service company (R33)."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Which unit, and why the matrix says so."""

    unit_id: UnitId
    unit_name: str
    reason: str

"""Codes of places: unit grids with 15 digits, components with 16 (domain 3.1, 3.2)."""

import re
from dataclasses import dataclass
from typing import Final

from hotline.kernel.errors import Invalid

COMMUNITY_DIGITS: Final = 12
"""So many digits of a unit grid's code name county, street and community (R101)."""

_GRID: Final = re.compile(r"\d{15}", re.ASCII)
_COMPONENT: Final = re.compile(r"\d{16}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class GridCode:
    """The code of a unit grid (单元网格): county, street, community, serial."""

    county: str
    street: str
    community: str
    serial: str

    @classmethod
    def parse(cls, text: str) -> "GridCode":
        """Return the code that the text is.

        Raises:
            Invalid: if it is not 15 digits, or a part of it is zero.
        """
        code = text.strip()
        if _GRID.fullmatch(code) is None:
            raise Invalid("grid_code", f"{text!r} is not 15 digits")
        parsed = cls(code[:6], code[6:9], code[9:12], code[12:])
        for name, part in (("county", parsed.county), ("serial", parsed.serial)):
            if not int(part):
                raise Invalid("grid_code", f"{text!r} has no {name} number (001 is the first)")
        return parsed

    def __str__(self) -> str:
        return f"{self.county}{self.street}{self.community}{self.serial}"


@dataclass(frozen=True, slots=True, order=True)
class ComponentCode:
    """The identifier of a component (部件): county, major class, minor class, serial."""

    county: str
    major: str
    minor: str
    serial: str

    @classmethod
    def parse(cls, text: str) -> "ComponentCode":
        """Return the code that the text is.

        Raises:
            Invalid: if it is not 16 digits, or a part of it is zero.
        """
        code = text.strip()
        if _COMPONENT.fullmatch(code) is None:
            raise Invalid("component_code", f"{text!r} is not 16 digits")
        parsed = cls(code[:6], code[6:8], code[8:10], code[10:])
        parts = (("county", parsed.county), ("major class", parsed.major))
        for name, part in (*parts, ("minor class", parsed.minor), ("serial", parsed.serial)):
            if not int(part):
                raise Invalid("component_code", f"{text!r} has no {name} number")
        return parsed

    @property
    def category_code(self) -> str:
        """Return major and minor class, as the category table writes them."""
        return self.major + self.minor

    def __str__(self) -> str:
        return f"{self.county}{self.major}{self.minor}{self.serial}"

"""Values: a component of the city (部件) with the attributes of domain 3.2."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final

from case_bridge.places.codes import ComponentCode
from hotline.kernel.errors import Invalid


class ComponentState(StrEnum):
    """In what state a component is."""

    INTACT = "intact"  # 完好
    DAMAGED = "damaged"  # 破损
    LOST = "lost"  # 丢失
    ABANDONED = "abandoned"  # 废弃


class Accuracy(StrEnum):
    """How well its position was measured."""

    A = "A"  # within 0.5 m
    B = "B"  # within 1.0 m
    C = "C"  # within 10 m


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component as the register has it; the position is WGS 84."""

    code: str
    name: str
    state: ComponentState = ComponentState.INTACT
    competent_code: str = ""
    competent_name: str = ""
    owner_code: str = ""
    owner_name: str = ""
    maintainer_code: str = ""
    maintainer_name: str = ""
    place: str = ""
    longitude: float
    latitude: float
    accuracy: Accuracy = Accuracy.C
    source: str = ""
    note: str = ""
    surveyed_on: date | None = None

    def __post_init__(self) -> None:
        ComponentCode.parse(self.code)
        if not self.name.strip():
            raise Invalid("name", "is empty")

    @property
    def departments(self) -> frozenset[str]:
        """Codes of the units that answer for it."""
        codes = {self.competent_code, self.owner_code, self.maintainer_code}
        return frozenset(code for code in codes if code)


MAX_NOTE: Final = 1000

EDITABLE: Final = tuple(
    each.name for each in fields(Component) if each.name not in {"code", "source"}
)
"""What the update tool may change; the code is its identity."""


def changes_between(old: Component, new: Component) -> dict[str, Any]:
    """Return each field that differs, with its old and new value as JSON has it."""
    return {
        each.name: [_plain(getattr(old, each.name)), _plain(getattr(new, each.name))]
        for each in fields(Component)
        if getattr(old, each.name) != getattr(new, each.name)
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value

"""Reading a census of components from CSV; every mistake names its row and column."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from case_bridge.places.component import Accuracy, Component, ComponentState
from case_bridge.places.grid import Problem
from case_bridge.places.position import Crs, parse_crs, to_wgs84
from hotline.kernel.errors import Invalid

NEEDED: Final = ("code", "name", "longitude", "latitude")
TEXTS: Final = (
    "competent_code",
    "competent_name",
    "owner_code",
    "owner_name",
    "maintainer_code",
    "maintainer_name",
    "place",
    "source",
    "note",
)
STATE_WORDS: Final = {
    "完好": ComponentState.INTACT,
    "破损": ComponentState.DAMAGED,
    "丢失": ComponentState.LOST,
    "废弃": ComponentState.ABANDONED,
}


@dataclass
class ComponentFile:
    """What a file says, and what is wrong with it."""

    components: list[Component] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_components(content: bytes, crs: Crs) -> ComponentFile:
    """Return the components of a CSV file with the columns of `Component`."""
    found = ComponentFile()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found.problems.append(Problem(f"row {line}", "is not UTF-8; save the file as UTF-8"))
        return found
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey="beyond")
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        found.problems.append(Problem("row 1", f"the column {', '.join(missing)} is missing"))
        return found
    seen: dict[str, int] = {}
    for row in rows:
        try:
            component = _component(row, crs)
        except Invalid as error:
            found.problems.append(
                Problem(f"row {rows.line_num}", f"column {error.field}: {error.problem}")
            )
            continue
        first = seen.setdefault(component.code, rows.line_num)
        if first != rows.line_num:
            found.problems.append(
                Problem(f"row {rows.line_num}", f"column code: is that of row {first}")
            )
        found.components.append(component)
    return found


def _component(row: Mapping[str, str | None], crs: Crs) -> Component:
    values = {name: str(value or "").strip() for name, value in row.items()}
    if values.get("crs") and parse_crs(values["crs"]) is not crs:
        raise Invalid("crs", f"says {values['crs']}, but {crs} was chosen")
    position = to_wgs84(_number(values, "longitude"), _number(values, "latitude"), crs)
    return Component(
        code=values["code"],
        name=values["name"],
        state=_state(values.get("state", "")),
        longitude=round(position.longitude, 8),
        latitude=round(position.latitude, 8),
        accuracy=_accuracy(values.get("accuracy", "")),
        surveyed_on=_date(values.get("surveyed_on", "")),
        **{name: values[name] for name in TEXTS if name in values},
    )


def _number(values: Mapping[str, str], name: str) -> float:
    try:
        return float(values[name])
    except ValueError:
        raise Invalid(name, f"{values[name]!r} is not a number") from None


def _state(text: str) -> ComponentState:
    if not text:
        return ComponentState.INTACT
    if text in STATE_WORDS:
        return STATE_WORDS[text]
    if text in set(ComponentState):
        return ComponentState(text)
    raise Invalid("state", f"{text!r} is none of {'、'.join(STATE_WORDS)}")


def _accuracy(text: str) -> Accuracy:
    if not text:
        return Accuracy.C
    if text in set(Accuracy):
        return Accuracy(text)
    raise Invalid("accuracy", f"{text!r} is none of A, B, C")


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("surveyed_on", f"{text!r} is not a date such as 2026-03-11") from None

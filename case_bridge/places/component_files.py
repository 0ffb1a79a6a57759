"""Reading a census of components from CSV; every mistake names its row and column."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from case_bridge.places.component import Accuracy, Component, ComponentState
from case_bridge.places.position import Crs, parse_crs, to_wgs84
from case_bridge.places.problem import WHOLE_FILE, Problem, Said, at_row, not_utf8
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

WANTED: Final = {
    "code": "应为16位部件标识码",
    "name": "请填写名称",
    "longitude": "应为以度为单位的经度",
    "latitude": "应为以度为单位的纬度",
    "state": f"应为{'、'.join(STATE_WORDS)}之一",
    "accuracy": "应为 A、B、C 之一",
    "surveyed_on": "应为日期，例如 2026-03-11",
    "crs": f"应与导入时选择的坐标系一致（{'、'.join(Crs)}）",
}
"""What each column that can be wrong must hold."""


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
        found.problems.append(not_utf8(content, error))
        return found
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey="beyond")
    try:
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            names = ", ".join(missing)
            what = Said(f"缺少列：{names}", f"the column {names} is missing")
            found.problems.append(Problem(at_row(1), what))
            return found
        _read_rows(rows, crs, found)
    except csv.Error as error:
        what = Said(f"不是 CSV（{error}）。请重新导出", f"is not CSV: {error}")
        found.problems.append(Problem(at_row(rows.line_num), what))
    return found


def _read_rows(rows: "csv.DictReader[str]", crs: Crs, found: ComponentFile) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        where = at_row(rows.line_num)
        try:
            component = _component(row, crs)
        except Invalid as error:
            what = Said(_in_chinese(row, error), f"column {error.field}: {error.problem}")
            found.problems.append(Problem(where, what))
            continue
        first = seen.setdefault(component.code, rows.line_num)
        if first != rows.line_num:
            what = Said(f"code 列：与第{first}行重复", f"column code: is that of row {first}")
            found.problems.append(Problem(where, what))
        found.components.append(component)
    if not found.components and not found.problems:
        what = Said("没有部件", "holds no component")
        found.problems.append(Problem(WHOLE_FILE, what))


def _in_chinese(row: Mapping[str, str | None], error: Invalid) -> str:
    column = {"component_code": "code"}.get(error.field, error.field)
    return f"{column} 列：“{row.get(column) or ''}”不对，{WANTED[column]}"


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

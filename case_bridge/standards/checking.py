"""Every mistake of a standard's file at once, or the standard (R22, R23)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from case_bridge.standards.finding import Finding, Trouble
from case_bridge.standards.standard import STAGES, WHOLE, Condition, Item, Responsible, Standard
from case_bridge.standards.tables import CONDITIONS, HEAD, ITEMS, MAJORS, Row, read_tables
from hotline.kernel.errors import Invalid
from hotline.sla.limit import MAX_AMOUNT, Limit
from hotline.tickets.category import CategoryKind, kind_from_word

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "紧急工作时": "uh",
        "工作时": "wh",
        "工作日": "wd",
        "自然日": "ud",
        **{unit: unit for unit in ("uh", "wh", "wd", "ud")},
    }
)
"""What may stand behind the number; 小时 and 天 may not: they are two clocks each (domain 3.7)."""
STAGE_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    dict(zip(("受理时限", "核实时限", "派遣时限", "核查时限", "结案时限"), STAGES, strict=True))
)
RESPONSIBLE: Final[Mapping[str, Responsible]] = MappingProxyType(
    {
        "产权单位": Responsible.OWNER,
        "管理单位": Responsible.MANAGER,
        "养护单位": Responsible.MAINTAINER,
        "主管部门": Responsible.COMPETENT,
        "属地": Responsible.TERRITORY,
        "执法部门": Responsible.ENFORCEMENT,
    }
)
_LIMIT = re.compile(r"(?P<amount>[0-9]+)\s*(?P<unit>\D*)", re.ASCII)
_MAJOR, _MINOR = re.compile(r"[0-9]{2}", re.ASCII), re.compile(r"[0-9]{4}", re.ASCII)
_TAG = re.compile(r"[^|]{1,40}")
"""Stored with each case, and one value of a form together with its limit."""

Key = tuple[CategoryKind, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds: the standard, or every reason why there is none."""

    standard: Standard | None
    findings: tuple[Finding, ...]


def check_file(name: str, content: bytes, *, scheme: str | None = None) -> Checked:
    """Return the standard that a file holds, or all of its mistakes.

    `scheme` is the only one allowed; None allows any.
    """
    findings: list[Finding] = []
    tables = read_tables(name, content, findings)
    if any(each.trouble in _HOPELESS for each in findings):
        return Checked(None, tuple(findings))
    check = _Check(findings)
    head = check.head(tables[HEAD], scheme)
    majors = check.majors(tables[MAJORS])
    items = check.items(tables[ITEMS], majors)
    conditions = check.conditions(tables[CONDITIONS], items)
    check.complete(items, conditions)
    if findings or head is None:
        return Checked(None, tuple(findings))
    whole = tuple(
        _item(row, key, majors[key[0], row.text("大类代码")], conditions[key])
        for key, row in items.items()
    )
    standard = Standard(scheme=head[0], version=head[1], title=head[2], items=whole)
    return Checked(standard, ())


_HOPELESS = frozenset(
    {
        *(Trouble.UNREADABLE, Trouble.NOT_WORKBOOK, Trouble.NOT_UTF8),
        *(Trouble.NO_COLUMN, Trouble.NO_SHEET),
    }
)


class _Check:
    """The rules, each over one sheet; what is wrong goes to one list."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def head(self, rows: list[Row], scheme: str | None) -> tuple[str, str, str] | None:
        if len(rows) != 1:
            values = {"count": len(rows)}
            self._findings.append(Finding(Trouble.ONE_ROW, HEAD, values=values))
            return None
        row = rows[0]
        found = self._need(row, "体系"), self._need(row, "版本"), self._need(row, "标准名称")
        if scheme is not None and found[0] and found[0] != scheme:
            self._add(Trouble.WRONG_SCHEME, row, "体系", value=found[0], wanted=scheme)
        for column, text in (("体系", found[0]), ("版本", found[1])):
            if text and re.search(r"[@:\s]", text):
                self._add(Trouble.BAD_CODE, row, column, value=text, what=column, form="不含@:空格")
        return found

    def majors(self, rows: list[Row]) -> dict[Key, Row]:
        found: dict[Key, Row] = {}
        for row in rows:
            kind, code = self._kind(row), self._code(row, "大类代码", _MAJOR, "两位数字")
            self._need(row, "大类名称")
            self._keep(found, kind, code, row, "大类代码")
        return found

    def items(self, rows: list[Row], majors: Mapping[Key, Row]) -> dict[Key, Row]:
        found: dict[Key, Row] = {}
        for row in rows:
            kind, code = self._kind(row), self._code(row, "小类代码", _MINOR, "四位数字")
            self._need(row, "小类名称")
            major = self._code(row, "大类代码", _MAJOR, "两位数字")
            if kind and major and (kind, major) not in majors:
                self._add(
                    Trouble.NO_PARENT,
                    row,
                    "大类代码",
                    value=f"{row.text('类型')} {major}",
                    sheet=MAJORS,
                )
            if code and major and not code.startswith(major):
                form = f"以大类代码{major}开头的四位数字"
                self._add(Trouble.BAD_CODE, row, "小类代码", value=code, what="小类代码", form=form)
            self._keep(found, kind, code, row, "小类代码")
        return found

    def conditions(
        self, rows: list[Row], items: Mapping[Key, Row]
    ) -> dict[Key, tuple[Condition, ...]]:
        found: dict[Key, tuple[Condition, ...]] = {}
        seen: dict[tuple[Key, str, str], tuple[int, str]] = {}
        for row in rows:
            kind, code = self._kind(row), self._code(row, "小类代码", _MINOR, "四位数字")
            condition = self._condition(row)
            if kind is None or code is None:
                continue
            key = (kind, code)
            if key not in items:
                named = f"{row.text('类型')} {code}"
                self._add(Trouble.NO_PARENT, row, "小类代码", value=named, sheet=ITEMS)
            if condition is None:
                continue
            self._twice(row, seen, (key, condition.code, condition.words), condition.limit)
            found[key] = (*found.get(key, ()), condition)
        return found

    def complete(
        self, items: Mapping[Key, Row], conditions: Mapping[Key, tuple[Condition, ...]]
    ) -> None:
        """Look for what no row of its own could show."""
        if not items and not self._findings:
            self._findings.append(Finding(Trouble.NO_ITEM, ITEMS))
        spoiled = any(each.sheet == CONDITIONS for each in self._findings)
        for key, row in items.items():
            # A spoiled row says so itself; its category would only be blamed twice.
            if key not in conditions and not spoiled:
                self._add(
                    Trouble.NO_CONDITION, row, "小类代码", value=f"{key[1]} {row.text('小类名称')}"
                )

    def _condition(self, row: Row) -> Condition | None:
        before = len(self._findings)
        words, tag = self._need(row, "立案条件"), row.text("条件代码")
        if tag and not _TAG.fullmatch(tag):
            form = "不超过40个字、不含竖线"
            self._add(Trouble.BAD_CODE, row, "条件代码", value=tag, what="条件代码", form=form)
        if words and not tag and not _TAG.fullmatch(words):
            # Short words are their own code; these are too long for one.
            self._add(Trouble.EMPTY, row, "条件代码")
        limit = self._limit(row, "处置时限", required=True)
        stages = {
            stage: text
            for column, stage in STAGE_COLUMNS.items()
            if (text := self._limit(row, column))
        }
        responsible = tuple(self._responsible(row))
        if len(self._findings) > before:
            return None
        return Condition(
            code="" if tag == WHOLE else tag or words,
            words=words,
            closing=row.text("结案条件"),
            limit=limit,
            stages=stages,
            responsible=responsible,
        )

    def _responsible(self, row: Row) -> Iterator[Responsible]:
        for word in filter(None, re.split(r"[、,，;；\s]+", row.text("责任主体"))):
            if word in RESPONSIBLE:
                yield RESPONSIBLE[word]
            else:
                known = "、".join(RESPONSIBLE)
                self._add(Trouble.UNKNOWN_RESPONSIBLE, row, "责任主体", value=word, known=known)

    def _limit(self, row: Row, column: str, *, required: bool = False) -> str:
        text = row.text(column)
        if not text:
            if required:
                self._add(Trouble.EMPTY, row, column)
            return ""
        match = _LIMIT.fullmatch(text)
        if match is None:
            self._add(Trouble.NO_LIMIT, row, column, value=text)
            return ""
        unit = match["unit"].strip()
        if not unit:
            self._add(Trouble.NO_UNIT, row, column, value=text)
            return ""
        if unit not in UNITS:
            self._add(Trouble.UNKNOWN_UNIT, row, column, value=text, unit=unit)
            return ""
        try:
            # Seven digits are no amount, and no int is made of a thousand of them.
            amount = int(match["amount"]) if len(match["amount"]) < 7 else MAX_AMOUNT + 1
            return str(Limit.parse(f"{amount}{UNITS[unit]}"))
        except Invalid:
            self._add(Trouble.NO_LIMIT, row, column, value=text)
            return ""

    def _twice(
        self,
        row: Row,
        seen: dict[tuple[Key, str, str], tuple[int, str]],
        condition: tuple[Key, str, str],
        limit: str,
    ) -> None:
        first, other = seen.setdefault(condition, (row.number, limit))
        if first == row.number:
            return
        if other == limit:
            self._add(Trouble.DOUBLE_CONDITION, row, "立案条件", first=first)
            return
        self._add(
            Trouble.TWO_LIMITS,
            row,
            "处置时限",
            first=first,
            condition=condition[2],
            other=Limit.parse(other).label(),
            value=Limit.parse(limit).label(),
        )

    def _keep(
        self,
        found: dict[Key, Row],
        kind: CategoryKind | None,
        code: str | None,
        row: Row,
        column: str,
    ) -> None:
        if kind is None or code is None:
            return
        first = found.setdefault((kind, code), row)
        if first is not row:
            self._add(Trouble.DOUBLE_CODE, row, column, value=code, first=first.number)

    def _kind(self, row: Row) -> CategoryKind | None:
        text = self._need(row, "类型")
        kind = kind_from_word(text)
        if text and kind is None:
            self._add(Trouble.UNKNOWN_KIND, row, "类型", value=text)
        return kind

    def _code(self, row: Row, column: str, form: re.Pattern[str], words: str) -> str | None:
        text = self._need(row, column)
        if not text:
            return None
        if not form.fullmatch(text):
            self._add(Trouble.BAD_CODE, row, column, value=text, what=column, form=words)
            return None
        return text

    def _need(self, row: Row, column: str) -> str:
        text = row.text(column)
        if not text:
            self._add(Trouble.EMPTY, row, column)
        return text

    def _add(self, trouble: Trouble, row: Row, column: str, **values: object) -> None:
        self._findings.append(Finding(trouble, row.sheet, row.number, column, values))


def _item(row: Row, key: Key, major: Row, conditions: tuple[Condition, ...]) -> Item:
    return Item(
        kind=key[0],
        major=row.text("大类代码"),
        major_name=major.text("大类名称"),
        code=key[1],
        name_zh=row.text("小类名称"),
        name_en=row.text("英文名称"),
        definition=row.text("定义"),
        conditions=conditions,
    )

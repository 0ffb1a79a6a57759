"""A standard as a file that can be changed and imported again: XLSX or CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from case_bridge.standards.checking import RESPONSIBLE, STAGE_COLUMNS
from case_bridge.standards.standard import WHOLE, Condition, Item, Standard
from case_bridge.standards.tables import (
    ALL_COLUMNS,
    COLUMNS,
    CONDITIONS,
    HEAD,
    ITEMS,
    MAJORS,
    SHEET,
)
from hotline.reports.exports.files import harmless
from hotline.sla.limit import Limit
from hotline.tickets.category import CategoryKind

KINDS: Final[Mapping[CategoryKind, str]] = {
    CategoryKind.FACILITY: "部件",
    CategoryKind.INCIDENT: "事件",
}
_WORDS = {kind: word for word, kind in RESPONSIBLE.items()}

Cells = Mapping[str, str]


def write_xlsx(standard: Standard) -> bytes:
    """Return the standard as a workbook of four sheets; every cell is text."""
    book = Workbook(write_only=True)
    for sheet, columns in COLUMNS.items():
        page = book.create_sheet(sheet)
        page.freeze_panes = "A2"
        titles = [WriteOnlyCell(page, name) for name in columns]
        for cell in titles:
            cell.font = Font(bold=True)
        page.append(titles)
        for name, cells in _rows(standard):
            if name == sheet:
                page.append([_text_cell(page, cells.get(column, "")) for column in columns])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def write_csv(standard: Standard) -> bytes:
    """Return the standard as one table in UTF-8, whose first column names the sheet."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(ALL_COLUMNS)
    for sheet, cells in _rows(standard):
        writer.writerow(
            [
                sheet if column == SHEET else _harmless(cells.get(column, ""))
                for column in ALL_COLUMNS
            ]
        )
    return written.getvalue().encode("utf-8-sig")


def _text_cell(page: object, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, text)
    # A text that begins with = stays a text, and 0101 keeps its nought.
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _harmless(text: str) -> str:
    return text if text == WHOLE else harmless(text)


def _rows(standard: Standard) -> Iterator[tuple[str, Cells]]:
    yield (
        HEAD,
        {"体系": standard.scheme, "版本": standard.version, "标准名称": standard.title},
    )
    majors = {(item.kind, item.major): item.major_name for item in standard.items}
    for (kind, code), name in majors.items():
        yield MAJORS, {"类型": KINDS[kind], "大类代码": code, "大类名称": name}
    for item in standard.items:
        yield (
            ITEMS,
            {
                "类型": KINDS[item.kind],
                "大类代码": item.major,
                "小类代码": item.code,
                "小类名称": item.name_zh,
                "英文名称": item.name_en,
                "定义": item.definition,
            },
        )
    for item in standard.items:
        for condition in item.conditions:
            yield CONDITIONS, _condition(item, condition)


def _condition(item: Item, condition: Condition) -> Cells:
    code = "" if condition.code == condition.words else condition.code or WHOLE
    return {
        "类型": KINDS[item.kind],
        "小类代码": item.code,
        "条件代码": code,
        "立案条件": condition.words,
        "结案条件": condition.closing,
        "处置时限": Limit.parse(condition.limit).label(),
        "责任主体": "、".join(_WORDS[kind] for kind in condition.responsible),
        **{
            column: Limit.parse(condition.stages[stage]).label()
            for column, stage in STAGE_COLUMNS.items()
            if stage in condition.stages
        },
    }

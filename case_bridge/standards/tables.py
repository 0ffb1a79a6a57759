"""A standard's file as rows that know where they stood: XLSX with four sheets, or one CSV."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from case_bridge.standards.finding import Finding, Trouble

MAX_FILE: Final = 8 * 1024 * 1024
"""Bytes of a file; a standard of 2,000 conditions has some 200 kB."""
MAX_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of what an XLSX holds: a small archive may hide a large one."""
MAX_ROWS: Final = 20_000
_DAMAGED: Final = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException),
)
"""What the library raises over a damaged workbook; its sheets are read only when asked for."""
SHEET: Final = "表"
"""The column of a CSV that names the sheet of its row."""

HEAD, MAJORS, ITEMS, CONDITIONS = "标准", "大类", "小类", "立案条件"
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        HEAD: ("体系", "版本", "标准名称"),
        MAJORS: ("类型", "大类代码", "大类名称"),
        ITEMS: ("类型", "大类代码", "小类代码", "小类名称", "英文名称", "定义"),
        CONDITIONS: (
            *("类型", "小类代码", "条件代码", "立案条件", "结案条件", "处置时限", "责任主体"),
            *("受理时限", "核实时限", "派遣时限", "核查时限", "结案时限"),
        ),
    }
)
"""Sheet to its columns, in the order of an export."""
ALL_COLUMNS: Final = (SHEET, *dict.fromkeys(name for names in COLUMNS.values() for name in names))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one sheet."""

    sheet: str
    number: int
    """As the person sees it: the title is row 1; in a CSV the line of the file."""
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a cell, empty if the column is not there."""
        return self.cells.get(column, "")


def read_tables(name: str, content: bytes, findings: list[Finding]) -> dict[str, list[Row]]:
    """Return the rows of each sheet; what is wrong with the file goes to `findings`."""
    tables: dict[str, list[Row]] = {sheet: [] for sheet in COLUMNS}
    if len(content) > MAX_FILE:
        why = f"大于{MAX_FILE // 1024 // 1024}MB"
        findings.append(Finding(Trouble.UNREADABLE, name, values={"why": why}))
    elif name.lower().endswith(".xlsx"):
        _read_xlsx(name, content, tables, findings)
    else:
        _read_csv(name, content, tables, findings)
    return tables


def _read_xlsx(
    name: str, content: bytes, tables: dict[str, list[Row]], findings: list[Finding]
) -> None:
    try:
        _check_size(content)
        _read_book(content, tables, findings)
    except _DAMAGED:
        findings.append(Finding(Trouble.NOT_WORKBOOK, name))


def _read_book(content: bytes, tables: dict[str, list[Row]], findings: list[Finding]) -> None:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        for sheet in COLUMNS:
            if sheet not in book.sheetnames:
                findings.append(Finding(Trouble.NO_SHEET, sheet, values={"name": sheet}))
                continue
            _read_sheet(sheet, book[sheet].iter_rows(values_only=True), tables[sheet], findings)
    finally:
        book.close()


def _check_size(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MAX_UNPACKED:
            raise zipfile.BadZipFile("larger than any standard")


def _read_sheet(
    sheet: str,
    lines: Iterable[Sequence[Any]],
    rows: list[Row],
    findings: list[Finding],
) -> None:
    titles: list[str] = []
    for number, line in enumerate(lines, start=1):
        cells = [_text(cell) for cell in line]
        if number == 1:
            titles = cells
            findings += _wrong_titles(sheet, titles, COLUMNS[sheet])
        elif any(cells):
            rows.append(Row(sheet, number, dict(zip(titles, cells, strict=False))))
        if number > MAX_ROWS:
            findings.append(Finding(Trouble.TOO_LONG, sheet, values={"most": MAX_ROWS}))
            return


def _wrong_titles(sheet: str, titles: Sequence[str], wanted: Iterable[str]) -> Iterator[Finding]:
    known = tuple(wanted)
    for missing in known:
        if missing not in titles:
            yield Finding(Trouble.NO_COLUMN, sheet, 1, missing, {"name": missing})
    for title in titles:
        if title and title not in known:
            yield Finding(Trouble.UNKNOWN_COLUMN, sheet, 1, title, {"name": title})


def _read_csv(
    name: str, content: bytes, tables: dict[str, list[Row]], findings: list[Finding]
) -> None:
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        titles = [cell.strip() for cell in next(reader, [])]
        findings += _wrong_titles(name, titles, ALL_COLUMNS)
        for line in reader:
            _keep_line(
                name, reader.line_num, dict(zip(titles, line, strict=False)), tables, findings
            )
            if reader.line_num > MAX_ROWS:
                findings.append(Finding(Trouble.TOO_LONG, name, values={"most": MAX_ROWS}))
                return
    except UnicodeDecodeError:
        findings.append(Finding(Trouble.NOT_UTF8, name))
    except csv.Error as error:
        findings.append(Finding(Trouble.UNREADABLE, name, values={"why": str(error)}))


def _keep_line(
    name: str,
    number: int,
    cells: dict[str, str],
    tables: dict[str, list[Row]],
    findings: list[Finding],
) -> None:
    cells = {title: _text(cell) for title, cell in cells.items()}
    if not any(cells.values()):
        return
    sheet = cells.get(SHEET, "")
    if sheet not in tables:
        values = {"value": sheet, "known": "、".join(COLUMNS)}
        findings.append(Finding(Trouble.UNKNOWN_SHEET, name, number, SHEET, values))
        return
    tables[sheet].append(Row(sheet, number, cells))


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    # PostgreSQL keeps no NUL in a text, and nobody means one.
    text = "" if cell is None else str(cell).replace("\0", "").strip()
    # The quote that keeps a spreadsheet from taking the text for a formula, as an export writes it.
    return text[1:] if text[:2] in {"'=", "'+", "'-", "'@"} else text

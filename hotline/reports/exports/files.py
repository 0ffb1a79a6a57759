"""Lines as files: the two formats, and texts that a spreadsheet does not run."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from openpyxl import Workbook

from hotline.kernel.clock import SHANGHAI

_BEGINS_A_FORMULA: Final = (*"=+-@", *"＝＋－＠", "\t", "\r", "\n")


def as_csv(lines: Iterable[Sequence[str]]) -> bytes:
    """Return lines as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def write_workbook(source: Path, target: Path, title: str) -> None:
    """Turn a finished CSV into XLSX, line by line."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    with source.open(encoding="utf-8-sig", newline="") as lines:
        for line in csv.reader(lines):
            sheet.append(line)
    book.save(target)


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows and does not run, whoever wrote it."""
    text = "".join(sign for sign in text if sign >= " " or sign == "\n")
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def moment(at: datetime | None) -> str:
    """Return an instant as a spreadsheet takes it for one, in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""

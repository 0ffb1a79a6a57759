"""Tickets as lines of a file: which columns, what is masked, and the two formats."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from openpyxl import Workbook

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.privacy import mask_text
from hotline.tickets.model import TicketRow
from hotline.tickets.reading import masked_address

COLUMNS: Final = (
    "工单编号", "状态", "轮次", "渠道", "诉求类型", "类别", "紧急程度", "标题", "内容", "地点",
    "受理时间", "转办时间", "办理时限", "办结时间", "归档时间", "结果", "结果说明",
    "答复方式", "答复地址",
)  # fmt: skip

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def record(
    ticket: TicketRow, category: str, word: Callable[[StrEnum], str], *, unmasked: bool
) -> list[str]:
    """Return a ticket as the texts of one line.

    Numbers and addresses are masked wherever they stand; unmasked, those of the anonymous and
    confidential still are (R88).
    """
    is_open = unmasked and not (ticket.anonymous or ticket.confidential)
    shown = str if is_open else mask_text
    address = (
        (ticket.reply_to or "")
        if is_open
        else masked_address(ticket.reply_to, anonymous=ticket.anonymous)
    )
    texts = (
        ticket.number,
        word(ticket.state),
        str(ticket.round),
        word(ticket.channel),
        word(ticket.request_kind),
        category,
        word(ticket.urgency),
        shown(ticket.subject),
        shown(ticket.body),
        shown(ticket.address),
        *(
            _moment(at)
            for at in (
                ticket.opened_at,
                ticket.transferred_at,
                ticket.due_at,
                ticket.resolved_at,
                ticket.closed_at,
            )
        ),
        word(ticket.outcome) if ticket.outcome else "",
        shown(ticket.result),
        word(ticket.reply_channel),
        address,
    )
    return [harmless(text) for text in texts]


def as_csv(lines: Iterable[Sequence[str]]) -> bytes:
    """Return lines as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def write_workbook(source: Path, target: Path) -> None:
    """Turn a finished CSV into XLSX, line by line."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("工单")
    with source.open(encoding="utf-8-sig", newline="") as lines:
        for line in csv.reader(lines):
            sheet.append(line)
    book.save(target)


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows and does not run, whoever wrote it."""
    text = "".join(sign for sign in text if sign >= " " or sign == "\n")
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""

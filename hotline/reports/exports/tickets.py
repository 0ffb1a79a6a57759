"""Tickets as lines of a file: which columns, and what is masked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.privacy import mask_text
from hotline.reports.exports.files import harmless, moment
from hotline.reports.exports.lists import Request
from hotline.tickets.listing import TicketFilter, expected_tickets, ticket_rows
from hotline.tickets.lists import Sort
from hotline.tickets.model import TicketRow
from hotline.tickets.reading import masked_address

COLUMNS: Final = (
    "工单编号", "状态", "轮次", "渠道", "诉求类型", "类别", "紧急程度", "标题", "内容", "地点",
    "受理时间", "转办时间", "办理时限", "办结时间", "归档时间", "结果", "结果说明",
    "答复方式", "答复地址",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TicketExport:
    """The list of tickets as a file; `word` is the word for a stored value."""

    word: Callable[[StrEnum], str]
    name: str = "tickets"
    title: str = "工单"
    columns: Sequence[str] = COLUMNS

    async def expected(
        self, session: AsyncSession, wanted: Mapping[str, Any], *, sort: Sort, now: datetime
    ) -> int:
        """Return about how many tickets fit."""
        return await expected_tickets(
            session, TicketFilter.from_payload(wanted), sort=sort, now=now
        )

    async def lines(
        self, session: AsyncSession, asked: Request, *, after: str | None, limit: int
    ) -> tuple[Sequence[Sequence[str]], str | None]:
        """Return the next tickets as texts, and where to go on."""
        wanted = TicketFilter.from_payload(asked.wanted)
        found, cursor = await ticket_rows(
            session, wanted, sort=asked.sort, after=after, limit=limit, now=asked.now
        )
        lines = [record(row, name, self.word, unmasked=asked.unmasked) for row, name in found]
        for row, _ in found:
            session.expunge(row)
        return lines, cursor


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
            moment(at)
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

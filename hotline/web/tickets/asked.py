"""What the address of a list asks for, as a filter; a wrong value names its field."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.categories import resolve_category
from hotline.tickets.listing import Due, Sort, TicketFilter
from hotline.tickets.question import LONGEST_QUESTION
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency

Value = TypeVar("Value", bound=StrEnum)

COLUMNS: Final = {
    "state": "状态",
    "channel": "渠道",
    "kind": "诉求类型",
    "category": "类别",
    "urgency": "紧急程度",
    "subject": "标题",
    "address": "地点",
    "opened": "受理时间",
    "due": "办理时限",
}
"""Beside the number, which is always shown."""

USUAL_COLUMNS: Final = ("state", "channel", "category", "subject", "address", "opened", "due")

SORTS: Final = {
    Sort.NEWEST: "最新受理在前",
    Sort.OLDEST: "最早受理在前",
    Sort.DUE: "按办理时限（仅已转办）",
}

DUES: Final = {
    Due.OVERDUE: "已超期",
    Due.NEAR: "24小时内到期",
    Due.RUNNING: "未到期",
}

_KEPT: Final = (
    "words", "state", "channel", "kind", "urgency", "category", "since", "until", "due", "citizen",
    "sort", "column",
)  # fmt: skip
"""Fields of the address that make the list, in the order in which it is written again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One list: what fits, in which order, with which columns, and its own address."""

    wanted: TicketFilter
    sort: Sort
    columns: tuple[str, ...]
    query: str
    """The same list again, without the page."""


async def read_asked(session: AsyncSession, query: MultiMapping[str]) -> Asked:
    """Return what the address asks for.

    Raises:
        Invalid: with the field that no list understands.
    """
    columns = [name for name in query.getall("column", []) if name in COLUMNS]
    category = query.get("category", "")
    row = await resolve_category(session, category) if category else None
    wanted = TicketFilter(
        states=_values(TicketState, query, "state"),
        channels=_values(Channel, query, "channel"),
        kinds=_values(RequestKind, query, "kind"),
        urgencies=_values(Urgency, query, "urgency"),
        category_id=row.id if row else None,
        citizen_id=_citizen(query.get("citizen", "")),
        since=_day(query.get("since", ""), "since"),
        to=_day(query.get("until", ""), "until", days=1),
        due=next(iter(_values(Due, query, "due")), None),
        words=query.get("words", "").strip()[:LONGEST_QUESTION],
    )
    sort = next(iter(_values(Sort, query, "sort")), Sort.NEWEST)
    return Asked(wanted, sort, tuple(columns) or USUAL_COLUMNS, kept_query(query))


def kept_query(query: MultiMapping[str]) -> str:
    """Return the fields of a list's address that hold something."""
    pairs = [(name, value) for name in _KEPT for value in query.getall(name, []) if value]
    return urlencode(pairs)


def _values(kind: type[Value], query: MultiMapping[str], name: str) -> Sequence[Value]:
    try:
        return [kind(value) for value in query.getall(name, []) if value]
    except ValueError:
        raise Invalid(name, f"is none of {', '.join(kind)}") from None


def _day(text: str, field: str, *, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise Invalid(field, "must be YYYY-MM-DD") from None
    return datetime.combine(day, time(0), SHANGHAI)


def _citizen(text: str) -> CitizenId | None:
    if not text:
        return None
    try:
        return CitizenId(UUID(text))
    except ValueError:
        raise Invalid("citizen", "is not an id") from None

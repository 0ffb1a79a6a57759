"""What the address of a list asks for, as a filter; a wrong value names its field."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.categories import resolve_category
from hotline.tickets.listing import TicketFilter
from hotline.tickets.lists import Due, Sort
from hotline.tickets.question import LONGEST_QUESTION
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.web.lists import day_of, kept_query, values_of

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

KEPT: Final = (
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
        states=values_of(TicketState, query, "state"),
        channels=values_of(Channel, query, "channel"),
        kinds=values_of(RequestKind, query, "kind"),
        urgencies=values_of(Urgency, query, "urgency"),
        category_id=row.id if row else None,
        citizen_id=_citizen(query.get("citizen", "")),
        since=day_of(query.get("since", ""), "since"),
        to=day_of(query.get("until", ""), "until", days=1),
        due=next(iter(values_of(Due, query, "due")), None),
        words=query.get("words", "").strip()[:LONGEST_QUESTION],
    )
    sort = next(iter(values_of(Sort, query, "sort")), Sort.NEWEST)
    return Asked(wanted, sort, tuple(columns) or USUAL_COLUMNS, kept_query(query, KEPT))


def _citizen(text: str) -> CitizenId | None:
    if not text:
        return None
    try:
        return CitizenId(UUID(text))
    except ValueError:
        raise Invalid("citizen", "is not an id") from None

"""Lists of tickets that stay quick with a million rows: filters, words, keyset pages, "about N".

No page skips rows (OFFSET) and nothing counts everything. What is asked with words is looked up in
the index of words first: few hits are read at once, many are walked newest first until the page
is full.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.explained import expected_rows
from hotline.tickets.lists import (
    NEAR,
    PAGE_SIZE,
    SHORT,
    Due,
    Sort,
    cursor_of,
    dates,
    few_hits,
    in_order,
    narrowed,
)
from hotline.tickets.model import ComplainantRow, TicketRow, TicketWordsRow
from hotline.tickets.question import question
from hotline.tickets.repository import line_of, lines_query
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.tickets.views import TicketLine
from hotline.tickets.words import mark, mark_query

WALKED: Final = 40_000
"""Tickets of the other conditions that are walked for the words, and not the words for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """What is wanted; an empty field lets everything through. `to` is exclusive."""

    states: Collection[TicketState] = ()
    channels: Collection[Channel] = ()
    kinds: Collection[RequestKind] = ()
    urgencies: Collection[Urgency] = ()
    category_id: UUID | None = None
    citizen_id: CitizenId | None = None
    since: datetime | None = None
    to: datetime | None = None
    due: Due | None = None
    words: str = ""

    def to_payload(self) -> dict[str, Any]:
        """Return the filter as JSON values."""
        return {
            "states": sorted(self.states),
            "channels": sorted(self.channels),
            "kinds": sorted(self.kinds),
            "urgencies": sorted(self.urgencies),
            "category_id": str(self.category_id) if self.category_id else None,
            "citizen_id": str(self.citizen_id) if self.citizen_id else None,
            "since": self.since.isoformat() if self.since else None,
            "to": self.to.isoformat() if self.to else None,
            "due": self.due,
            "words": self.words,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "TicketFilter":
        """Return the filter that `to_payload` wrote."""
        held = payload.get
        return cls(
            states=[TicketState(each) for each in payload["states"]],
            channels=[Channel(each) for each in payload["channels"]],
            kinds=[RequestKind(each) for each in payload["kinds"]],
            urgencies=[Urgency(each) for each in payload["urgencies"]],
            category_id=UUID(payload["category_id"]) if held("category_id") else None,
            citizen_id=CitizenId(UUID(payload["citizen_id"])) if held("citizen_id") else None,
            since=datetime.fromisoformat(payload["since"]) if held("since") else None,
            to=datetime.fromisoformat(payload["to"]) if held("to") else None,
            due=Due(payload["due"]) if held("due") else None,
            words=payload["words"],
        )


@dataclass(frozen=True, slots=True)
class TicketList:
    """One page; `about` is how many fit in all, exact only if `is_exact`.

    None for words that many tickets hold: nobody has counted those, and no statistics know them.
    """

    lines: tuple[TicketLine, ...]
    next_cursor: str | None
    about: int | None
    is_exact: bool


async def list_tickets(
    session: AsyncSession,
    wanted: TicketFilter,
    *,
    sort: Sort = Sort.NEWEST,
    after: str | None = None,
    limit: int = PAGE_SIZE,
    now: datetime,
) -> TicketList:
    """Return a page of the tickets that fit.

    Raises:
        Invalid: if the cursor is not of this list, no word can be looked for, or the search
            takes too long and has to be narrowed.
    """
    with narrowed():
        query, hits, walks_words = await _prepared(session, wanted, sort, now)
        is_counted = after is None and not (wanted.words and hits is None)
        about = await expected_rows(session, query) if is_counted else None
        ordered = _ordered(query, sort, walks_words, after)
        found = (await session.execute(ordered.limit(limit + 1))).all()
    lines = tuple(line_of(row) for row in found[:limit])
    if len(found) <= limit:
        return TicketList(lines, None, len(lines), after is None)
    if about is not None:
        about = max(about if hits is None else min(about, len(hits)), limit + 1)
    return TicketList(lines, _cursor(found[limit - 1][0], sort), about, False)


async def ticket_rows(
    session: AsyncSession,
    wanted: TicketFilter,
    *,
    sort: Sort,
    after: str | None,
    limit: int,
    now: datetime,
) -> tuple[Sequence[tuple[TicketRow, str]], str | None]:
    """Return whole tickets with the names of their categories, and the next cursor: for files.

    Raises:
        Invalid: as `list_tickets`.
    """
    with narrowed():
        query, _, walks_words = await _prepared(session, wanted, sort, now)
        ordered = _ordered(query, sort, walks_words, after).limit(limit)
        found = [(row, name or "") for row, name in await session.execute(ordered)]
    return found, _cursor(found[-1][0], sort) if len(found) == limit else None


async def expected_tickets(
    session: AsyncSession, wanted: TicketFilter, *, sort: Sort, now: datetime
) -> int:
    """Return about how many tickets fit."""
    with narrowed():
        query, hits, _ = await _prepared(session, wanted, sort, now)
        about = await expected_rows(session, query)
    return about if hits is None else min(about, len(hits))


async def _prepared(
    session: AsyncSession, wanted: TicketFilter, sort: Sort, now: datetime
) -> tuple[Select[TicketRow, str], Sequence[UUID] | None, bool]:
    """Return the query, the few hits of its words, and whether the list of words is walked."""
    asked = await _asked(wanted)
    await session.execute(SHORT)
    if asked is None:
        return _query(wanted, sort, None, None, now), None, False
    hits = await few_hits(
        session,
        select(TicketWordsRow.ticket_id).where(
            TicketWordsRow.words.op("@@")(cast(asked, TSQUERY)),
            *dates(TicketWordsRow.opened_at, wanted.since, wanted.to),
        ),
    )
    query = _query(wanted, sort, asked, hits, now)
    if hits is not None:
        return query, hits, False
    # Few tickets of the other conditions are walked rather than many with the words.
    others = _query(wanted, sort, None, None, now)
    return query, None, await expected_rows(session, others) > WALKED


async def _asked(wanted: TicketFilter) -> str | None:
    """Return words and marks as a tsquery; None if there are no words."""
    if not wanted.words.strip():
        return None
    words = await asyncio.to_thread(question, wanted.words)
    if not words:
        raise Invalid("words", "has nothing to look for; numbers of people are found by number")
    marks = [
        [mark("channel", each.value) for each in wanted.channels],
        [mark("kind", each.value) for each in wanted.kinds],
        [mark("category", wanted.category_id)] if wanted.category_id else [],
    ]
    return " & ".join([words, *(mark_query(each) for each in marks if each)])


def _query(
    wanted: TicketFilter, sort: Sort, asked: str | None, hits: Sequence[UUID] | None, now: datetime
) -> Select[TicketRow, str]:
    query = lines_query().where(*_conditions(wanted, sort, now))
    if hits is not None:
        return query.where(
            TicketRow.id.in_(hits), *dates(TicketRow.opened_at, wanted.since, wanted.to)
        )
    if asked is None:
        return query.where(*dates(TicketRow.opened_at, wanted.since, wanted.to))
    return query.join(TicketWordsRow, TicketWordsRow.ticket_id == TicketRow.id).where(
        TicketWordsRow.words.op("@@")(cast(asked, TSQUERY)),
        *dates(TicketWordsRow.opened_at, wanted.since, wanted.to),
    )


def _conditions(wanted: TicketFilter, sort: Sort, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (TicketRow.state, wanted.states),
        (TicketRow.channel, wanted.channels),
        (TicketRow.request_kind, wanted.kinds),
        (TicketRow.urgency, wanted.urgencies),
    ):
        if values:
            found.append(column.in_(list(values)))
    if wanted.category_id:
        found.append(TicketRow.category_id == wanted.category_id)
    if wanted.citizen_id:
        joined = select(ComplainantRow.ticket_id).where(
            ComplainantRow.citizen_id == wanted.citizen_id
        )
        found.append(or_(TicketRow.citizen_id == wanted.citizen_id, TicketRow.id.in_(joined)))
    if wanted.due or sort is Sort.DUE:
        found += [TicketRow.state == TicketState.TRANSFERRED, TicketRow.due_at.is_not(None)]
    match wanted.due:
        case Due.OVERDUE:
            found.append(TicketRow.due_at < now)
        case Due.NEAR:
            found.append(TicketRow.due_at.between(now, now + NEAR))
        case Due.RUNNING:
            found.append(TicketRow.due_at >= now)
    return found


def _ordered(
    query: Select[TicketRow, str], sort: Sort, walks_words: bool, after: str | None
) -> Select[TicketRow, str]:
    at: Any = TicketRow.due_at if sort is Sort.DUE else TicketRow.opened_at
    key: Any = TicketRow.id
    if walks_words and sort is not Sort.DUE:
        # The same values, under the index that has the words beside them.
        at, key = TicketWordsRow.opened_at, TicketWordsRow.ticket_id
    ordered: Select[TicketRow, str] = in_order(query, sort, at, key, after)
    return ordered


def _cursor(row: TicketRow, sort: Sort) -> str:
    return cursor_of(sort, row.due_at if sort is Sort.DUE else row.opened_at, row.id)

"""Lists of tickets that stay quick with a million rows: filters, words, keyset pages, "about N".

No page skips rows (OFFSET) and nothing counts everything. What is asked with words is looked up in
the index of words first: few hits are read at once, many are walked newest first until the page
is full.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.explained import expected_rows
from hotline.tickets.model import ComplainantRow, TicketRow, TicketWordsRow
from hotline.tickets.question import question
from hotline.tickets.repository import line_of, lines_query
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.tickets.views import TicketLine
from hotline.tickets.words import mark, mark_query

PAGE_SIZE: Final = 50
FEW: Final = 3_000
"""Hits of words that are read at once; more are walked in order."""

NEAR: Final = timedelta(hours=24)
LIMIT_MS: Final = 3_000
"""No list holds a connection longer; the person is asked to narrow the search."""


class Sort(StrEnum):
    """In which order."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"
    """By due time: only what is with the city has one that runs."""


class Due(StrEnum):
    """How a running deadline stands."""

    OVERDUE = "overdue"  # 已超期
    NEAR = "near"  # 24小时内到期
    RUNNING = "running"  # 未到期


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


@dataclass(frozen=True, slots=True)
class TicketList:
    """One page; `about` is how many fit in all, exact only if `is_exact`."""

    lines: tuple[TicketLine, ...]
    next_cursor: str | None
    about: int
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
    asked = await _asked(wanted)
    await session.execute(_SHORT)
    hits = None
    try:
        if asked:
            hits = await _few_hits(session, asked, wanted)
        query = _query(wanted, sort, asked, hits, now)
        about = await expected_rows(session, query) if after is None else 0
        ordered = _ordered(query, sort, asked is not None and hits is None, after)
        found = (await session.execute(ordered.limit(limit + 1))).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _QUERY_CANCELED:
            raise Invalid("words", "takes too long: name dates, a state or more words") from error
        raise
    lines = tuple(line_of(row) for row in found[:limit])
    if len(found) <= limit:
        return TicketList(lines, None, len(lines), after is None)
    if hits is not None:
        about = min(about, len(hits))
    return TicketList(lines, _cursor(lines[-1], sort), max(about, limit + 1), False)


_SHORT: Final = text(
    # A plan for these very values: a plan for any words would walk for rare ones too.
    f"SELECT set_config('statement_timeout', '{LIMIT_MS}', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"
)
_QUERY_CANCELED: Final = "57014"


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


async def _few_hits(
    session: AsyncSession, asked: str, wanted: TicketFilter
) -> Sequence[UUID] | None:
    """Return the tickets with the words, or None if they are many."""
    query = select(TicketWordsRow.ticket_id).where(
        TicketWordsRow.words.op("@@")(cast(asked, TSQUERY)),
        *_dates(TicketWordsRow.opened_at, wanted),
    )
    await session.execute(_BY_INDEX)
    found = (await session.scalars(query.limit(FEW + 1))).all()
    await session.execute(_BY_ORDER)
    return found if len(found) <= FEW else None


_BY_INDEX: Final = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true)"
)
_BY_ORDER: Final = text(
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'on', true)"
)


def _query(
    wanted: TicketFilter, sort: Sort, asked: str | None, hits: Sequence[UUID] | None, now: datetime
) -> Select[TicketRow, str]:
    query = lines_query().where(*_conditions(wanted, sort, now))
    if hits is not None:
        return query.where(TicketRow.id.in_(hits), *_dates(TicketRow.opened_at, wanted))
    if asked is None:
        return query.where(*_dates(TicketRow.opened_at, wanted))
    return query.join(TicketWordsRow, TicketWordsRow.ticket_id == TicketRow.id).where(
        TicketWordsRow.words.op("@@")(cast(asked, TSQUERY)),
        *_dates(TicketWordsRow.opened_at, wanted),
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


def _dates(column: Any, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since:
        found.append(column >= wanted.since)
    if wanted.to:
        found.append(column < wanted.to)
    return found


def _ordered(
    query: Select[TicketRow, str], sort: Sort, walks_words: bool, after: str | None
) -> Select[TicketRow, str]:
    at: Any = TicketRow.due_at if sort is Sort.DUE else TicketRow.opened_at
    key: Any = TicketRow.id
    if walks_words and sort is not Sort.DUE:
        # The same values, under the index that has the words beside them.
        at, key = TicketWordsRow.opened_at, TicketWordsRow.ticket_id
    down = sort is Sort.NEWEST
    if after:
        instant, ticket_id = _read_cursor(after, sort)
        place = func.row(at, key)
        here = func.row(instant, ticket_id)
        query = query.where(place < here if down else place > here)
    return query.order_by(at.desc() if down else at, key.desc() if down else key)


def _cursor(line: TicketLine, sort: Sort) -> str:
    at = line.due_at if sort is Sort.DUE else line.opened_at
    assert at is not None
    return f"{sort.value}|{at.isoformat()}|{line.ticket_id}"


def _read_cursor(cursor: str, sort: Sort) -> tuple[datetime, UUID]:
    order, at, ticket_id = (*cursor.split("|"), "", "", "")[:3]
    try:
        instant, identifier = datetime.fromisoformat(at), UUID(ticket_id)
    except ValueError:
        raise Invalid("after", "it was not given out by this list") from None
    if order != sort.value or instant.tzinfo is None:
        raise Invalid("after", "it was not given out by this list")
    return instant, identifier

"""Lists of tickets that stay quick with a million rows: filters, words, keyset pages, "about N".

No page skips rows (OFFSET) and nothing counts everything. What is asked with words is looked up in
the index of words first: few hits are read at once, many are walked newest first until the page
is full.
"""

import asyncio
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, TextClause, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.cursors import read_cursor, write_cursor
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

MANY: Final = 10_000
"""Hits that the planner expects of words which are walked without looking how many they are."""

WALKED: Final = 40_000
"""Tickets of the other conditions that are walked for the words, and not the words for them."""

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
    with _narrowed():
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
    with _narrowed():
        query, _, walks_words = await _prepared(session, wanted, sort, now)
        ordered = _ordered(query, sort, walks_words, after).limit(limit)
        found = [(row, name or "") for row, name in await session.execute(ordered)]
    return found, _cursor(found[-1][0], sort) if len(found) == limit else None


async def expected_tickets(
    session: AsyncSession, wanted: TicketFilter, *, sort: Sort, now: datetime
) -> int:
    """Return about how many tickets fit."""
    with _narrowed():
        query, hits, _ = await _prepared(session, wanted, sort, now)
        about = await expected_rows(session, query)
    return about if hits is None else min(about, len(hits))


async def _prepared(
    session: AsyncSession, wanted: TicketFilter, sort: Sort, now: datetime
) -> tuple[Select[TicketRow, str], Sequence[UUID] | None, bool]:
    """Return the query, the few hits of its words, and whether the list of words is walked."""
    asked = await _asked(wanted)
    await session.execute(_SHORT)
    if asked is None:
        return _query(wanted, sort, None, None, now), None, False
    hits = await _few_hits(session, asked, wanted)
    query = _query(wanted, sort, asked, hits, now)
    if hits is not None:
        return query, hits, False
    # Few tickets of the other conditions are walked rather than many with the words.
    others = _query(wanted, sort, None, None, now)
    return query, None, await expected_rows(session, others) > WALKED


@contextmanager
def _narrowed() -> Generator[None, None, None]:
    """Ask for a narrower search where PostgreSQL was stopped."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _QUERY_CANCELED:
            raise Invalid("words", "takes too long: name dates, a state or more words") from error
        raise


_SHORT: Final = text(
    # A plan for these very values: a plan for any words would walk for rare ones too.
    f"SELECT set_config('statement_timeout', '{LIMIT_MS}', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true),"
    # A bitmap of whole pages would be read again row by row.
    " set_config('work_mem', '32MB', true),"
    # To start helpers takes longer than a page, and the cores are wanted by others.
    " set_config('max_parallel_workers_per_gather', '0', true)"
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
    found: Sequence[UUID] | None = None
    if await expected_rows(session, query) <= MANY:
        await session.execute(_BY_INDEX)
        found = (await session.scalars(query.limit(FEW + 1))).all()
    if found is not None and len(found) <= FEW:
        await session.execute(_AS_ALWAYS)
        return found
    await session.execute(_IN_ORDER)
    return None


def _planning(**ways: bool) -> TextClause:
    set_ = (
        f"set_config('enable_{way}', '{'on' if is_on else 'off'}', true)"
        for way, is_on in ways.items()
    )
    return text(f"SELECT {', '.join(set_)}")


_BY_INDEX: Final = _planning(seqscan=False, indexscan=False)
_AS_ALWAYS: Final = _planning(seqscan=True, indexscan=True)
# Words that go together are far more frequent than the planner believes: it would read them all.
_IN_ORDER: Final = _planning(indexscan=True, seqscan=False, bitmapscan=False, sort=False)


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
        instant, ticket_id = read_cursor(after.removeprefix(f"{sort.value}|"))
        place = func.row(at, key)
        here = func.row(instant, ticket_id)
        query = query.where(place < here if down else place > here)
    return query.order_by(at.desc() if down else at, key.desc() if down else key)


def _cursor(row: TicketRow, sort: Sort) -> str:
    at = row.due_at if sort is Sort.DUE else row.opened_at
    assert at is not None
    return f"{sort.value}|{write_cursor(at, row.id)}"

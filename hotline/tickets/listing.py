"""Lists of tickets: filters, words, pages, "about N"."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.lists import NEAR, PAGE_SIZE, Due, Sort, Wanted, cursor_of
from hotline.tickets.model import TicketRow, TicketWordsRow
from hotline.tickets.paging import KeyPage, page_of
from hotline.tickets.question import question
from hotline.tickets.repository import line_of, lines_query
from hotline.tickets.search import WordSearch
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.tickets.views import TicketLine
from hotline.tickets.words import mark, mark_query


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
    """One page of tickets; `about` and `is_exact` as in `KeyPage`."""

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
    page = await _page(session, wanted, sort, after, limit, now)
    rows = await _rows(session, page.keys)
    cursor = _cursor(rows[-1][0], sort) if page.has_more else None
    return TicketList(tuple(line_of(row) for row in rows), cursor, page.about, page.is_exact)


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
    page = await _page(session, wanted, sort, after, limit, now)
    found = [(row, name or "") for row, name in await _rows(session, page.keys)]
    return found, _cursor(found[-1][0], sort) if page.has_more else None


async def expected_tickets(
    session: AsyncSession, wanted: TicketFilter, *, sort: Sort, now: datetime
) -> int:
    """Return about how many tickets fit."""
    page = await _page(session, wanted, sort, None, PAGE_SIZE, now)
    return page.about


async def _page(
    session: AsyncSession,
    wanted: TicketFilter,
    sort: Sort,
    after: str | None,
    limit: int,
    now: datetime,
) -> KeyPage:
    search = await _search(wanted)
    rows = Wanted(
        key=TicketRow.id,
        at=TicketRow.due_at if sort is Sort.DUE else TicketRow.opened_at,
        listed_at=TicketRow.opened_at,
        state=TicketRow.state,
        states=sorted(wanted.states),
        conditions=_conditions(wanted, sort, now, is_marked=search is not None),
        since=wanted.since,
        to=wanted.to,
        sort=sort,
        after=after,
    )
    return await page_of(session, rows, search, limit=limit)


async def _rows(session: AsyncSession, keys: Sequence[UUID]) -> Sequence[Row[TicketRow, str]]:
    """Return tickets and the names of their categories in the order of the keys."""
    found = await session.execute(lines_query().where(TicketRow.id.in_(keys)))
    by_key = {row[0].id: row for row in found}
    return [by_key[key] for key in keys]


async def _search(wanted: TicketFilter) -> WordSearch | None:
    """Return the search for the words and for what is marked beside them; None without words."""
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
    asked = " & ".join([words, *(mark_query(each) for each in marks if each)])
    return WordSearch(
        TicketWordsRow.ticket_id, TicketWordsRow.opened_at, TicketWordsRow.words, asked
    )


def _conditions(
    wanted: TicketFilter, sort: Sort, now: datetime, *, is_marked: bool
) -> list[ColumnElement[bool]]:
    """Return what narrows the list; `is_marked` leaves out what the words are marked with."""
    found: list[ColumnElement[bool]] = []
    if wanted.urgencies:
        found.append(TicketRow.urgency.in_(list(wanted.urgencies)))
    if not is_marked:
        found += _marked(wanted)
    if wanted.citizen_id:
        found.append(TicketRow.citizen_id == wanted.citizen_id)
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


def _marked(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.channels:
        found.append(TicketRow.channel.in_(list(wanted.channels)))
    if wanted.kinds:
        found.append(TicketRow.request_kind.in_(list(wanted.kinds)))
    if wanted.category_id:
        found.append(TicketRow.category_id == wanted.category_id)
    return found


def _cursor(row: TicketRow, sort: Sort) -> str:
    return cursor_of(sort, row.due_at if sort is Sort.DUE else row.opened_at, row.id)

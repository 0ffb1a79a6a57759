"""Search by words over a million rows: which rows of a list hold them, a page at a time.

Words that go together are far more frequent than PostgreSQL's planner believes, and an index of
words knows no order, so no plan is left to chance. Where few rows fit the other conditions, those
are looked through. Else the list is read stretch by stretch from the end where it begins, each as
long as what was found before asks for: day and month of every row stand among its words, so that a
stretch costs what it holds and no more. In the order of due times the rows of a stretch are looked
through, unless the words are in few rows at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, any_, cast, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import Invalid
from hotline.tickets.explained import expected_rows
from hotline.tickets.lists import LIMIT_MS, TOO_LONG, Sort, Wanted, dates, place_of
from hotline.tickets.words import day_mark, mark_query, month_mark

FEW: Final = 3_000
"""Rows that are looked through at once."""

_EXPECTED: Final = 10_000
"""Rows that the planner expects, from which on nobody looks whether they are few."""

_FIRST: Final = timedelta(days=1)
_GROWTH: Final = 8
_BY_DAYS: Final = timedelta(days=14)
_BY_MONTHS: Final = timedelta(days=400)
"""Marks of a stretch are asked one by one, so they are to be few: days, then months, then none."""

_TICK: Final = timedelta(microseconds=1)

_ROW_BY_ROW: Final = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
)
_AS_ALWAYS: Final = text(
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'on', true)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Keys that hold the words, from the cursor on, and about how many there are on all pages.

    `total` is what the stretches that were read let expect, if not all were.
    """

    keys: Sequence[UUID]
    total: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Instants from `since` to before `to`."""

    since: datetime
    to: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.to - self.since

    @property
    def marks(self) -> Sequence[str]:
        """The marks of which every row of it has one; none if it is too long."""
        if self.length > _BY_MONTHS:
            return ()
        mark_of = day_mark if self.length <= _BY_DAYS else month_mark
        begins = (self.since + timedelta(days=day) for day in range(self.length.days + 1))
        return sorted({mark_of(at) for at in (*begins, self.to - _TICK)})

    def cut(self, length: timedelta, *, at_the_end: bool) -> tuple["Stretch", "Stretch | None"]:
        """Return a piece of a length from the end or the beginning, and the rest."""
        if self.length <= length:
            return self, None
        if at_the_end:
            at = self.to - length
            return Stretch(at, self.to), Stretch(self.since, at)
        at = self.since + length
        return Stretch(self.since, at), Stretch(at, self.to)


Read = Callable[[Stretch], Awaitable[Sequence[UUID]]]
"""Return the first keys of a stretch in the list's order, at least a page if there are so many."""


@dataclass(frozen=True, slots=True)
class WordSearch:
    """A question, as a tsquery, to rows of words: whose each is, since when, and what it holds."""

    key: Any
    at: Any
    words: Any
    asked: str

    async def search(self, session: AsyncSession, wanted: Wanted, *, limit: int) -> Found:
        """Find the first rows in the list's order that hold the words: `limit`, or a few more.

        Raises:
            Invalid: if the cursor is not of this list, or the search takes too long.
        """
        others = await _few(session, wanted.fitting()) if wanted.narrowing else None
        if others is not None:
            return _whole(await self._looked_through(session, wanted, others))
        if wanted.sort is not Sort.DUE:
            return await self._by_days(session, wanted, limit)
        hits = await _few(session, select(self.key).where(self._held()))
        if hits is not None:
            among = wanted.fitting().where(_among(wanted.key, hits))
            page = wanted.page(among, wanted.at, wanted.key)
            return _whole((await session.scalars(page)).all())
        return await self._by_due_times(session, wanted, limit)

    async def _by_days(self, session: AsyncSession, wanted: Wanted, limit: int) -> Found:
        async def read(stretch: Stretch) -> Sequence[UUID]:
            held = select(self.key).where(
                self._held(stretch.marks), *dates(self.at, stretch.since, stretch.to)
            )
            if narrowing := wanted.narrowing:
                held = held.join(wanted.key.class_, wanted.key == self.key).where(*narrowing)
            page = wanted.page(held, self.at, self.key).limit(max(FEW, limit))
            return (await session.scalars(page)).all()

        return await _walk(await _span(session, wanted), wanted.sort, limit, read)

    async def _by_due_times(self, session: AsyncSession, wanted: Wanted, limit: int) -> Found:
        async def read(stretch: Stretch) -> Sequence[UUID]:
            due = wanted.fitting().where(*dates(wanted.at, stretch.since, stretch.to))
            here = (await session.scalars(due)).all()
            return await self._looked_through(session, wanted, here)

        return await _walk(await _span(session, wanted), wanted.sort, limit, read)

    async def _looked_through(
        self, session: AsyncSession, wanted: Wanted, keys: Sequence[UUID]
    ) -> Sequence[UUID]:
        """Return those of some rows that hold the words, in the list's order."""
        await session.execute(_ROW_BY_ROW)
        held = (
            wanted.fitting()
            .join(self.key.class_, self.key == wanted.key)
            .where(_among(wanted.key, keys), _among(self.key, keys), self._held())
        )
        found = (await session.scalars(wanted.page(held, wanted.at, wanted.key))).all()
        await session.execute(_AS_ALWAYS)
        return found

    def _held(self, marks: Sequence[str] = ()) -> ColumnElement[bool]:
        asked = f"({self.asked}) & {mark_query(marks)}" if marks else self.asked
        held: ColumnElement[bool] = self.words.op("@@")(cast(asked, TSQUERY))
        return held


def _whole(keys: Sequence[UUID]) -> Found:
    return Found(keys, len(keys), is_whole=True)


async def _few(session: AsyncSession, query: Select[UUID]) -> Sequence[UUID] | None:
    """Return what the query finds, or None if it is much."""
    if await expected_rows(session, query) > _EXPECTED:
        return None
    found = (await session.scalars(query.limit(FEW + 1))).all()
    return found if len(found) <= FEW else None


def _among(key: Any, keys: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition of being one of many keys; all of them are one value."""
    condition: ColumnElement[bool] = key == any_(literal(keys, ARRAY(Uuid)))
    return condition


async def _span(session: AsyncSession, wanted: Wanted) -> Stretch | None:
    """Return from where to where the rest of the list reaches; None if nothing is there."""
    # What narrows a list by due time is what its index holds; others would have to be looked for.
    narrowing = wanted.narrowing if wanted.sort is Sort.DUE else ()
    ends = select(func.min(wanted.at), func.max(wanted.at)).where(*narrowing)
    since, to = (await session.execute(ends)).one()
    if since is None:
        return None
    to += _TICK
    if wanted.sort is not Sort.DUE:
        since, to = max(since, wanted.since or since), min(to, wanted.to or to)
    if wanted.after:
        place, _ = place_of(wanted.sort, wanted.after)
        if wanted.sort is Sort.NEWEST:
            to = min(to, place + _TICK)
        else:
            since = max(since, place)
    return Stretch(since, to) if since < to else None


async def _walk(span: Stretch | None, sort: Sort, limit: int, read: Read) -> Found:
    """Return what is read of stretch after stretch, until it is enough or the end is there.

    Raises:
        Invalid: if it takes too long.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_MS / 1000
    found: list[UUID] = []
    rest, seen, length = span, timedelta(0), _FIRST
    while rest is not None and len(found) < limit:
        if loop.time() > end:
            raise Invalid("words", TOO_LONG)
        here, rest = rest.cut(length, at_the_end=sort is Sort.NEWEST)
        got = await read(here)
        found += got
        seen += here.length
        # Half as much again as should do: to look once more costs more than to look further.
        missing = 1.5 * (limit - len(found))
        length *= min(_GROWTH, max(1.0, missing / len(got))) if got else _GROWTH
    if rest is None:
        return Found(found, len(found), is_whole=len(found) < FEW)
    assert span is not None
    return Found(found, round(len(found) * (span.length / seen)), is_whole=False)

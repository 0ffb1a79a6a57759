"""Lists of cases: filters, words, pages, "about N"."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import CaseSource
from case_bridge.cases.lines import CaseLines, wanted_cases
from case_bridge.cases.model import CaseRow, CaseWordsRow
from case_bridge.cases.reading import line_of
from case_bridge.cases.states import CaseState
from case_bridge.cases.views import CaseLine
from case_bridge.units.repository import Units
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import UnitId
from hotline.tickets.category import CategoryKind
from hotline.tickets.lists import NEAR, PAGE_SIZE, Due, Sort, cursor_of
from hotline.tickets.paging import KeyPage, page_of
from hotline.tickets.question import question
from hotline.tickets.search import WordSearch


@dataclass(frozen=True, slots=True)
class CaseCategory:
    """A minor class in whatever version of its scheme a case was filed."""

    scheme: str
    kind: CategoryKind
    code: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a person may see at all; whatever they ask for, it holds too."""

    unit_id: UnitId | None = None
    district_id: UnitId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What is wanted; an empty field lets everything through. `to` is exclusive."""

    narrowing: Narrowing = Narrowing()
    states: Collection[CaseState] = ()
    sources: Collection[CaseSource] = ()
    category: CaseCategory | None = None
    condition: str = ""
    unit_id: UnitId | None = None
    district_id: UnitId | None = None
    since: datetime | None = None
    to: datetime | None = None
    due: Due | None = None
    words: str = ""

    def to_payload(self) -> dict[str, Any]:
        """Return the filter as JSON values."""
        category = self.category
        return {
            "narrowing": {
                "unit_id": _text(self.narrowing.unit_id),
                "district_id": _text(self.narrowing.district_id),
            },
            "states": sorted(self.states),
            "sources": sorted(self.sources),
            "category": [category.scheme, category.kind, category.code] if category else None,
            "condition": self.condition,
            "unit_id": _text(self.unit_id),
            "district_id": _text(self.district_id),
            "since": self.since.isoformat() if self.since else None,
            "to": self.to.isoformat() if self.to else None,
            "due": self.due,
            "words": self.words,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "CaseFilter":
        """Return the filter that `to_payload` wrote; without its narrowing it is none."""
        narrowing, category = payload["narrowing"], payload["category"]
        return cls(
            narrowing=Narrowing(_unit(narrowing["unit_id"]), _unit(narrowing["district_id"])),
            states=[CaseState(each) for each in payload["states"]],
            sources=[CaseSource(each) for each in payload["sources"]],
            category=(
                CaseCategory(category[0], CategoryKind(category[1]), category[2])
                if category
                else None
            ),
            condition=payload["condition"],
            unit_id=_unit(payload["unit_id"]),
            district_id=_unit(payload["district_id"]),
            since=datetime.fromisoformat(payload["since"]) if payload["since"] else None,
            to=datetime.fromisoformat(payload["to"]) if payload["to"] else None,
            due=Due(payload["due"]) if payload["due"] else None,
            words=payload["words"],
        )


@dataclass(frozen=True, slots=True)
class CaseList:
    """One page of cases; `about` and `is_exact` as in `KeyPage`."""

    lines: tuple[CaseLine, ...]
    next_cursor: str | None
    about: int
    is_exact: bool


async def list_cases(
    session: AsyncSession,
    wanted: CaseFilter,
    *,
    sort: Sort = Sort.NEWEST,
    after: str | None = None,
    limit: int = PAGE_SIZE,
    now: datetime,
) -> CaseList:
    """Return a page of the cases that fit.

    Raises:
        Invalid: if the cursor is not of this list, no word can be looked for, or the search
            takes too long and has to be narrowed.
    """
    page = await _page(session, wanted, sort, after, limit, now)
    rows = await CaseLines(session).of(page.keys)
    names = await names_in(session, rows)
    lines = tuple(line_of(row, names, now) for row in rows)
    cursor = _cursor(rows[-1], sort) if page.has_more else None
    return CaseList(lines, cursor, page.about, page.is_exact)


async def case_rows(
    session: AsyncSession,
    wanted: CaseFilter,
    *,
    sort: Sort,
    after: str | None,
    limit: int,
    now: datetime,
) -> tuple[Sequence[CaseRow], str | None]:
    """Return whole cases without their receipts, and the next cursor: for files.

    Raises:
        Invalid: as `list_cases`.
    """
    page = await _page(session, wanted, sort, after, limit, now)
    found = await CaseLines(session).whole(page.keys)
    return found, _cursor(found[-1], sort) if page.has_more else None


async def expected_cases(
    session: AsyncSession, wanted: CaseFilter, *, sort: Sort, now: datetime
) -> int:
    """Return about how many cases fit."""
    page = await _page(session, wanted, sort, None, PAGE_SIZE, now)
    return page.about


async def names_in(session: AsyncSession, rows: Sequence[CaseRow]) -> dict[UnitId, str]:
    """Return the names of the units and districts of some cases."""
    held = {unit for row in rows for unit in (row.unit_id, row.district_id) if unit}
    return await Units(session).names_of(held)


async def _page(
    session: AsyncSession,
    wanted: CaseFilter,
    sort: Sort,
    after: str | None,
    limit: int,
    now: datetime,
) -> KeyPage:
    rows = wanted_cases(
        wanted.states,
        _conditions(wanted, sort, now),
        since=wanted.since,
        to=wanted.to,
        sort=sort,
        after=after,
    )
    return await page_of(session, rows, await _search(wanted), limit=limit)


async def _search(wanted: CaseFilter) -> WordSearch | None:
    """Return the search for the words; None if there are none."""
    if not wanted.words.strip():
        return None
    asked = await asyncio.to_thread(question, wanted.words)
    if not asked:
        raise Invalid("words", "has nothing to look for; numbers of people are not looked for")
    return WordSearch(CaseWordsRow.case_id, CaseWordsRow.registered_at, CaseWordsRow.words, asked)


def _conditions(wanted: CaseFilter, sort: Sort, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.sources:
        found.append(CaseRow.source.in_(list(wanted.sources)))
    if wanted.category:
        found += [
            CaseRow.category_code == wanted.category.code,
            CaseRow.category_scheme == wanted.category.scheme,
            CaseRow.kind == wanted.category.kind,
        ]
    if wanted.condition:
        found.append(CaseRow.condition == wanted.condition)
    for column, values in (
        (CaseRow.unit_id, (wanted.unit_id, wanted.narrowing.unit_id)),
        (CaseRow.district_id, (wanted.district_id, wanted.narrowing.district_id)),
    ):
        found += [column == value for value in values if value is not None]
    return [*found, *_due(wanted.due, sort, now)]


def _due(due: Due | None, sort: Sort, now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions of a handling clock that runs."""
    found: list[ColumnElement[bool]] = []
    if due or sort is Sort.DUE:
        found += [
            CaseRow.clock_stopped_at.is_(None),
            CaseRow.closed_at.is_(None),
            CaseRow.due_at.is_not(None),
        ]
    match due:
        case Due.OVERDUE:
            found.append(CaseRow.due_at < now)
        case Due.NEAR:
            found.append(CaseRow.due_at.between(now, now + NEAR))
        case Due.RUNNING:
            found.append(CaseRow.due_at >= now)
    return found


def _cursor(row: CaseRow, sort: Sort) -> str:
    return cursor_of(sort, row.due_at if sort is Sort.DUE else row.registered_at, row.id)


def _text(unit_id: UnitId | None) -> str | None:
    return str(unit_id) if unit_id else None


def _unit(text: str | None) -> UnitId | None:
    return UnitId(UUID(text)) if text else None

"""Lists of cases that stay quick with a million rows: filters, words, keyset pages, "about N"."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from case_bridge.cases.case import CaseSource
from case_bridge.cases.model import CaseRow, CaseWordsRow
from case_bridge.cases.reading import line_of
from case_bridge.cases.repository import LINE_ONLY
from case_bridge.cases.states import CaseState
from case_bridge.cases.views import CaseLine
from case_bridge.units.repository import Units
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import UnitId
from hotline.tickets.category import CategoryKind
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
from hotline.tickets.question import question


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
    """One page; `about` is how many fit in all, exact only if `is_exact`.

    None for words that many cases hold: nobody has counted those.
    """

    lines: tuple[CaseLine, ...]
    next_cursor: str | None
    about: int | None
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
    with narrowed():
        query, hits = await _prepared(session, wanted, sort, now)
        is_counted = after is None and not (wanted.words and hits is None)
        about = await expected_rows(session, query) if is_counted else None
        ordered = _ordered(query.options(LINE_ONLY), sort, after).limit(limit + 1)
        found = (await session.scalars(ordered)).all()
    shown = found[:limit]
    names = await names_in(session, shown)
    lines = tuple(line_of(row, names, now) for row in shown)
    if len(found) <= limit:
        return CaseList(lines, None, len(lines), after is None)
    if about is not None:
        about = max(about if hits is None else min(about, len(hits)), limit + 1)
    return CaseList(lines, _cursor(shown[-1], sort), about, False)


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
    with narrowed():
        query, _ = await _prepared(session, wanted, sort, now)
        ordered = _ordered(query.options(defer(CaseRow.receipt)), sort, after).limit(limit)
        found = (await session.scalars(ordered)).all()
    return found, _cursor(found[-1], sort) if len(found) == limit else None


async def expected_cases(
    session: AsyncSession, wanted: CaseFilter, *, sort: Sort, now: datetime
) -> int:
    """Return about how many cases fit."""
    with narrowed():
        query, hits = await _prepared(session, wanted, sort, now)
        about = await expected_rows(session, query)
    return about if hits is None else min(about, len(hits))


async def names_in(session: AsyncSession, rows: Sequence[CaseRow]) -> dict[UnitId, str]:
    """Return the names of the units and districts of some cases."""
    held = {unit for row in rows for unit in (row.unit_id, row.district_id) if unit}
    return await Units(session).names_of(held)


async def _prepared(
    session: AsyncSession, wanted: CaseFilter, sort: Sort, now: datetime
) -> tuple[Select[CaseRow], Sequence[UUID] | None]:
    """Return the query, and the few hits of its words; None if they are many, or none asked."""
    query = select(CaseRow).where(*_conditions(wanted, sort, now))
    asked = await asyncio.to_thread(question, wanted.words) if wanted.words.strip() else None
    await session.execute(SHORT)
    if asked is None:
        return query, None
    if not asked:
        raise Invalid("words", "has nothing to look for; numbers of people are not looked for")
    holds_words = CaseWordsRow.words.op("@@")(cast(asked, TSQUERY))
    hits = await few_hits(
        session,
        select(CaseWordsRow.case_id).where(
            holds_words, *dates(CaseWordsRow.registered_at, wanted.since, wanted.to)
        ),
    )
    if hits is not None:
        return query.where(CaseRow.id.in_(hits)), hits
    return query.join(CaseWordsRow, CaseWordsRow.case_id == CaseRow.id).where(holds_words), None


def _conditions(wanted: CaseFilter, sort: Sort, now: datetime) -> list[ColumnElement[bool]]:
    found = dates(CaseRow.registered_at, wanted.since, wanted.to)
    # All states are no condition: the list is then walked in its order, whatever its length.
    if wanted.states and set(wanted.states) != set(CaseState):
        found.append(CaseRow.state.in_(list(wanted.states)))
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


def _ordered(query: Select[CaseRow], sort: Sort, after: str | None) -> Select[CaseRow]:
    at: Any = CaseRow.due_at if sort is Sort.DUE else CaseRow.registered_at
    ordered: Select[CaseRow] = in_order(query, sort, at, CaseRow.id, after)
    return ordered


def _cursor(row: CaseRow, sort: Sort) -> str:
    return cursor_of(sort, row.due_at if sort is Sort.DUE else row.registered_at, row.id)


def _text(unit_id: UnitId | None) -> str | None:
    return str(unit_id) if unit_id else None


def _unit(text: str | None) -> UnitId | None:
    return UnitId(UUID(text)) if text else None

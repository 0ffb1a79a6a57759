"""What every long list shares: its order, its cursor, its bounds, and a plan that stays short."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text, union_all
from sqlalchemy.exc import DBAPIError

from hotline.kernel.cursors import read_cursor, write_cursor
from hotline.kernel.errors import Invalid

PAGE_SIZE: Final = 50
NEAR: Final = timedelta(hours=24)
LIMIT_MS: Final = 3_000
"""No list holds a connection longer; the person is asked to narrow the search."""

TOO_LONG: Final = "takes too long: name dates, a state or more words"


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


@contextmanager
def narrowed() -> Generator[None, None, None]:
    """Ask for a narrower search where PostgreSQL was stopped."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _QUERY_CANCELED:
            raise Invalid("words", TOO_LONG) from error
        raise


SHORT: Final = text(
    # A plan for these very values: a plan for any words would walk for rare ones too.
    f"SELECT set_config('statement_timeout', '{LIMIT_MS}', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true),"
    # A bitmap of whole pages would be read again row by row.
    " set_config('work_mem', '32MB', true),"
    # To start helpers takes longer than a page, and the cores are wanted by others.
    " set_config('max_parallel_workers_per_gather', '0', true)"
)
_QUERY_CANCELED: Final = "57014"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows a list shows: in the order of `at` and `key`, from behind the cursor `after`.

    Empty `states` are all. `conditions` are those besides. `since` and `to` bound `listed_at`,
    which is `at` but in the order of due times.
    """

    key: Any
    at: Any
    listed_at: Any
    state: Any
    states: Sequence[StrEnum]
    conditions: Sequence[ColumnElement[bool]]
    since: datetime | None
    to: datetime | None
    sort: Sort
    after: str | None

    @property
    def narrowing(self) -> list[ColumnElement[bool]]:
        """What narrows the list, besides time and words."""
        of_states = [self.state.in_(self.states)] if self.states else []
        return [*of_states, *self.conditions]

    def fitting(self) -> Select[UUID]:
        """Return the query of the keys of all that fit, on all pages and with any words."""
        bounds = dates(self.listed_at, self.since, self.to)
        query: Select[UUID] = select(self.key).where(*self.narrowing, *bounds)
        return query

    def page(self, query: Select[UUID], at: Any, key: Any) -> Select[UUID]:
        """Return what of a query comes behind the cursor, in the list's order.

        Raises:
            Invalid: if the cursor is not of this list.
        """
        down = self.sort is Sort.NEWEST
        if self.after:
            # One comparison of rows, which an index answers; two with OR it would not.
            place, here = func.row(at, key), func.row(*place_of(self.sort, self.after))
            query = query.where(place < here if down else place > here)
        return query.order_by(at.desc() if down else at, key.desc() if down else key)

    def first(self, limit: int) -> Select[UUID]:
        """Return the query of the first keys, whatever words they hold.

        Asked for several states together, the planner may walk the whole list for the few that
        stand at its far end; the index of states answers each state alone.
        """
        if len(self.states) < 2:
            return self.page(self.fitting(), self.at, self.key).limit(limit)
        bounds = dates(self.listed_at, self.since, self.to)
        each = (
            self.page(
                select(self.key).where(self.state == state, *self.conditions, *bounds),
                self.at,
                self.key,
            ).limit(limit)
            for state in self.states
        )
        of_any = union_all(*(select(one.subquery().c[0]) for one in each)).subquery()
        found: Select[UUID] = select(self.key).where(self.key.in_(select(of_any.c[0])))
        return self.page(found, self.at, self.key).limit(limit)


def dates(column: Any, since: datetime | None, to: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a time; `to` is exclusive."""
    found: list[ColumnElement[bool]] = []
    if since:
        found.append(column >= since)
    if to:
        found.append(column < to)
    return found


def place_of(sort: Sort, after: str) -> tuple[datetime, UUID]:
    """Return the instant and the key behind which a page begins.

    Raises:
        Invalid: if the cursor is not of a list in this order.
    """
    return read_cursor(after.removeprefix(f"{sort.value}|"))


def cursor_of(sort: Sort, at: datetime | None, row_id: UUID) -> str:
    """Return where the next page begins."""
    assert at is not None
    return f"{sort.value}|{write_cursor(at, row_id)}"

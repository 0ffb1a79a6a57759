"""What keeps every long list quick: bounded plans, few hits read at once, keyset pages."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, TextClause, func, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.cursors import read_cursor, write_cursor
from hotline.kernel.errors import Invalid
from hotline.tickets.explained import expected_rows

PAGE_SIZE: Final = 50
FEW: Final = 3_000
"""Hits of words that are read at once; more are walked in order."""

MANY: Final = 10_000
"""Hits that the planner expects of words which are walked without looking how many they are."""

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


@contextmanager
def narrowed() -> Generator[None, None, None]:
    """Ask for a narrower search where PostgreSQL was stopped."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _QUERY_CANCELED:
            raise Invalid("words", "takes too long: name dates, a state or more words") from error
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


async def few_hits(session: AsyncSession, query: Select[UUID]) -> Sequence[UUID] | None:
    """Return the ids that a question in an index of words finds, or None if they are many.

    If they are many, the plans of this transaction walk in order from here on.
    """
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


def dates(column: Any, since: datetime | None, to: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a time; `to` is exclusive."""
    found: list[ColumnElement[bool]] = []
    if since:
        found.append(column >= since)
    if to:
        found.append(column < to)
    return found


def in_order(
    query: Select[*tuple[Any, ...]], sort: Sort, at: Any, key: Any, after: str | None
) -> Any:
    """Return the query in the order of instant and id, from behind the place `after`.

    Raises:
        Invalid: if the cursor is not of this list.
    """
    down = sort is Sort.NEWEST
    if after:
        instant, row_id = read_cursor(after.removeprefix(f"{sort.value}|"))
        # One comparison of rows, which an index answers; two with OR it would not.
        place, here = func.row(at, key), func.row(instant, row_id)
        query = query.where(place < here if down else place > here)
    return query.order_by(at.desc() if down else at, key.desc() if down else key)


def cursor_of(sort: Sort, at: datetime | None, row_id: UUID) -> str:
    """Return where the next page begins."""
    assert at is not None
    return f"{sort.value}|{write_cursor(at, row_id)}"

"""The words of cases written anew: of those from before there were words, or by an older rule."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy import CursorResult, select
from sqlalchemy.dialects.postgresql import insert

from case_bridge.cases.model import CaseRow, CaseWordsRow
from case_bridge.cases.record import words_of
from hotline.kernel.db import Database

BATCH: Final = 500
"""Cases of one transaction; registering goes on beside it."""


async def index_cases(database: Database, *, told: Callable[[int], None]) -> int:
    """Make every case findable by its words; return of how many they were missing or others.

    Works while the house runs, and may be stopped and begun again. `told` hears after each batch
    how many cases were looked at.
    """
    written = seen = 0
    after: UUID | None = None
    while True:
        found, after, changed = await _index_batch(database, after)
        seen, written = seen + found, written + changed
        if after is None:
            return written
        told(seen)


async def _index_batch(database: Database, after: UUID | None) -> tuple[int, UUID | None, int]:
    """Return how many cases were behind `after`, the last of them, and how many were written."""
    columns = (CaseRow.id, CaseRow.subject, CaseRow.place, CaseRow.body, CaseRow.registered_at)
    query = select(*columns).order_by(CaseRow.id).limit(BATCH)
    if after is not None:
        query = query.where(CaseRow.id > after)
    async with database.begin() as uow:
        cases = (await uow.session.execute(query)).all()
        if not cases:
            return 0, None, 0
        words = await asyncio.to_thread(lambda: [words_of(*case[1:]) for case in cases])
        statement = insert(CaseWordsRow).values(
            [
                {"case_id": case.id, "registered_at": case.registered_at, "words": each}
                for case, each in zip(cases, words, strict=True)
            ]
        )
        new = statement.excluded.words
        written = await uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["case_id"],
                set_={"words": new},
                where=CaseWordsRow.words.is_distinct_from(new),
            )
        )
        assert isinstance(written, CursorResult)
        return len(cases), cases[-1].id, written.rowcount

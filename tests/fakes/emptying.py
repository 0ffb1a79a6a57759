"""Empties a database between tests, over one connection that outlives them all."""

import asyncio
from threading import Thread

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hotline.kernel.db import Base

LIMIT_SECONDS = 60.0
"""What a test left open may hold a row; longer than that it is a mistake."""


class Emptier:
    """Deletes every row, in a thread with a loop of its own.

    Each test has a loop and connections of its own; a new connection has to learn a hundred
    tables first, which takes four times as long as to empty them.
    """

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="emptier", daemon=True)
        self._thread.start()
        self._engine = create_async_engine(url, pool_size=1, pool_pre_ping=True)
        self._all = _deletions()

    def empty(self) -> None:
        """Delete all rows and begin every sequence anew; a TRUNCATE takes half a second."""
        asyncio.run_coroutine_threadsafe(self._empty(), self._loop).result(LIMIT_SECONDS)

    def close(self) -> None:
        """Close the connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._engine.dispose(), self._loop).result(LIMIT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _empty(self) -> None:
        async with self._engine.begin() as connection:
            # Foreign keys and what keeps the audit log from changing are out of force meanwhile.
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(text(self._all))


def _deletions() -> str:
    deletions = "".join(f'DELETE FROM "{table.name}"; ' for table in Base.metadata.sorted_tables)
    restart = (
        "PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
        " FROM pg_sequences WHERE last_value IS NOT NULL;"
    )
    return f"DO $$ BEGIN {deletions} {restart} END $$"

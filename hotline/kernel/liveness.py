"""Whether a connection of the pool still lives: seen without asking, asked only after a rest.

SQLAlchemy's own `pool_pre_ping` asks before every use, in a transaction of its own: three round
trips before each page's first statement. A server that stops says so, and asyncpg knows it by the
time somebody wants the connection; only one that vanished without a word has to be asked for.
"""

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine

REST_SECONDS = 30.0
"""A connection that was used since then is not asked: most firewalls forget after minutes."""

_RESTED_SINCE = "rested_since"


def watch_connections(engine: AsyncEngine) -> None:
    """Replace dead connections when they are taken from the pool, and all others with them."""
    dialect = engine.dialect

    def rest(_connection: Any, record: Any) -> None:
        record.info[_RESTED_SINCE] = time.monotonic()

    def look(connection: Any, record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        rested_since = record.info.get(_RESTED_SINCE)
        if rested_since is None or time.monotonic() - rested_since < REST_SECONDS:
            return
        try:
            alive = dialect.do_ping(connection)
        except (DBAPIError, dialect.loaded_dbapi.Error, OSError):
            alive = False
        if not alive:
            raise InvalidatePoolError

    event.listen(engine.sync_engine, "checkin", rest)
    event.listen(engine.sync_engine, "checkout", look)

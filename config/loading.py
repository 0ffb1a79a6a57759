"""Bringing the database up to date: the schema by migrations, and the data that ships with it."""

import asyncio
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import config.models  # noqa: F401
from config.runtime import Servers
from hotline.kernel.db import Base
from hotline.kernel.errors import HotlineError

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x686F746C
"""Advisory lock: two programs that start at once migrate one after the other."""
CONNECT_SECONDS = 30.0


async def migrate(database_url: str) -> None:
    """Bring the schema to the newest revision; several may call this at once.

    Raises:
        HotlineError: if the database cannot be reached.
    """
    engine = create_async_engine(database_url)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await engine.connect()
    except (OSError, TimeoutError) as error:
        raise HotlineError(f"the database cannot be reached: {error}") from None
    try:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        await connection.commit()
        await connection.run_sync(_upgrade)
        await connection.commit()
    finally:
        await connection.close()
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if not (MIGRATIONS / "env.py").exists():
        Base.metadata.create_all(connection)
        return
    # migrations/env.py uses the connection that it finds here.
    options = Config(attributes={"connection": connection})
    options.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(options, "head")


async def prepare_database(servers: Servers) -> None:
    """Migrate, and load the categories, limits and calendars that the program brings."""
    await migrate(servers.database_url)

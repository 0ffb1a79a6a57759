"""Bringing the database up to date: the schema by migrations, and the data that ships with it."""

import asyncio
from datetime import datetime
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import config.models  # noqa: F401
from case_bridge.units.service import load_units
from config.catalogue import Catalogue, load_catalogue
from config.demo.people import load_demo_people
from config.runtime import Servers
from config.settings import Settings
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.db import Base, Database
from hotline.kernel.errors import HotlineError
from hotline.tickets.calendars import save_calendar
from hotline.tickets.categories import save_categories

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


async def load_shipped_data(database: Database, catalogue: Catalogue, *, now: datetime) -> None:
    """Write categories, calendar, units and responsibility; the same data changes nothing.

    Raises:
        Invalid: if the data contradict each other.
    """
    async with database.begin() as uow:
        changed = await save_categories(uow, catalogue.categories_in_use)
        calendar_is_new = await save_calendar(uow, catalogue.calendar, now=now)
        await load_units(uow, catalogue.units, catalogue.responsibility)
    log.info("data_loaded", categories_changed=changed, calendar_is_new=calendar_is_new)


async def prepare_database(
    servers: Servers, settings: Settings, *, clock: Clock = system_clock
) -> None:
    """Migrate, and load the data that the program brings; with `demo`, its people and seats too.

    Raises:
        HotlineError: if the database cannot be reached.
        CatalogueError: with every mistake in the data files.
    """
    catalogue = load_catalogue()
    await migrate(servers.database_url)
    database = Database.connect(servers.database_url, clock=clock)
    try:
        await load_shipped_data(database, catalogue, now=clock())
        if settings.demo:
            await load_demo_people(database, realm=settings.sip.realm, now=clock())
    finally:
        await database.close()

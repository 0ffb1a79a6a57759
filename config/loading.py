"""Bringing the database up to date: the schema by migrations, and the data that ships with it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

import config.models  # noqa: F401 - every row registers itself
from case_bridge.cases.repository import Cases
from case_bridge.standards.service import load_shipped
from case_bridge.units.service import load_units
from config.catalogue import Catalogue, load_catalogue
from config.demo.districts import ORGANISATION, load_demo_districts
from config.demo.people import load_demo_people
from config.flow_shelf import texts_of
from config.place_tables import load_demo_places
from config.runtime import Servers
from config.settings import Settings
from hotline.contacts.flows import service as flow_texts
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.db import Database
from hotline.kernel.errors import HotlineError
from hotline.kernel.schema import Base
from hotline.queues.phone_directory import save_directory
from hotline.tickets.calendars import save_calendar

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x686F746C
"""Advisory lock: two programs that start at once migrate one after the other."""
CONNECT_SECONDS = 30.0
COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema()
"""
MOST_NAMED = 5
"""Columns in a message."""


async def migrate(database_url: str) -> None:
    """Bring the schema to the newest revision; several may call this at once.

    Raises:
        HotlineError: if the database cannot be reached, or was made by a newer program or another
            build of this one; nothing is changed then.
    """
    async with _connected(database_url) as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        await connection.commit()
        await connection.run_sync(_require_known)
        await connection.commit()
        await connection.run_sync(_upgrade)
        await connection.commit()
        await connection.run_sync(_require_whole)


@asynccontextmanager
async def _connected(database_url: str) -> AsyncGenerator[AsyncConnection, None]:
    # No pool: the lock of a migration ends with its connection.
    engine = create_async_engine(database_url, poolclass=NullPool)
    try:
        connection = await _connect(engine)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await engine.connect()
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        reason = str(getattr(error, "orig", error)) or type(error).__name__
        raise HotlineError(f"the database cannot be reached: {reason}") from None


def _upgrade(connection: Connection) -> None:
    command.upgrade(_options(connection), "head")


def _options(connection: Connection) -> Config:
    # migrations/env.py uses the connection that it finds here.
    options = Config(attributes={"connection": connection})
    options.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return options


async def require_schema(database_url: str) -> None:
    """Make sure that the database has the schema of this program.

    Raises:
        HotlineError: if it has another one, or cannot be reached; the message says what to do.
    """
    async with _connected(database_url) as connection:
        await connection.run_sync(_require_known)
        found, wanted = await connection.run_sync(_revisions)
        if found != wanted:
            raise HotlineError(
                f"the database is at revision {found or 'none'}, this program needs {wanted}: "
                "run `hotline migrate`, or `hotline serve`, which does"
            )
        await connection.run_sync(_require_whole)


def _require_known(connection: Connection) -> None:
    found, newest = _revisions(connection)
    known = {each.revision for each in _scripts(connection).walk_revisions()}
    if found is not None and found not in known:
        raise HotlineError(
            f"the database is at revision {found}, made by a newer program; this one "
            f"({version('hotline')}) ends at {newest}: install the newer one again, or restore "
            "the backup from before the upgrade into another folder; nothing was changed"
        )


def _require_whole(connection: Connection) -> None:
    rows = connection.execute(text(COLUMNS)).all()
    found = {(row.table_name, row.column_name) for row in rows}
    tables = Base.metadata.tables.values()
    wanted = {(table.name, column.name) for table in tables for column in table.columns}
    if missing := sorted(wanted - found):
        named = ", ".join(f"{table}.{column}" for table, column in missing[:MOST_NAMED])
        raise HotlineError(
            f"the database says that it is at this program's revision, but lacks {named}"
            f"{', …' if len(missing) > MOST_NAMED else ''}: it was made by another build of "
            f"{version('hotline')}; use that one, or begin with a new data folder"
        )


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    found = MigrationContext.configure(connection).get_current_revision()
    return found, _scripts(connection).get_current_head()


def _scripts(connection: Connection) -> ScriptDirectory:
    return ScriptDirectory.from_config(_options(connection))


async def load_shipped_data(
    database: Database,
    catalogue: Catalogue,
    *,
    organisation: str = Settings.model_fields["organisation"].default,
    now: datetime,
) -> None:
    """Write categories, calendar, units, responsibility, organisation; no change twice.

    Raises:
        Invalid: if the data contradict each other, or no organisation has that name.
    """
    async with database.begin() as uow:
        changed = await load_shipped(uow, catalogue.standard_in_use, now=now)
        calendar_is_new = await save_calendar(uow, catalogue.calendar, now=now)
        await load_units(uow, catalogue.units, catalogue.responsibility)
        await Cases(uow.session).put_rules(catalogue.rules, now=now)
        await save_directory(uow, catalogue.directory)
        await flow_texts.release(uow, texts_of(catalogue.flows.values()), now=now)
        await Cases(uow.session).put_organisation(catalogue.organisation(organisation), now=now)
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
        is_chosen = not settings.demo or "organisation" in settings.model_fields_set
        organisation = settings.organisation if is_chosen else ORGANISATION
        await load_shipped_data(database, catalogue, organisation=organisation, now=clock())
        if settings.demo:
            await load_demo_districts(database)
            await load_demo_places(database, now=clock())
            await load_demo_people(database, realm=settings.sip.realm, now=clock())
    finally:
        await database.close()

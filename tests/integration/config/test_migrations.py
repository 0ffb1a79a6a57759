"""The migrations and the rows say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from config.loading import migrate
from hotline.kernel.db import Base


async def test_the_migrations_build_what_the_rows_declare(database_url: str) -> None:
    def differences(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)

    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()

    assert found == [], "run `python -m config.migrations.revise`"


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    await migrate(database_url)

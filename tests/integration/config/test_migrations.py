"""The migrations and the rows say the same."""

import sys
from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from config.loading import migrate, require_schema
from config.migrations import revise
from hotline.kernel.db import Base
from hotline.kernel.errors import HotlineError
from hotline.kernel.ids import new_id


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


@pytest.fixture
async def own(postgres_url: str) -> AsyncIterator[str]:
    """A migrated database that a test may spoil."""
    name = f"own_{new_id().hex}"
    url = make_url(postgres_url)
    await _execute(postgres_url, f'CREATE DATABASE "{name}"')
    own_url = url.set(database=name).render_as_string(hide_password=False)
    await migrate(own_url)
    yield own_url
    await _execute(postgres_url, f'DROP DATABASE "{name}"')


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_a_database_of_another_program_is_refused_and_left_alone(own: str) -> None:
    """Newer: its revision is unknown. Another build: its revision is ours, its columns are not."""
    await _execute(own, "UPDATE alembic_version SET version_num = '0999'")
    for refused in (migrate, require_schema):
        with pytest.raises(HotlineError, match="revision 0999, made by a newer program") as told:
            await refused(own)
        assert "nothing was changed" in str(told.value)

    # Still there, and the same: the old program works on it again.
    await _execute(own, "UPDATE alembic_version SET version_num = '0001'")
    await require_schema(own)

    await _execute(own, "ALTER TABLE backups DROP COLUMN problem")
    for refused in (migrate, require_schema):
        with pytest.raises(HotlineError, match=r"lacks backups\.problem: it was made by another"):
            await refused(own)


@pytest.mark.parametrize("arguments", [["--help"], [], ["--message", "x"]])
def test_asking_how_to_write_a_revision_writes_none(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((revise.FOLDER / "versions").iterdir())
    monkeypatch.setattr(sys, "argv", ["revise", *arguments])

    with pytest.raises(SystemExit):
        revise.main()

    assert "usage: python -m config.migrations.revise" in "".join(capsys.readouterr())
    assert sorted((revise.FOLDER / "versions").iterdir()) == before

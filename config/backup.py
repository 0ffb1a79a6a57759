"""Backups: made of a running house, proven by loading them, restored into an empty folder.

The dump, the counts and the head of the audit chain are of one moment (one snapshot of the
database); the files are copied after it, so each file that the dump knows is among them.
"""

import asyncio
import errno
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from config.backup_files import (
    DUMP,
    BackupError,
    Manifest,
    copy_files,
    damaged_files,
    put_files_back,
)
from config.embedded import POSTGRES_BIN, EmbeddedPostgres
from hotline.accounts import audit
from hotline.kernel.ids import new_id
from hotline.reports.backups.service import Backup

TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
MOST_TOLD: Final = 2000
"""Characters of what a tool of the server says."""


async def make_backup(database_url: str, data: Path, target: Path, *, now: datetime) -> Backup:
    """Write a backup of a house into a new folder of `target`, while the house runs.

    Raises:
        BackupError: if it cannot be made; nothing half made stays.
    """
    place = target / f"hotline-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    with _made_whole(place) as folder:
        async with _moment(database_url) as session:
            snapshot = (await session.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
            manifest = await _describe(session, now)
            dump = ["--format=custom", f"--snapshot={snapshot}", f"--file={folder / DUMP}"]
            await asyncio.to_thread(_run, "pg_dump", dump, database_url)
        size = await asyncio.to_thread(copy_files, data, folder)
        manifest.write(folder)
    return Backup(
        backup_id=UUID(manifest.backup_id),
        made_at=now,
        host=socket.gethostname(),
        folder=str(place.resolve()),
        size=size,
    )


async def prove_backup(folder: Path) -> list[str]:
    """Load a backup into an empty database and compare it; return what is wrong, or nothing.

    Raises:
        BackupError: if the folder is no backup.
        EmbeddedError: if no database can be started here.
    """
    manifest = Manifest.read(folder)
    if damaged := list(damaged_files(folder)):
        return damaged
    with tempfile.TemporaryDirectory(prefix="hotline-proof-") as scratch:
        server = EmbeddedPostgres(Path(scratch) / "postgres")
        try:
            _load(folder, server.start())
            return await _differences(server.url, manifest)
        except BackupError as error:
            return [str(error)]
        finally:
            server.stop()


async def restore_backup(folder: Path, data: Path, database_url: str | None) -> Manifest:
    """Restore a backup into an empty data folder, and into a server of your own if it is named.

    Raises:
        BackupError: if the backup is damaged, or there is something where it should go.
        EmbeddedError: if no database can be started there.
    """
    manifest = Manifest.read(folder)
    if damaged := list(damaged_files(folder)):
        raise BackupError("\n".join([*damaged, f"{folder} is damaged: nothing was restored"]))
    _require_free(data)
    if database_url:
        await _require_empty(database_url)
    with _made_whole(data) as fresh:
        server = EmbeddedPostgres(fresh / "postgres")
        try:
            url = database_url or server.start()
            _load(folder, url)
            wrong = await _differences(url, manifest)
        finally:
            server.stop()
        if wrong:
            raise BackupError("\n".join(wrong))
        put_files_back(folder, fresh)
    return manifest


def _require_free(data: Path) -> None:
    if data.exists() and any(data.iterdir()):
        raise BackupError(f"{data} is not empty: name a new folder, nothing is ever overwritten")


@contextmanager
def _made_whole(place: Path) -> Iterator[Path]:
    """Make a folder under another name, and give it its own only when the block has succeeded.

    Raises:
        BackupError: if there is no room, or the place cannot be written.
    """
    fresh = place.with_name(f"{place.name}.part")
    try:
        fresh.mkdir(mode=0o700, parents=True)
    except OSError as error:
        advice = "remove it, or name another" if fresh.exists() else "name another place"
        raise BackupError(f"{fresh}: {error.strerror}: {advice}") from None
    try:
        yield fresh
        if place.exists():
            place.rmdir()
        fresh.rename(place)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        advice = "make room" if error.errno == errno.ENOSPC else "name another place"
        raise BackupError(f"{place}: {error.strerror}: {advice}, then begin again") from None
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


@asynccontextmanager
async def _moment(database_url: str) -> AsyncGenerator[AsyncSession, None]:
    """Look at the database as it is at one moment."""
    engine = create_async_engine(
        database_url, poolclass=NullPool, isolation_level="REPEATABLE READ"
    )
    try:
        async with AsyncSession(engine) as session:
            yield session
    finally:
        await engine.dispose()


async def _describe(session: AsyncSession, now: datetime) -> Manifest:
    revision = await session.execute(text("SELECT version_num FROM alembic_version"))
    head = await audit.head(session)
    return Manifest(
        backup_id=str(new_id()),
        made_at=now.isoformat(),
        program=version("hotline"),
        revision=revision.scalar_one(),
        audit_head=f"{head.seq}:{head.hash}",
        rows=await _count(session),
    )


async def _count(session: AsyncSession) -> dict[str, int]:
    tables = (await session.scalars(text(TABLES))).all()
    return {
        table: (await session.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one()  # noqa: S608 - names of tables of ours
        for table in tables
    }


async def _differences(database_url: str, manifest: Manifest) -> list[str]:
    seq, _, digest = manifest.audit_head.partition(":")
    async with _moment(database_url) as session:
        rows = await _count(session)
        problems = await audit.verify(session, audit.Head(int(seq), digest))
    wrong = [
        f"table {table}: {rows.get(table, 0)} rows instead of {count}"
        for table, count in manifest.rows.items()
        if rows.get(table) != count
    ]
    return wrong + [f"audit row {problem.seq}: {problem.what}" for problem in problems]


async def _require_empty(database_url: str) -> None:
    async with _moment(database_url) as session:
        if (await session.scalars(text(TABLES))).first():
            raise BackupError(
                "HOTLINE_DATABASE_URL: this database has tables: name an empty one, "
                "nothing is ever overwritten"
            )


def _load(folder: Path, database_url: str) -> None:
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--dbname=", str(folder / DUMP)]
    _run("pg_restore", options, database_url)


def _run(tool: str, options: list[str], database_url: str) -> None:
    """Run a tool of the bundled PostgreSQL; a password goes by the environment, seen by nobody."""
    url = make_url(database_url)
    query = dict(url.query)
    found = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": url.port and str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("ssl"),
    }
    given = {name: str(value) for name, value in found.items() if value}
    options = [f"--dbname={url.database}" if each == "--dbname=" else each for each in options]
    done = subprocess.run(  # noqa: S603 - every word is ours
        [str(POSTGRES_BIN / tool), "--no-password", *options],
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupError(f"{tool} failed: {done.stderr.strip()[-MOST_TOLD:]}")

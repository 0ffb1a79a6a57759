"""`hotline backup make`, `verify` and `restore`."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import click

from config.backup import make_backup, prove_backup, restore_backup
from config.backup_files import Manifest
from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.logging import configure_logging
from config.runtime import Runtime
from config.settings import Settings
from hotline.accounts import audit
from hotline.kernel.db import UnitOfWork
from hotline.reports.backups.service import Backup, keep_backup, note_proof

ACTOR = "hotline-cli"
folder_argument = click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.group()
def backup() -> None:
    """Backups of database, recordings and secrets, made while everything runs."""


@backup.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@data_option
def make(target: Path, data: Path | None) -> None:
    """Write a backup into a new folder of TARGET; what has not changed is shared with the last one.

    It holds personal data and all keys: keep TARGET on another disk, closed to others.
    """
    settings = chosen_settings(data=data)

    async def act(runtime: Runtime) -> Backup:
        made = await make_backup(
            runtime.servers.database_url, settings.data, target, now=runtime.clock()
        )
        async with runtime.database.begin() as uow:
            await keep_backup(uow, made)
            await _log(runtime, uow, "make", str(made.backup_id), made.folder)
        return made

    made = within_runtime(settings, act)
    click.echo(f"{made.folder}: {made.size:,} bytes")
    if target.stat().st_dev == settings.data.stat().st_dev:
        click.echo("It is on the same disk as the data: copy it to another one.", err=True)
    click.echo(f"Prove it: hotline backup verify {made.folder}")


@backup.command()
@folder_argument
@data_option
def verify(folder: Path, data: Path | None) -> None:
    """Load the backup in FOLDER into an empty database and compare it; exit 1 if it differs.

    Sums of all files, rows of all tables and the audit chain are compared. The house notes the
    result, if it is here; otherwise it is only printed.
    """
    settings = chosen_settings(data=data)
    manifest = Manifest.read(folder)
    wrong = asyncio.run(prove_backup(folder))
    noted = _is_here(settings) and within_runtime(
        settings, lambda runtime: _note(runtime, manifest, str(folder.resolve()), wrong)
    )
    for problem in wrong:
        click.echo(problem)
    if not noted:
        click.echo("No house here knows this backup: the result is noted nowhere.", err=True)
    if wrong:
        click.echo(f"{folder} cannot be relied on: make another.", err=True)
        sys.exit(1)
    rows = f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} tables"
    click.echo(f"The backup is whole: {rows}, audit head {manifest.audit_head}")


@backup.command()
@folder_argument
@data_option
def restore(folder: Path, data: Path | None) -> None:
    """Restore the backup in FOLDER into a new data folder, named by --data.

    With HOTLINE_DATABASE_URL the rows go into that database, which must be empty. What was owed
    at the time of the backup is done once `hotline serve` starts: letters, and calls to citizens.
    """
    settings = chosen_settings(data=data)
    configure_logging(settings.log, role="cli")
    url = settings.database_url.get_secret_value() if settings.database_url else None
    manifest = asyncio.run(restore_backup(folder, settings.data, url))
    click.echo(f"{settings.data} is the house of {manifest.made_at}, and complete.")
    click.echo(f"Start it: hotline serve --data {settings.data}")


async def _note(runtime: Runtime, manifest: Manifest, folder: str, wrong: list[str]) -> bool:
    problem = wrong[0] if wrong else None
    async with runtime.database.begin() as uow:
        known = await note_proof(
            uow, UUID(manifest.backup_id), problem=problem, now=runtime.clock()
        )
        if known:
            await _log(runtime, uow, "verify", manifest.backup_id, folder)
    return known


async def _log(runtime: Runtime, uow: UnitOfWork, act: str, backup_id: str, folder: str) -> None:
    await audit.append(
        uow,
        actor=ACTOR,
        action=f"backup.{act}",
        target=f"backup:{backup_id}",
        detail={"folder": folder},
        now=runtime.clock(),
    )


def _is_here(settings: Settings) -> bool:
    return settings.database_url is not None or (settings.data / "postgres").is_dir()

"""`hotline standard …`: the filing, handling and closing standard (立案处置结案标准)."""

import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.reading import cases_under
from case_bridge.standards import reading, service
from case_bridge.standards.checking import Checked
from case_bridge.standards.difference import Difference
from case_bridge.standards.finding import Finding
from case_bridge.standards.service import Imported, StandardFile
from case_bridge.standards.states import StandardState
from case_bridge.standards.writing import write_csv, write_xlsx
from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.runtime import Runtime
from hotline.kernel.clock import SHANGHAI, system_clock

ACTOR = "cli"

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def standard() -> None:
    """Check, import and activate the standard that cases are filed by."""


@standard.command()
@click.argument("file", type=FILE)
@click.option("--scheme", help="Another scheme than the one in force.")
@data_option
def check(file: Path, scheme: str | None, data: Path | None) -> None:
    """Print every mistake of FILE (XLSX or CSV), or what it would change; stores nothing."""

    async def act(runtime: Runtime) -> tuple[Checked, Difference | None]:
        async with runtime.database.begin() as uow:
            checked = await service.check_standard(uow, _file(file, scheme))
            if checked.standard is None:
                return checked, None
            return checked, await reading.compare_with_present(uow.session, checked.standard)

    checked, difference = within_runtime(chosen_settings(data=data), act)
    _refuse(checked.findings)
    if difference is not None:
        _show(difference)


@standard.command("import")
@click.argument("file", type=FILE)
@click.option("--scheme", help="Another scheme than the one in force.")
@data_option
def import_(file: Path, scheme: str | None, data: Path | None) -> None:
    """Store the standard of FILE; `activate` puts it in force."""

    async def act(runtime: Runtime) -> tuple[Imported, reading.Preview | None, int]:
        async with runtime.database.begin() as uow:
            done = await service.import_standard(
                uow, _file(file, scheme), actor=ACTOR, now=runtime.clock()
            )
            if done.standard_id is None:
                return done, None, 0
            found = await reading.preview(uow.session, done.standard_id)
            return done, found, await _open_cases(uow.session, found)

    done, found, cases = within_runtime(chosen_settings(data=data), act)
    _refuse(done.findings)
    if found is not None:
        _show(found.difference)
        click.echo(f"{cases} open cases keep the version they were filed under")
        click.echo(f"imported {found.view.scheme}@{found.view.version}, not in force")


@standard.command()
@click.argument("version")
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Its first day in Shanghai; default: today, at once.",
)
@data_option
def activate(version: str, day: datetime | None, data: Path | None) -> None:
    """Put VERSION (or scheme@VERSION) in force."""
    chosen: date = (day or system_clock().astimezone(SHANGHAI)).date()

    async def act(runtime: Runtime) -> StandardState:
        async with runtime.database.begin() as uow:
            standard_id, _ = await reading.named_standard(uow.session, version)
            return await service.activate_standard(
                uow, standard_id, effective_on=chosen, actor=ACTOR, now=runtime.clock()
            )

    state = within_runtime(chosen_settings(data=data), act)
    told = "in force" if state is StandardState.IN_FORCE else f"in force from {chosen} on"
    click.echo(f"{version} is {told}")


@standard.command()
@click.option("--reason", default="", help="Why, for the history.")
@data_option
def rollback(reason: str, data: Path | None) -> None:
    """Put the version in force again that the present one replaced."""

    async def act(runtime: Runtime) -> reading.StandardView | None:
        async with runtime.database.begin() as uow:
            await service.roll_back(uow, actor=ACTOR, reason=reason, now=runtime.clock())
            await uow.session.flush()
            return await reading.standard_in_force(uow.session)

    found = within_runtime(chosen_settings(data=data), act)
    if found is not None:
        click.echo(f"{found.scheme}@{found.version} is in force again")


@standard.command()
@click.argument("version", required=False)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write, .xlsx or .csv.",
)
@data_option
def export(version: str | None, out: Path, data: Path | None) -> None:
    """Write VERSION, or the one in force, to a file that can be imported again."""

    async def act(runtime: Runtime) -> bytes:
        async with runtime.database.read() as session:
            _, found = await reading.named_standard(session, version)
        return write_csv(found) if out.suffix.lower() == ".csv" else write_xlsx(found)

    out.write_bytes(within_runtime(chosen_settings(data=data), act))
    click.echo(f"written: {out}")


def _file(path: Path, scheme: str | None) -> StandardFile:
    return StandardFile(path.name, path.read_bytes(), scheme)


async def _open_cases(session: AsyncSession, found: reading.Preview) -> int:
    if found.against is None:
        return 0
    lines = await cases_under(
        session,
        found.against.scheme,
        found.against.version,
        found.difference.touched,
        now=system_clock(),
    )
    return len(lines)


def _refuse(findings: Iterable[Finding]) -> None:
    found = list(findings)
    for finding in found:
        click.echo(f"{finding.place('en')}: {finding.words('en')}", err=True)
    if found:
        click.echo(f"{len(found)} mistakes; nothing was stored", err=True)
        sys.exit(1)


def _show(difference: Difference) -> None:
    for item in difference.added:
        click.echo(f"+ {item.kind} {item.code} {item.name_zh}")
    for changed in difference.changed:
        for change in changed.changes:
            item = changed.item
            click.echo(
                f"~ {item.kind} {item.code} {item.name_zh}: "
                f"{change.what}: {change.old or '—'} → {change.new or '—'}"
            )
    for item in difference.removed:
        click.echo(f"- {item.kind} {item.code} {item.name_zh}")
    click.echo(
        f"{len(difference.added)} added, {len(difference.changed)} changed, "
        f"{len(difference.removed)} removed, {difference.unchanged} unchanged"
    )

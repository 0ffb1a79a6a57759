"""`hotline report …`: what an operator proves or sends on."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.runtime import Runtime
from config.wiring import recordings_folder
from hotline.kernel.clock import SHANGHAI, system_clock
from hotline.recordings.completeness import PROVEN, Proof, prove_day
from hotline.reports.processes.service import RecordingsProof, keep_proof


@click.group()
def report() -> None:
    """Proofs and figures of a day."""


@report.command()
@data_option
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A day of Shanghai's calendar; default: yesterday.",
)
def recordings(data: Path | None, day: datetime | None) -> None:
    """Prove that every talk and message has its recording, or say why; exit 1 if one has not."""
    wanted = day.date() if day else (system_clock().astimezone(SHANGHAI) - timedelta(days=1)).date()

    async def prove(runtime: Runtime) -> list[Proof]:
        async with runtime.database.read() as session:
            proofs = await prove_day(session, wanted, folder=recordings_folder(runtime.settings))
        kept = RecordingsProof(
            day=wanted,
            made_at=runtime.clock(),
            calls=len(proofs),
            findings={
                str(each.call_id): each.finding.value
                for each in proofs
                if each.finding not in PROVEN
            },
        )
        async with runtime.database.begin() as uow:
            await keep_proof(uow, kept)
        return proofs

    proofs = within_runtime(chosen_settings(data=data), prove)
    if proofs:
        Console().print(_table(proofs))
    open_ones = [each for each in proofs if each.finding not in PROVEN]
    click.echo(
        f"{wanted}: {len(proofs)} calls with a talk or a message, {len(open_ones)} without proof"
    )
    if open_ones:
        sys.exit(1)


def _table(proofs: list[Proof]) -> Table:
    table = Table()
    table.add_column("call", no_wrap=True)
    for title in ("finding", "talk s", "recorded s", "reason"):
        table.add_column(title)
    for each in proofs:
        table.add_row(
            str(each.call_id),
            each.finding.value,
            f"{each.talk_seconds:.1f}",
            f"{each.recorded_seconds:.1f}",
            each.reason,
        )
    return table

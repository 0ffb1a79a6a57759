"""`hotline replay DAY --seats N`."""

from datetime import datetime
from pathlib import Path

import click

from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.queue_rules import queue_rules
from config.runtime import Runtime
from hotline.reports.replay import Comparison, ReplayOptions, table
from hotline.reports.service import replay_day


@click.command()
@data_option
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--seats", type=click.IntRange(1, 5000), required=True, help="Seats all day long.")
@click.option("--target", type=click.FloatRange(0, 3600), default=20.0, help="Seconds.  [20]")
@click.option("--wrap-up", type=click.FloatRange(0, 3600), default=30.0, help="Seconds.  [30]")
def replay(data: Path | None, day: datetime, seats: int, target: float, wrap_up: float) -> None:
    """Play a recorded day again with other seats, through the same routing."""
    options = ReplayOptions(seats=seats, target=target, wrap_up=wrap_up, rules=queue_rules())

    async def play(runtime: Runtime) -> Comparison:
        async with runtime.database.read() as session:
            return await replay_day(session, day.date(), options)

    found = within_runtime(chosen_settings(data=data), play)
    if not found.real.calls:
        click.echo(f"No calls were recorded on {day:%Y-%m-%d}.")
        return
    click.echo(table(found, target))

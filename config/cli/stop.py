"""`hotline stop`."""

from pathlib import Path

import click

from config import rundir
from config.cli.options import chosen_settings, data_option


@click.command()
@data_option
def stop(data: Path | None) -> None:
    """End everything that runs in a data directory, servers included."""
    settings = chosen_settings(data=data)
    stopped = rundir.stop_everything(settings.data)
    ended = [f"{stopped.processes} processes"] if stopped.processes else []
    ended += stopped.servers
    click.echo(f"{settings.data}: " + (f"ended {', '.join(ended)}" if ended else "nothing runs"))
    if stopped.survivors:
        raise click.ClickException(f"these do not end: {stopped.survivors}")

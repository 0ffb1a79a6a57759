"""`hotline stop`."""

from pathlib import Path

import click

from config import rundir
from config.cli.folder import data_folder, data_option


@click.command()
@data_option
def stop(data: Path | None) -> None:
    """End everything that runs in a data directory, servers included."""
    folder = data_folder(data)
    stopped = rundir.stop_everything(folder)
    ended = [f"{stopped.processes} processes"] if stopped.processes else []
    ended += stopped.servers
    click.echo(f"{folder}: " + (f"ended {', '.join(ended)}" if ended else "nothing runs"))
    if stopped.survivors:
        raise click.ClickException(f"these do not end: {stopped.survivors}")

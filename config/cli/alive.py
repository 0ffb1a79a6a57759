"""`hotline alive`."""

import sys
from pathlib import Path

import click

from config.cli.folder import data_folder, data_option
from config.probing import probe_roles


@click.command()
@data_option
def alive(data: Path | None) -> None:
    """Ask every role that runs in a data directory; exit 1 if one does not answer, or none runs."""
    answers = list(probe_roles(data_folder(data)))
    for role, problem in answers:
        click.echo(f"{role:8} {problem or 'fine'}")
    if not answers:
        click.echo("nothing runs", err=True)
    if not answers or any(problem for _, problem in answers):
        sys.exit(1)

"""`hotline check`."""

import sys
from typing import Any

import click

from config.checking import find_problems
from config.cli.folder import data_option
from config.cli.options import address_options, chosen_values


@click.command()
@data_option
@address_options
def check(**chosen: Any) -> None:
    """Print every problem of the configuration; exit 1 if there is one."""
    problems = list(find_problems(chosen_values(**chosen)))
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}.", err=True)
        sys.exit(1)
    click.echo("No problem: settings, data files, servers and ports are fine.")

"""`hotline migrate`."""

import asyncio
from pathlib import Path

import click

from config.cli.folder import data_option
from config.cli.options import chosen_settings
from config.loading import prepare_database
from config.logging import configure_logging
from config.runtime import start_servers


@click.command()
@data_option
def migrate(data: Path | None) -> None:
    """Bring the schema and the shipped data up to date."""
    settings = chosen_settings(data=data)
    configure_logging(settings.log, role="cli")
    asyncio.run(prepare_database(start_servers(settings), settings))
    click.echo("The database is up to date.")

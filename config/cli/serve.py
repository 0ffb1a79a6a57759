"""`hotline serve`."""

from typing import Any

import click

from config import serving
from config.cli.folder import data_option
from config.cli.options import address_options, chosen_settings


@click.command()
@data_option
@address_options
def serve(**chosen: Any) -> None:
    """Run everything: servers, pages, calls, mail, workers."""
    serving.serve(chosen_settings(**chosen), tell=click.echo)

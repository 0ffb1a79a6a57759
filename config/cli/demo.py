"""`hotline demo`."""

import asyncio
from pathlib import Path

import click

from config.cli.options import chosen_settings
from config.demo.running import Listening
from config.demo.show import DemoOptions, show


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path("var/demo"),
    show_default=True,
    help="Data directory of the demo; made anew if it is missing.",
)
@click.option("--once", is_flag=True, help="Stop after the stories; exit 1 if a step did not hold.")
@click.pass_context
def demo(context: click.Context, data: Path, once: bool) -> None:
    """Play four stories over real sockets: by phone, by form, by mail, and of two districts."""
    settings = chosen_settings(data=data)
    listening = Listening(settings.http.address, settings.sip.address, settings.smtp.address)
    options = DemoOptions(data=data, once=once, listening=listening)
    if not asyncio.run(show(options, tell=click.echo)):
        context.exit(1)

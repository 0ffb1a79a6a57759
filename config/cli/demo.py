"""`hotline demo`."""

import asyncio
from pathlib import Path

import click

from config.cli.options import chosen_settings
from config.demo.show import DemoOptions, show


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True
)
@click.option("--once", is_flag=True, help="Stop after the stories; exit 1 if a step did not hold.")
@click.pass_context
def demo(context: click.Context, data: Path, once: bool) -> None:
    """Play three stories over real sockets: by phone, by form, by mail."""
    settings = chosen_settings(data=data)
    options = DemoOptions(
        data=data,
        once=once,
        http=settings.http.address,
        sip=settings.sip.address,
        smtp=settings.smtp.address,
    )
    if not asyncio.run(show(options, tell=click.echo)):
        context.exit(1)

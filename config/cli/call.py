"""`hotline call`."""

import asyncio
from pathlib import Path

import click

from config.calling import CallScript, make_call
from config.logging import configure_logging
from config.settings import LogSettings


@click.command()
@click.argument("target")
@click.option("--from", "number", default="13800000001", help="The caller's number.")
@click.option("--press", multiple=True, help="Keys, once a prompt has ended; may be repeated.")
@click.option(
    "--play",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A WAV file to say.",
)
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), help="Left: heard; right: said."
)
@click.option("--seconds", default=60.0, help="Hang up that long after the answer.")
def call(
    target: str,
    number: str,
    press: tuple[str, ...],
    play: Path | None,
    record: Path | None,
    seconds: float,
) -> None:
    """Call TARGET, such as sip:12319@127.0.0.1:5060, as a scripted citizen."""
    configure_logging(LogSettings(level="warning"), role="call")
    script = CallScript(
        target=target, number=number, press=press, play=play, record=record, seconds=seconds
    )
    asyncio.run(make_call(script, tell=click.echo))

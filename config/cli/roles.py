"""One role in this process: `hotline web`, `voice`, `mail`, `worker`, `sweeper`."""

from pathlib import Path

import click

from config.cli.folder import data_option
from config.cli.options import chosen_settings
from config.roles.process import run_alone


def _command(role: str, help_text: str) -> click.Command:
    @click.command(role, help=help_text)
    @data_option
    def run(data: Path | None) -> None:
        run_alone(role, chosen_settings(data=data))

    return run


web = _command("web", "Serve the pages (`serve` runs all roles; these run one each).")
voice = _command("voice", "Take and make calls.")
mail = _command("mail", "Take mail in.")
worker = _command("worker", "Carry out what is owed: letters, cases to hand over, calls to make.")
sweeper = _command("sweeper", "Find what is due or was dropped by a crash; one is enough.")

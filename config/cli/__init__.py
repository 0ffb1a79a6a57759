"""The program `hotline`: each command is a thin module, imported only when it is called."""

import errno
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import click

from config.setting_errors import SettingsError
from hotline.kernel.errors import HotlineError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "config.cli.serve:serve",
        "stop": "config.cli.stop:stop",
        "web": "config.cli.roles:web",
        "voice": "config.cli.roles:voice",
        "mail": "config.cli.roles:mail",
        "worker": "config.cli.roles:worker",
        "sweeper": "config.cli.roles:sweeper",
        "migrate": "config.cli.database:migrate",
        "reindex": "config.cli.reindex:reindex",
        "check": "config.cli.check:check",
        "alive": "config.cli.alive:alive",
        "backup": "config.cli.backup:backup",
        "user": "config.cli.user:user",
        "audit": "config.cli.audit:audit",
        "report": "config.cli.report:report",
        "standard": "config.cli.standard:standard",
        "call": "config.cli.call:call",
        "explain": "config.cli.explain:explain",
        "replay": "config.cli.replay:replay",
        "prompts": "config.cli.prompts:prompts",
        "flow": "config.cli.flow:flow",
        "demo": "config.cli.demo:demo",
    }
)

OTHER_PLACE = "choose another --data, or let this user write there"
ADVICE: Mapping[int | None, str] = MappingProxyType(
    {
        errno.ENOSPC: "make room on the disk of the data folder, then begin again",
        errno.EDQUOT: "raise this user's quota or make room, then begin again",
        errno.EROFS: OTHER_PLACE,
        errno.EACCES: OTHER_PLACE,
        errno.EPERM: OTHER_PLACE,
        errno.ENOTDIR: OTHER_PLACE,
    }
)
"""What to do when the disk refuses; anything else is a fault of ours and shows its trace."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Commands(click.Group):
    """The table above as a click group."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the command's module and return it."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, context: click.Context) -> Any:
        """Run the command; an error of ours is a sentence, not a trace."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            click.echo("hotline: the settings cannot be used; see the lines above", err=True)
            sys.exit(2)
        except HotlineError as error:
            click.echo(f"hotline: {error}", err=True)
            sys.exit(1)
        except OSError as error:
            advice = ADVICE.get(error.errno)
            # Without a file it is about a socket, unless there is no room.
            if advice is None or (error.filename is None and error.errno not in NO_ROOM):
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"hotline: {where}{error.strerror}: {advice}", err=True)
            sys.exit(1)


@click.command(cls=Commands)
@click.version_option(version("hotline"), prog_name="hotline")
def main() -> None:
    """Hotline, the contact centre behind a city hotline.

    `serve` runs everything, `check` says what is missing, `stop` ends it. Settings come from
    HOTLINE_… variables; options come before them.
    """

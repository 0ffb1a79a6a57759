"""Options that several commands share, and what they choose."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from config.addresses import Address, PortRange
from config.loading import require_schema
from config.logging import configure_logging
from config.runtime import Runtime, open_runtime, start_servers
from config.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")


class Parsed(click.ParamType[Address | PortRange]):
    """An option that a class with `parse` reads."""

    def __init__(self, kind: type[Address] | type[PortRange], name: str) -> None:
        self.kind = kind
        self.name = name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address | PortRange:
        """Read the text, or say what its form is."""
        try:
            return self.kind.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


ADDRESS = Parsed(Address, "HOST:PORT")
PORTS = Parsed(PortRange, "FIRST-LAST")


def address_options(function: F) -> F:
    """Add the addresses that `serve` listens on, and `--demo`."""
    for option in (
        click.option("--demo", is_flag=True, default=None, help="Demo accounts, seats, units."),
        click.option("--rtp-ports", type=PORTS, help="UDP ports of calls.  [16384-17383]"),
        click.option("--smtp", type=ADDRESS, help="Where mail comes in.  [127.0.0.1:2525]"),
        click.option("--sip", type=ADDRESS, help="SIP, UDP and TCP.  [127.0.0.1:5060]"),
        click.option("--http", type=ADDRESS, help="Where the pages are.  [127.0.0.1:8080]"),
    ):
        function = option(function)
    return function


def chosen_values(
    *,
    data: Path | None = None,
    http: Address | None = None,
    sip: Address | None = None,
    smtp: Address | None = None,
    rtp_ports: PortRange | None = None,
    demo: bool | None = None,
) -> dict[str, Any]:
    """Return what the command line chose, in the shape of the settings."""
    chosen: dict[str, Any] = {
        "data": data,
        "demo": demo,
        "http": http and {"address": http},
        "sip": sip and {"address": sip},
        "smtp": smtp and {"address": smtp},
        "rtp": rtp_ports and {"ports": rtp_ports},
    }
    return {name: value for name, value in chosen.items() if value is not None}


def chosen_settings(**chosen: Any) -> Settings:
    """Read the settings, with what the command line chose before the environment.

    Raises:
        SettingsError: with every problem.
    """
    return load_settings(chosen_values(**chosen))


def within_runtime(settings: Settings, act: Callable[[Runtime], Awaitable[R]]) -> R:
    """Do one thing with the runtime open; the servers are started where they do not run.

    Raises:
        HotlineError: if the servers cannot run, or the schema is not the program's.
    """
    configure_logging(settings.log, role="cli")

    async def run() -> R:
        await require_schema(servers.database_url)
        async with open_runtime(settings, servers) as runtime:
            return await act(runtime)

    servers = start_servers(settings)
    return asyncio.run(run())

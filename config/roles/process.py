"""How a role becomes a process: logs, identity, servers, runtime, signals, and a clean end."""

import asyncio
import importlib
import signal
from collections.abc import Awaitable, Callable, Mapping
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from types import MappingProxyType

import structlog
import uvloop

from config.alive import telling
from config.loading import require_schema
from config.logging import configure_logging
from config.rundir import registered
from config.runtime import Runtime, Servers, open_runtime, start_servers
from config.settings import Settings
from config.supervisor import Ready
from hotline.kernel.errors import HotlineError

log = structlog.get_logger()

ROLES = ("worker", "sweeper", "web", "mail", "voice")
"""In the order in which they start; they stop in reverse, so that intake ends before the hands."""

WORKER = "worker"
WEB = "web"
VOICE = "voice"
MAIL = "mail"
"""Under asyncio's own loop: aiosmtpd asks for its types of transport."""

LISTENING: Mapping[int | None, str] = MappingProxyType(
    {
        EADDRINUSE: "end the program that listens there, or choose another address",
        EADDRNOTAVAIL: "this machine has no such address: choose one of its own, or 0.0.0.0",
        EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose a higher one",
    }
)
"""What to do when an address cannot be listened at."""

Serve = Callable[[Runtime, asyncio.Event, Ready], Awaitable[None]]
"""`serve(runtime, stop, ready)` of config/roles/ROLE.py: returns after `stop` is set."""


def preload() -> None:
    """Import every role, so that forks of this process have them at once."""
    for role in ROLES:
        importlib.import_module(f"config.roles.{role}")


def run_alone(role: str, settings: Settings) -> None:
    """Run one role that no `serve` has prepared anything for.

    Raises:
        HotlineError: if it cannot run; the message says what to do.
    """
    asyncio.run(require_schema(start_servers(settings).database_url))
    run_role(role, settings)


def run_role(role: str, settings: Settings, ready: Ready = lambda _: None) -> None:
    """Run one role in this process until SIGTERM or SIGINT.

    Raises:
        HotlineError: if it cannot run; the message says what to do.
    """
    configure_logging(settings.log, role=role)
    module = importlib.import_module(f"config.roles.{role}")
    drain = settings.call.drain.total_seconds() if role == VOICE else 0.0
    with registered(settings.data, role, drain=drain) as note:

        def say_ready(addresses: Mapping[str, str]) -> None:
            note(addresses)
            ready(addresses)

        servers = start_servers(settings)
        try:
            if role == WORKER:
                module.work(settings, servers, ready=say_ready)
            else:
                run = asyncio.run if role == MAIL else uvloop.run
                run(_serve(role, module.serve, settings, servers, say_ready))
        except OSError as error:
            if problem := listening_problem(role, error):
                raise problem from None
            raise
    log.info("role_ended")


async def _serve(
    role: str, serve: Serve, settings: Settings, servers: Servers, ready: Ready
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_runtime(settings, servers) as runtime, telling(runtime, role):
        await serve(runtime, stop, ready)


def listening_problem(role: str, error: OSError) -> HotlineError | None:
    """Return what to tell if an address cannot be listened at; an error of a file is none."""
    advice = LISTENING.get(error.errno)
    if advice is None or error.filename is not None:
        return None
    return HotlineError(f"{role}: {error.strerror}: {advice}")

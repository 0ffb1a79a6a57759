"""`hotline serve`: the embedded servers, the schema, and every role as a child process."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

import structlog

from config.detached import EmbeddedError
from config.embedded import EmbeddedPostgres, EmbeddedServer, EmbeddedValkey
from config.loading import prepare_database
from config.logging import configure_logging
from config.processes import ProcessIdentity
from config.roles.process import ROLES, VOICE, WEB, WORKER, preload, run_role
from config.rundir import running, serving, stop_servers
from config.runtime import start_servers
from config.settings import Settings
from config.supervisor import Child, Supervisor
from hotline.kernel.errors import HotlineError
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

WATCH_SECONDS = 2.0
VOICE_STOP_SECONDS = 20.0
"""After the drain, for the goodbye and the last rows."""
SHARED_FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def serve(settings: Settings, *, tell: Callable[[str], None]) -> None:
    """Run everything until SIGTERM or SIGINT; `tell` is given the lines for the operator.

    Raises:
        AlreadyRunning: if another `serve` has the data directory.
        EmbeddedError: if a bundled server cannot run.
        ChildFailed: if a role cannot start.
    """
    configure_logging(settings.log, role="serve")
    with serving(settings.data):
        try:
            share_web_port(settings)
            preload()
            servers = start_servers(settings)
            asyncio.run(prepare_database(servers, settings))
            asyncio.run(_supervise(settings, tell))
        finally:
            if all(each.process.pid == os.getpid() for each in running(settings.data)):
                stop_servers(settings.data)


def share_web_port(settings: Settings) -> None:
    """Prepare several web processes: nobody else may listen, and they count in one place.

    Raises:
        HotlineError: if another program listens at the address; it would get our connections.
    """
    if settings.http.processes == 1:
        return
    address = settings.http.address
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise HotlineError(
                f"web: {error.strerror}: end the program that listens at {address}, "
                f"or choose another address"
            ) from None
    figures = settings.data / "run" / "figures"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    # Read by prometheus_client when it is imported, which is why nothing has imported it yet.
    os.environ[SHARED_FIGURES] = str(figures)


async def _supervise(settings: Settings, tell: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor(children(settings))
    starting = spawn(supervisor.start(), "start the roles")
    stopped = spawn(stop.wait(), "wait for a signal")
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    try:
        await starting
    finally:
        stopped.cancel()
    for line in ready_lines(settings, supervisor.reports(), ProcessIdentity.own().age):
        tell(line)
    watch = spawn(_watch_servers(settings), "watch the embedded servers")
    try:
        await stop.wait()
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.hurry)
        await supervisor.stop()


def children(settings: Settings) -> list[Child]:
    """Return the processes that the settings ask for, in the order in which they start."""
    counts = {WORKER: settings.worker.processes, WEB: settings.http.processes}
    voice = VOICE_STOP_SECONDS + settings.call.drain.total_seconds()
    return [
        Child(
            name=role if counts.get(role, 1) == 1 else f"{role}-{number}",
            run=partial(run_role, role, settings),
            stop_limit=voice if role == VOICE else 15.0,
        )
        for role in ROLES
        for number in range(1, counts.get(role, 1) + 1)
    ]


def ready_lines(settings: Settings, reports: Mapping[str, str], seconds: float) -> list[str]:
    """Return what the operator wants to know once everything runs."""
    number = settings.numbers[0]
    sip = reports.get("sip", str(settings.sip.address))
    smtp = reports.get("smtp", str(settings.smtp.address))
    http = reports.get("http", str(settings.http.address))
    database = "of your own" if settings.database_url else f"in {settings.data / 'postgres'}"
    return [
        f"Hotline is ready after {seconds:.1f} s.",
        f"  web       {settings.http.public_url or f'http://{http}'}",
        f"  voice     sip:{number}@{sip} (UDP and TCP), RTP {settings.rtp.ports}",
        f"  mail      smtp://{smtp} for {settings.smtp.mailbox}",
        f"  database  {database}",
        f"  stop      Ctrl-C, or hotline stop --data {settings.data}",
    ]


async def _watch_servers(settings: Settings) -> None:
    """Start an embedded server again that has died under us."""
    servers: list[EmbeddedServer] = []
    if settings.database_url is None:
        servers.append(EmbeddedPostgres(settings.data / "postgres"))
    if settings.redis_url is None:
        servers.append(EmbeddedValkey(settings.data / "valkey"))
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for server in servers:
            if server.leader() is None:
                log.error("embedded_server_died", server=server.name)
                with suppress(EmbeddedError):
                    await asyncio.to_thread(server.start)
                    log.info("embedded_server_restarted", server=server.name)

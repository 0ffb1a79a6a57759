"""One installation of its own: started, killed without warning, started again."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL

from config.addresses import Address
from config.embedded import EmbeddedPostgres, EmbeddedServer, EmbeddedValkey
from config.processes import ProcessIdentity, wait_for_end
from config.rundir import running, stop_everything

READY_SECONDS = 90.0
DEAD_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class NotReady(Exception):
    """The hotline did not start."""


class Installation:
    """`hotline serve --demo` in a folder, on free ports of the loopback interface."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self.data = data
        self.http, self.sip, self.smtp = (Address("127.0.0.1", _free_port()) for _ in range(3))
        self.is_up = False
        self.starts: list[float] = []
        """Seconds until it was ready, each time it was waited for."""
        self._environment = dict(environment)
        self._serve: subprocess.Popen[bytes] | None = None
        self._log = data / "serve.log"

    @property
    def base(self) -> str:
        """The address of the pages."""
        return f"http://{self.http}"

    def launch(self) -> None:
        """Start it, and do not wait."""
        self._log.write_bytes(b"")
        with self._log.open("ab") as sink:
            self._serve = subprocess.Popen(
                [
                    sys.executable, "-m", "config.cli", "serve", "--demo", "--data", self.data,
                    "--http", str(self.http), "--sip", str(self.sip), "--smtp", str(self.smtp),
                ],
                stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, **self._environment},
            )  # fmt: skip

    async def wait_ready(self) -> None:
        """Wait until every role serves.

        Raises:
            NotReady: with the end of what it said, if it does not.
        """
        began = time.monotonic()
        while time.monotonic() - began < READY_SECONDS:
            if b"Hotline is ready" in self._log.read_bytes():
                self.starts.append(time.monotonic() - began)
                self.is_up = True
                return
            if self._serve is None or self._serve.poll() is not None:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        raise NotReady(self._log.read_text(errors="replace")[-2000:])

    def kill(self, chance: random.Random, *, with_servers: bool) -> int:
        """Kill -9 every process of ours, in no order; return how many there were."""
        self.is_up = False
        doomed = [each.process for each in running(self.data)]
        if with_servers:
            for server in self._servers():
                leader = server.leader()
                doomed += [leader] if leader else []
                doomed += server.followers()
        if self._serve is not None and self._serve.poll() is None:
            serve = ProcessIdentity.of(self._serve.pid)
            doomed += [serve] if serve and serve not in doomed else []
        chance.shuffle(doomed)
        for process in doomed:
            process.send(SIGKILL)
        if self._serve is not None:
            self._serve.wait(DEAD_SECONDS)
        left = wait_for_end(doomed, DEAD_SECONDS)
        if left:
            raise NotReady(f"still alive after SIGKILL: {[each.pid for each in left]}")
        return len(doomed)

    def stop(self) -> None:
        """End everything in order."""
        self.is_up = False
        stop_everything(self.data)
        if self._serve is not None:
            self._serve.wait(DEAD_SECONDS)

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL is reached."""
        return EmbeddedPostgres(self.data / "postgres").url

    def _servers(self) -> tuple[EmbeddedServer, ...]:
        return EmbeddedValkey(self.data / "valkey"), EmbeddedPostgres(self.data / "postgres")


def _free_port() -> int:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port

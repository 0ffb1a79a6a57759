"""Which processes of ours run in a data directory, and how all of them are ended.

Each process leaves DIR/run/ROLE-PID.json with its identity; `serve` also holds a lock for life.
A file outlives a kill -9, which is why identities are checked before anybody is signalled.
"""

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.detached import belongs_to_another
from config.embedded import EmbeddedPostgres, EmbeddedServer, EmbeddedValkey
from config.processes import ProcessIdentity, end_processes
from hotline.kernel.errors import HotlineError

SERVE = "serve"
SERVE_SECONDS = 60.0
"""`serve` ends its children in order, each within its own limit."""
ROLE_SECONDS = 20.0


class AlreadyRunning(HotlineError):
    """Another `serve` has this data directory."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `stop_everything` found and ended."""

    processes: int
    servers: tuple[str, ...]
    survivors: tuple[int, ...]
    """Pids that even SIGKILL did not end in time."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of ours that is alive."""

    role: str
    process: ProcessIdentity
    addresses: Mapping[str, str]
    """Where it listens, by protocol, once it is ready."""
    drain: float = 0.0
    """For how many seconds its calls may end by themselves once it is told to stop."""


@contextmanager
def registered(
    data: Path, role: str, *, drain: float = 0.0
) -> Iterator[Callable[[Mapping[str, str]], None]]:
    """Leave this process's identity in the data directory while the block runs.

    Yields a function that notes where the process listens.
    """
    path = _folder(data) / f"{role}-{os.getpid()}.json"
    identity = ProcessIdentity.own()

    def note(addresses: Mapping[str, str]) -> None:
        identity.write(path, addresses=dict(addresses), drain=drain)

    note({})
    try:
        yield note
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """Be the only `serve` of the data directory while the block runs.

    Raises:
        AlreadyRunning: if there is one; the message says how to end it.
    """
    path = _folder(data) / "serve.lock"
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"hotline serves {data} already: end it with `hotline stop --data {data}`, "
                "or choose another --data"
            ) from None
        with registered(data, SERVE):
            yield


def running(data: Path) -> Iterator[Running]:
    """Yield each living process of ours; forget the dead ones."""
    for path in sorted((data / "run").glob("*-*.json")):
        identity = ProcessIdentity.read(path)
        if identity and identity.is_alive():
            notes = _notes(path)
            yield Running(
                path.stem.rpartition("-")[0],
                identity,
                dict(notes.get("addresses", {})),
                float(notes.get("drain", 0.0)),
            )
        else:
            path.unlink(missing_ok=True)


def _notes(path: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}


def stop_everything(data: Path) -> Stopped:
    """End every process of ours in the data directory, then the embedded servers."""
    found = [each for each in running(data) if each.process.pid != os.getpid()]
    servers = [server.name for server in _servers(data) if server.leader()]
    leaders = [each.process for each in found if each.role == SERVE]
    others = [each.process for each in found if each.role != SERVE]
    drain = max((each.drain for each in found), default=0.0)
    term, kill = signal.SIGTERM, signal.SIGKILL
    left = end_processes(leaders, [(term, SERVE_SECONDS + drain), (kill, 5.0)])
    left += end_processes(others, [(term, ROLE_SECONDS + drain), (kill, 5.0)])
    stop_servers(data)
    for path in (data / "run").glob("*-*.json"):
        path.unlink(missing_ok=True)
    return Stopped(len(found), tuple(servers), tuple(process.pid for process in left))


def stop_servers(data: Path) -> None:
    """Stop the embedded servers of the data directory."""
    for server in _servers(data):
        server.stop()


def _servers(data: Path) -> tuple[EmbeddedServer, ...]:
    return EmbeddedValkey(data / "valkey"), EmbeddedPostgres(data / "postgres")


def _folder(data: Path) -> Path:
    folder = data / "run"
    with suppress(FileExistsError):
        folder.mkdir(parents=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise belongs_to_another(data)
    return folder

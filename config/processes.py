"""Processes of the operating system, named so that a recycled pid is never taken for one of ours.

A pid alone says nothing after a restart. A process is recognised by pid, start time (in clock
ticks since boot) and boot id, or by its full command line. Linux only: everything is read from
/proc, and only from files that every user may read, so that it also works in a container where
root lacks CAP_SYS_PTRACE.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")
POLL_SECONDS = 0.01
_OVER = frozenset({"Z", "X"})
"""States of a process that has ended; of its first thread only, while others keep the sockets."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process for as long as it lives; never equal to a later one with the same pid."""

    pid: int
    started: int
    """Clock ticks between boot and start: field 22 of /proc/PID/stat."""
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Return the identity of the process that has `pid` at present; None for none."""
        fields = _stat(pid)
        if fields is None or (fields[0] in _OVER and int(fields[17]) <= 1):
            return None
        return cls(pid=pid, started=int(fields[19]), boot=_boot_id())

    @classmethod
    def own(cls) -> "ProcessIdentity":
        """Return the identity of this process."""
        identity = cls.of(os.getpid())
        assert identity is not None
        return identity

    @property
    def age(self) -> float:
        """Seconds since the process started."""
        ticks = os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / ticks

    def is_alive(self) -> bool:
        """Say whether it still runs; a zombie does not, once its other threads have ended."""
        return ProcessIdentity.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process, and to nobody who came after it."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def send_group(self, number: signal.Signals) -> None:
        """Send a signal to the process group that this process leads."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def write(self, path: Path, **notes: Any) -> None:
        """Write the identity, and notes beside it, to a pid file, whole or not at all."""
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        fresh.write_text(json.dumps({**notes, **asdict(self)}), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> "ProcessIdentity | None":
        """Return what a pid file says; None if it is missing or torn."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                pid=int(fields["pid"]), started=int(fields["started"]), boot=str(fields["boot"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def find_processes(matches: Callable[[Sequence[str]], bool]) -> Iterator[ProcessIdentity]:
    """Yield every living process whose command line `matches`."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            arguments = command_line(int(entry.name))
            if arguments and matches(arguments):
                identity = ProcessIdentity.of(int(entry.name))
                if identity:
                    yield identity


def command_line(pid: int) -> list[str]:
    """Return the arguments of a process; empty for a zombie, a kernel thread or nobody."""
    try:
        text = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return text.rstrip(b"\0").decode(errors="surrogateescape").split("\0") if text else []


def end_processes(
    processes: Sequence[ProcessIdentity], steps: Sequence[tuple[signal.Signals, float]]
) -> list[ProcessIdentity]:
    """Send each step's signal to those still alive and wait its seconds; return the survivors."""
    alive = [process for process in processes if process.is_alive()]
    for number, seconds in steps:
        for process in alive:
            process.send(number)
        alive = wait_for_end(alive, seconds)
        if not alive:
            break
    return alive


def wait_for_end(processes: Sequence[ProcessIdentity], seconds: float) -> list[ProcessIdentity]:
    """Wait until the processes have ended; return those that have not after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        alive = [process for process in processes if process.is_alive()]
        if not alive or time.monotonic() >= deadline:
            return alive
        time.sleep(POLL_SECONDS)


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in brackets may itself hold blanks and brackets: proc_pid_stat(5).
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()

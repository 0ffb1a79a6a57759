"""The supervisor: one child process a role, restarted when it dies, stopped in order.

A child is a fork of this process, so what all roles need is imported once and shared. It leads a
process group of its own, so that a Ctrl-C at the terminal reaches only us and the order is ours;
it dies with us even when we are killed (`die_with_parent`), and says through a pipe that it is
ready, and where it listens.
"""

import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from hotline.kernel.errors import HotlineError
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""A child that has lived this long starts again at once when it dies."""
REPORT_BYTES = 4096
"""What a child reports when it is ready: one line of JSON, names to values."""
PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_NAME = 15

OURS = (signal.SIGTERM, signal.SIGINT)
"""Signals for which this process has handlers that a fork must not keep."""

Ready = Callable[[Mapping[str, str]], None]
"""What a role calls once it serves, with the addresses it serves on."""


class ChildFailed(HotlineError):
    """A child ended, or said nothing, before it was ready for the first time."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}; what it said stands above")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to keep running."""

    name: str
    run: Callable[[Ready], None]
    """What it does, in the fork; returns after SIGTERM."""
    ready_limit: float = 60.0
    """Seconds until it must have said that it is ready."""
    stop_limit: float = 15.0
    """Seconds between SIGTERM and SIGKILL."""


@dataclass(slots=True)
class _Process:
    """One life of a child."""

    pid: int
    ended: asyncio.Future[int]
    """Its exit code, as `os.waitstatus_to_exitcode` gives it."""


@dataclass(slots=True)
class _Life:
    """One child over all its lives."""

    child: Child
    process: _Process | None = None
    report: Mapping[str, str] = field(default_factory=dict)
    deaths: int = 0
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Keeps children running in the order given; stops them in reverse."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._lives = [_Life(child) for child in children]
        self._stopping = False
        self._ending: _Process | None = None

    async def start(self) -> None:
        """Start every child at once; return when all are ready.

        Raises:
            ChildFailed: if one is not; the others have been stopped again.
        """
        # What is there before the first fork is shared by all, unless the collector touches it.
        gc.collect()
        gc.freeze()
        try:
            async with asyncio.TaskGroup() as starts:
                for each in self._lives:
                    starts.create_task(self._start(each))
        except BaseExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except asyncio.CancelledError:
            await self.stop()
            raise
        for each in self._lives:
            each.keeper = spawn(self._keep(each), name=f"keep {each.child.name}")

    async def stop(self) -> None:
        """Stop the children one after another, the last one first; each within its limit."""
        self._stopping = True
        for each in reversed(self._lives):
            if each.keeper:
                each.keeper.cancel()
                await asyncio.gather(each.keeper, return_exceptions=True)
            await self._end(each)

    def hurry(self) -> None:
        """Ask the child that is ending once more, which for the voice process means at once."""
        if self._ending is not None and not self._ending.ended.done():
            os.kill(self._ending.pid, signal.SIGTERM)

    def pids(self) -> dict[str, int]:
        """Return the pid of each child that is alive."""
        return {
            each.child.name: each.process.pid
            for each in self._lives
            if each.process and not each.process.ended.done()
        }

    def reports(self) -> dict[str, str]:
        """Return what the children reported when they became ready, all in one."""
        return {name: value for each in self._lives for name, value in each.report.items()}

    async def _keep(self, life: _Life) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            assert life.process is not None
            born = loop.time()
            code = await asyncio.shield(life.process.ended)
            life.deaths = 0 if loop.time() - born >= STEADY_SECONDS else life.deaths + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (life.deaths - 1)) if life.deaths else 0
            log.error("child_died", child=life.child.name, code=code, starts_again_in=pause)
            await asyncio.sleep(pause)
            try:
                await self._start(life)
            except ChildFailed as failure:
                log.error("child_not_ready", child=life.child.name, reason=str(failure))
            else:
                log.info("child_restarted", child=life.child.name, pid=life.process.pid)

    async def _start(self, life: _Life) -> None:
        child = life.child
        reader, writer = os.pipe()
        try:
            life.process = _fork(child, writer)
        finally:
            os.close(writer)
        try:
            async with asyncio.timeout(child.ready_limit):
                report = await _hear(reader)
                if not report:
                    code = await asyncio.shield(life.process.ended)
                    raise ChildFailed(child.name, f"ended with code {code} before it was ready")
                life.report = json.loads(report)
        except TimeoutError:
            await self._end(life)
            raise ChildFailed(
                child.name, f"was not ready within {child.ready_limit:.0f} s"
            ) from None
        finally:
            os.close(reader)

    async def _end(self, life: _Life) -> None:
        process = life.process
        if process is None or process.ended.done():
            return
        self._ending = process
        os.kill(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(life.child.stop_limit):
                await asyncio.shield(process.ended)
        except TimeoutError:
            log.error("child_killed", child=life.child.name, limit=life.child.stop_limit)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.ended


def _fork(child: Child, writer: int) -> _Process:
    """Start one life of a child; must run in the loop's thread, the only one there is."""
    parent = os.getpid()
    # Between the fork and the reset of its handlers a signal would wake our loop, not the child.
    signal.pthread_sigmask(signal.SIG_BLOCK, OURS)
    try:
        pid = os.fork()
        if pid == 0:
            _live(child, writer, parent)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OURS)
    return _Process(pid, _end_of(pid))


def _live(child: Child, writer: int, parent: int) -> NoReturn:
    """Be the child, in the fork, and end with it: nothing of the parent's stack runs on."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in OURS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OURS)
        os.setpgid(0, 0)
        _prctl(PR_SET_NAME, f"hotline {child.name}".encode())
        die_with_parent(parent)
        child.run(ready_signal(writer))
        code = 0
    except HotlineError as error:
        print(f"hotline {child.name}: {error}", file=sys.stderr)  # noqa: T201 - as the program does
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - the boundary of the process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_of(pid: int) -> asyncio.Future[int]:
    """Return a future of a child's exit code; the child is reaped when it ends."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    watched = os.pidfd_open(pid)

    def reap() -> None:
        loop.remove_reader(watched)
        os.close(watched)
        _, status = os.waitpid(pid, 0)
        if not ended.done():
            ended.set_result(os.waitstatus_to_exitcode(status))

    loop.add_reader(watched, reap)
    return ended


async def _hear(reader: int) -> bytes:
    """Wait for the report; empty if the pipe closes without it."""
    loop = asyncio.get_running_loop()
    os.set_blocking(reader, False)
    heard: asyncio.Future[bytes] = loop.create_future()

    def listen() -> None:
        # Shorter than PIPE_BUF, so it comes in one piece: pipe(7).
        if not heard.done():
            heard.set_result(os.read(reader, REPORT_BYTES))

    loop.add_reader(reader, listen)
    try:
        return await heard
    finally:
        loop.remove_reader(reader)


def ready_signal(descriptor: int) -> Ready:
    """Return what a child calls once it is ready."""

    def say(report: Mapping[str, str]) -> None:
        os.write(descriptor, json.dumps(dict(report)).encode())
        os.close(descriptor)

    return say


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that ends.

    To be called by the child itself; ends at once if the parent is gone already.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


def _prctl(option: int, value: int | bytes) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")

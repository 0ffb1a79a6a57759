"""Children: started together, restarted when they die, stopped in order, never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from config.processes import ProcessIdentity, wait_for_end
from config.supervisor import Child, ChildFailed, Ready, Supervisor

LIMIT = 20.0


def note(journal: Path, name: str, what: str) -> None:
    with journal.open("a") as file:
        file.write(f"{name} {what} {os.getpid()}\n")


def live(journal: Path, name: str, ready: Ready) -> None:
    def leave(*_: object) -> None:
        note(journal, name, "ends")
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    note(journal, name, "starts")
    ready({name: "ready"})
    while True:
        signal.pause()


def live_deaf(journal: Path, name: str, ready: Ready) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready({})
    while True:
        signal.pause()


def live_slowly(journal: Path, name: str, ready: Ready) -> None:
    asked: list[int] = []

    def leave(*_: object) -> None:
        asked.append(len(asked))
        note(journal, name, "drains")
        if len(asked) == 2:
            sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    ready({})
    while True:
        signal.pause()


def stay_silent(journal: Path, name: str, ready: Ready) -> None:
    note(journal, name, "starts")
    while True:
        signal.pause()


def end_early(journal: Path, name: str, ready: Ready) -> None:
    sys.exit(3)


def child(name: str, journal: Path, run: Callable[..., None] = live, **limits: float) -> Child:
    return Child(name=name, run=partial(run, journal, name), **limits)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
async def trio(journal: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor([child(name, journal) for name in ("one", "two", "three")])
    yield supervisor
    await supervisor.stop()


def lines(journal: Path, what: str) -> list[str]:
    return [line.split()[0] for line in journal.read_text().splitlines() if f" {what} " in line]


async def eventually(journal: Path, what: str, count: int) -> list[str]:
    async with asyncio.timeout(LIMIT):
        while len(found := lines(journal, what)) < count:
            await asyncio.sleep(0.01)
    return found


async def test_start_returns_when_every_child_is_ready(trio: Supervisor, journal: Path) -> None:
    await trio.start()

    assert sorted(lines(journal, "starts")) == ["one", "three", "two"]
    assert trio.reports() == {"one": "ready", "two": "ready", "three": "ready"}


async def test_children_stop_in_reverse_order(trio: Supervisor, journal: Path) -> None:
    await trio.start()

    await trio.stop()

    assert lines(journal, "ends") == ["three", "two", "one"]
    assert trio.pids() == {}


async def test_a_killed_child_is_started_again_and_the_others_are_left_alone(
    trio: Supervisor, journal: Path
) -> None:
    await trio.start()
    before = trio.pids()

    os.kill(before["two"], signal.SIGKILL)
    await eventually(journal, "starts", 4)

    assert lines(journal, "starts")[-1] == "two"
    assert {name: trio.pids()[name] for name in ("one", "three")} == {
        name: before[name] for name in ("one", "three")
    }


async def test_a_child_that_ignores_sigterm_is_killed_after_its_limit(journal: Path) -> None:
    supervisor = Supervisor([child("deaf", journal, live_deaf, stop_limit=0.2)])
    await supervisor.start()
    identity = ProcessIdentity.of(supervisor.pids()["deaf"])

    await supervisor.stop()

    assert identity is not None
    assert not identity.is_alive()


async def test_a_child_that_takes_its_time_is_hurried(journal: Path) -> None:
    supervisor = Supervisor([child("slow", journal, live_slowly, stop_limit=LIMIT * 3)])
    await supervisor.start()
    identity = ProcessIdentity.of(supervisor.pids()["slow"])

    async with asyncio.timeout(LIMIT):
        stopping = asyncio.create_task(supervisor.stop())
        await eventually(journal, "drains", 1)
        supervisor.hurry()
        await stopping

    assert lines(journal, "drains") == ["slow", "slow"]
    assert identity is not None
    assert not identity.is_alive()


async def test_a_child_that_ends_before_it_is_ready_ends_the_start_and_the_others(
    journal: Path,
) -> None:
    supervisor = Supervisor([child("good", journal), child("bad", journal, end_early)])

    with pytest.raises(ChildFailed, match="bad ended with code 3 before it was ready"):
        await supervisor.start()

    assert supervisor.pids() == {}


async def test_a_child_that_never_gets_ready_ends_the_start(journal: Path) -> None:
    silent = child("silent", journal, stay_silent, ready_limit=0.3)
    supervisor = Supervisor([silent])

    with pytest.raises(ChildFailed, match="silent was not ready within"):
        await supervisor.start()

    assert supervisor.pids() == {}


async def test_stopping_during_the_start_leaves_nobody(journal: Path) -> None:
    silent = child("silent", journal, stay_silent)
    supervisor = Supervisor([child("one", journal), silent])
    start = asyncio.create_task(supervisor.start())
    await eventually(journal, "starts", 2)

    start.cancel()
    await asyncio.gather(start, return_exceptions=True)

    assert start.cancelled()
    assert supervisor.pids() == {}


def test_children_die_with_a_killed_parent() -> None:
    grandchild = """
        import os, sys
        from config.supervisor import die_with_parent
        die_with_parent(int(sys.argv[1]))
        print(os.getpid(), flush=True)
        import signal
        while True:
            signal.pause()
    """
    parent = f"""
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {textwrap.dedent(grandchild)!r},
                                  str(os.getpid())])
        child.wait()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        orphan = ProcessIdentity.of(int(process.stdout.readline()))
        assert orphan is not None
        process.kill()

    assert wait_for_end([orphan], LIMIT) == []


def test_a_child_whose_parent_is_gone_already_ends_itself() -> None:
    script = "from config.supervisor import die_with_parent; die_with_parent(1 << 30); print('no')"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "is gone" in done.stderr

"""Identity of processes: a recycled pid is nobody we know."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.processes import (
    ProcessIdentity,
    command_line,
    end_processes,
    find_processes,
    wait_for_end,
)

SLEEP = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def identity(process: "subprocess.Popen[str]") -> ProcessIdentity:
    found = ProcessIdentity.of(process.pid)
    assert found is not None
    return found


def test_a_process_is_itself(sleeper: "subprocess.Popen[str]") -> None:
    assert identity(sleeper) == identity(sleeper)
    assert identity(sleeper).is_alive()
    assert identity(sleeper) != ProcessIdentity.own()


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_whoever_has_the_pid_later_is_somebody_else(
    sleeper: "subprocess.Popen[str]", change: dict[str, int | str]
) -> None:
    earlier = replace(identity(sleeper), **change)

    earlier.send(signal.SIGKILL)
    earlier.send_group(signal.SIGKILL)

    assert not earlier.is_alive()
    assert identity(sleeper).is_alive()


def test_a_zombie_is_not_alive(sleeper: "subprocess.Popen[str]") -> None:
    known = identity(sleeper)
    sleeper.kill()

    assert wait_for_end([known], 10) == []
    assert command_line(sleeper.pid) == []


def test_a_process_is_found_by_its_whole_command_line(sleeper: "subprocess.Popen[str]") -> None:
    found = find_processes(lambda arguments: list(arguments) == SLEEP)

    assert identity(sleeper) in list(found), "beside those of other workers"


def test_a_deaf_process_gets_the_next_signal(tmp_path: Path) -> None:
    script = (
        "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        known = identity(process)

        left = end_processes([known], [(signal.SIGTERM, 0.1), (signal.SIGKILL, 10)])

        assert left == []
        assert process.wait() == -signal.SIGKILL


def test_a_pid_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    own = ProcessIdentity.own()

    own.write(tmp_path / "web-1.json")

    assert ProcessIdentity.read(tmp_path / "web-1.json") == own
    assert [path.name for path in tmp_path.iterdir()] == ["web-1.json"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "started": 1}', "7"]
)
def test_a_torn_pid_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "torn.json").write_text(content)

    assert ProcessIdentity.read(tmp_path / "torn.json") is None


def test_a_missing_pid_file_names_nobody(tmp_path: Path) -> None:
    assert ProcessIdentity.read(tmp_path / "none.json") is None


def test_nobody_has_an_impossible_pid() -> None:
    assert ProcessIdentity.of(1 << 30) is None
    assert ProcessIdentity.own().pid == os.getpid()

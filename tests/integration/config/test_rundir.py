"""Which of our processes run in a data directory, and how all of them are ended."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.processes import ProcessIdentity
from config.rundir import AlreadyRunning, Running, registered, running, serving, stop_everything

PROCESS = """
import signal, sys
from pathlib import Path
from config.rundir import registered
def leave(*_):
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
with registered(Path(sys.argv[1]), sys.argv[2]):
    print("up", flush=True)
    while True:
        signal.pause()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROCESS), str(tmp_path), "worker"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_known_while_it_runs(tmp_path: Path) -> None:
    with registered(tmp_path, "web") as note:
        assert list(running(tmp_path)) == [Running("web", ProcessIdentity.own(), {})]
        note({"http": "127.0.0.1:8080"})
        assert [each.addresses for each in running(tmp_path)] == [{"http": "127.0.0.1:8080"}]

    assert list(running(tmp_path)) == []


def test_a_voice_process_says_for_how_long_its_calls_may_go_on(tmp_path: Path) -> None:
    with registered(tmp_path, "voice", drain=600.0) as note:
        note({"sip": "127.0.0.1:5060"})

        assert [each.drain for each in running(tmp_path)] == [600.0]


def test_a_killed_process_is_forgotten(tmp_path: Path, worker: "subprocess.Popen[str]") -> None:
    worker.kill()
    worker.wait()

    assert list(running(tmp_path)) == []
    assert list((tmp_path / "run").iterdir()) == []


def test_a_second_serve_is_told_what_to_do(tmp_path: Path) -> None:
    with (
        serving(tmp_path),
        pytest.raises(AlreadyRunning, match="end it with `hotline stop --data"),
        serving(tmp_path),
    ):
        pass


def test_serve_may_follow_a_serve_that_has_ended(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass

    with serving(tmp_path):
        assert [each.role for each in running(tmp_path)] == ["serve"]


def test_stop_ends_what_runs_here_and_nothing_else(
    tmp_path: Path, worker: "subprocess.Popen[str]"
) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    recycled = ProcessIdentity(pid=stranger.pid, started=1, boot="earlier")
    recycled.write(tmp_path / "run" / f"web-{stranger.pid}.json")

    stopped = stop_everything(tmp_path)

    assert (stopped.processes, stopped.servers, stopped.survivors) == (1, (), ())
    assert worker.wait(10) == 0
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_stop_where_nothing_runs_finds_nothing(tmp_path: Path) -> None:
    stopped = stop_everything(tmp_path / "empty")

    assert (stopped.processes, stopped.servers) == (0, ())

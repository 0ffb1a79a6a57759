"""`hotline serve`: everything starts, survives kills, and stops in order."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.probing import probe_roles
from config.processes import ProcessIdentity, wait_for_end
from config.rundir import running, stop_everything
from config.serving import share_web_port
from config.settings import load_settings
from hotline.kernel.errors import HotlineError
from tests.fakes.ports import free_port, free_range

LIMIT = 60.0
ANY_PORT = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--smtp", "127.0.0.1:0")
ROLES = {"serve", "web", "voice", "mail", "worker", "sweeper"}


class Serve:
    """A `hotline serve` of a test."""

    def __init__(self, data: Path, *, web_processes: int = 1) -> None:
        self.data = data
        shared = ("--http", f"127.0.0.1:{free_port()}") if web_processes > 1 else ()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", "serve", "--data", str(data), *ANY_PORT, *shared,
             "--rtp-ports", "{}-{}".format(*free_range(50))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={
                **os.environ,
                "HOTLINE_LOG__FORMAT": "json",
                "HOTLINE_HTTP__PROCESSES": str(web_processes),
            },
        )  # fmt: skip
        self.lines: list[str] = []

    def wait_ready(self) -> None:
        assert self.process.stdout is not None
        while len(self.lines) < 6:
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            self.lines.append(line.rstrip())

    def address(self, what: str) -> str:
        line = next(line for line in self.lines if line.startswith(f"  {what}"))
        found = re.search(r"127\.0\.0\.1:\d+", line)
        assert found is not None
        return found.group()

    def roles(self) -> dict[str, ProcessIdentity]:
        return {each.role: each.process for each in running(self.data)}

    def wait_for(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def logged(self) -> list[str]:
        _, errors = self.process.communicate(timeout=LIMIT)
        return [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Serve]]:
    started: list[Serve] = []

    def start(*, web_processes: int = 1) -> Serve:
        serve = Serve(tmp_path, web_processes=web_processes)
        started.append(serve)
        return serve

    yield start
    stop_everything(tmp_path)
    for serve in started:
        serve.process.communicate(timeout=LIMIT)


def http_status(address: str, path: str) -> int:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as response:
        status: int = response.status
        return status


def greeting(address: str) -> str:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        return connection.recv(100).decode()


def options_answer(address: str) -> str:
    host, _, port = address.partition(":")
    with socket.socket(type=socket.SOCK_DGRAM) as phone:
        phone.settimeout(10)
        phone.bind(("127.0.0.1", 0))
        own = "{}:{}".format(*phone.getsockname())
        phone.sendto(
            f"OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKt\r\n"
            f"From: <sip:t@{own}>;tag=1\r\nTo: <sip:{address}>\r\nCall-ID: t@{own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode(),
            (host, int(port)),
        )
        return phone.recv(4096).decode().partition("\r\n")[0]


def test_every_channel_answers_once_serve_says_that_it_is_ready(
    start: Callable[..., Serve],
) -> None:
    serve = start(web_processes=2)

    serve.wait_ready()

    assert re.fullmatch(r"Hotline is ready after \d+\.\d s\.", serve.lines[0])
    assert http_status(serve.address("web"), "/health/ready") == 200
    assert greeting(serve.address("mail")).startswith("220 ")
    assert options_answer(serve.address("voice")) == "SIP/2.0 200 OK"
    assert set(serve.roles()) == ROLES
    assert dict(probe_roles(serve.data)) == dict.fromkeys(ROLES)
    the_web_processes_share_their_port_and_their_figures(serve)


def the_web_processes_share_their_port_and_their_figures(serve: Serve) -> None:
    one, other = (each.process for each in running(serve.data) if each.role == "web")
    web = serve.address("web")
    assert {http_status(web, "/health/live") for _ in range(30)} == {200}
    assert requests_counted(web, "/health/live") == 30

    os.kill(one.pid, signal.SIGKILL)
    assert wait_for_end([one], LIMIT) == []
    assert {http_status(web, "/health/live") for _ in range(10)} == {200}
    assert requests_counted(web, "/health/live") == 40
    assert other.is_alive()


def requests_counted(address: str, path: str) -> float:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    start = "hotline_http_requests_total{"
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(start) and f'route="{path}"' in line
    )


def test_two_web_processes_do_not_share_the_port_of_a_stranger(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "{}:{}".format(*taken.getsockname())
        http = {"address": address, "processes": 2}

        with pytest.raises(HotlineError, match=f"end the program that listens at {address}"):
            share_web_port(load_settings({"data": tmp_path, "http": http}))


def test_a_second_serve_says_that_there_is_one(start: Callable[[], Serve]) -> None:
    first = start()
    first.wait_ready()

    second = start()

    _, errors = second.process.communicate(timeout=LIMIT)
    assert second.process.returncode == 1
    assert f"hotline serves {first.data} already: end it with `hotline stop --data" in errors
    assert set(first.roles()) == ROLES


def test_sigterm_stops_intake_before_the_hands_and_the_servers_last(
    start: Callable[[], Serve],
) -> None:
    serve = start()
    serve.wait_ready()

    serve.process.terminate()
    events = serve.logged()

    assert serve.process.returncode == 0
    assert serve.roles() == {}
    assert EmbeddedPostgres(serve.data / "postgres").leader() is None
    assert EmbeddedValkey(serve.data / "valkey").leader() is None
    assert "child_killed" not in events
    assert events.count("role_ended") == 6


def test_after_a_kill_of_the_whole_tree_the_next_start_goes_on(start: Callable[[], Serve]) -> None:
    first = start()
    first.wait_ready()
    children = [each for role, each in first.roles().items() if role != "serve"]
    database = EmbeddedPostgres(first.data / "postgres").leader()

    first.process.kill()
    left = wait_for_end(children, 10)
    second = start()
    second.wait_ready()

    assert left == []
    assert EmbeddedPostgres(first.data / "postgres").leader() == database
    assert http_status(second.address("web"), "/health/ready") == 200


def test_a_killed_role_and_a_killed_database_come_back(start: Callable[[], Serve]) -> None:
    serve = start()
    serve.wait_ready()
    web = serve.roles()["web"]
    database = EmbeddedPostgres(serve.data / "postgres").leader()
    assert database is not None

    web.send(signal.SIGKILL)
    database.send(signal.SIGKILL)

    serve.wait_for(lambda: "web" in serve.roles() and serve.roles()["web"] != web)
    serve.wait_for(lambda: EmbeddedPostgres(serve.data / "postgres").is_ready())
    assert EmbeddedPostgres(serve.data / "postgres").leader() != database


def test_stop_ends_everything(start: Callable[[], Serve]) -> None:
    serve = start()
    serve.wait_ready()

    stopped = stop_everything(serve.data)

    assert stopped.processes == 7
    assert stopped.servers == ("valkey", "postgres")
    assert stopped.survivors == ()
    assert serve.process.wait(LIMIT) == 0
    assert serve.roles() == {}


def test_a_port_that_is_taken_is_named_and_nothing_stays(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "{}:{}".format(*taken.getsockname())
        done = subprocess.run(
            [sys.executable, "-m", "config.cli", "serve", "--data", str(tmp_path), *ANY_PORT,
             "--http", address],
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert "hotline web: web: " in done.stderr
    assert "in use" in done.stderr.lower()
    assert list(running(tmp_path)) == []
    assert EmbeddedPostgres(tmp_path / "postgres").leader() is None

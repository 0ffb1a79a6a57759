"""The hand: carries out what is rung, survives any kill, and never finishes for somebody else."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from config.doorbell import MEMORY_SECONDS
from config.runtime import Runtime, Servers
from hotline.kernel.outbox import LEASE

LIMIT = 30.0

# A worker with two jobs of our own: `note` says that it runs, `linger` also waits for a line.
WORKER = """
import asyncio, json, sys
from datetime import timedelta
from pathlib import Path
from config import jobs
from config.logging import configure_logging
from config.runtime import Servers
from config.settings import LogSettings, load_settings
from config.worker import work
from hotline.kernel.clock import system_clock

given = json.loads(sys.argv[1])

async def note(runtime, payload):
    print("ran", payload["word"], flush=True)

async def linger(runtime, payload):
    print("ran", payload["word"], flush=True)
    if given["lingers"]:
        await asyncio.to_thread(sys.stdin.readline)

async def fail(runtime, payload):
    raise RuntimeError("a bug")

jobs.JOBS = {"note": note, "linger": linger, "fail": fail}
configure_logging(LogSettings(format="json"), role="worker")
work(
    load_settings({"data": Path(given["data"])}),
    Servers(**given["servers"]),
    ready=lambda _: print("ready", flush=True),
    burst=given["burst"],
    clock=lambda: system_clock() + timedelta(seconds=given["ahead"]),
)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(servers: Servers, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(
        *, burst: bool = False, lingers: bool = False, ahead: timedelta = timedelta()
    ) -> "subprocess.Popen[str]":
        given = {
            "servers": asdict(servers),
            "data": str(tmp_path),
            "burst": burst,
            "lingers": lingers,
            "ahead": ahead.total_seconds(),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert hear(process) == "ready"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def owe(runtime: Runtime, job: str, word: str) -> None:
    async with runtime.database.begin() as uow:
        uow.enqueue(job, key=word, payload={"word": word}, due_at=datetime.now(UTC))
        # The fixture's clock stands still in the past; these rows are due by the real one.
        uow.clock = lambda: datetime.now(UTC) + timedelta(seconds=1)


async def rows(runtime: Runtime) -> list[tuple[Any, ...]]:
    async with runtime.database.read() as session:
        found = await session.execute(
            text("SELECT key, state, attempts, lease FROM outbox ORDER BY id")
        )
        return [tuple(row) for row in found]


async def test_a_rung_row_is_carried_out_once(runtime: Runtime, start: Start) -> None:
    await owe(runtime, "note", "first")
    await owe(runtime, "note", "second")
    await runtime.doorbell.ring([1, 1, 2])

    worker = start(burst=True)
    said, _ = await asyncio.to_thread(worker.communicate, timeout=LIMIT)

    assert said.split("\n")[:-1] == ["ran first", "ran second"]
    assert await rows(runtime) == [("first", "done", 1, None), ("second", "done", 1, None)]


async def test_a_worker_that_waits_hears_the_bell(runtime: Runtime, start: Start) -> None:
    worker = start()

    await owe(runtime, "note", "later")

    assert await asyncio.to_thread(hear, worker) == "ran later"


async def test_what_redis_remembers_of_a_finished_row_ends_by_itself(
    runtime: Runtime, start: Start, redis: Redis
) -> None:
    await owe(runtime, "note", "done")

    await asyncio.to_thread(start(burst=True).communicate, timeout=LIMIT)

    assert redis.llen("rq:queue:outbox") == 0
    assert 0 < redis.ttl("rq:job:outbox-1") <= MEMORY_SECONDS


async def test_a_ring_that_another_worker_has_finished_does_not_end_the_first(
    runtime: Runtime, start: Start
) -> None:
    await owe(runtime, "linger", "first")
    slow = start(lingers=True)
    assert await asyncio.to_thread(hear, slow) == "ran first"
    await runtime.doorbell.ring([1])
    await asyncio.to_thread(start(burst=True).communicate, timeout=LIMIT)

    assert slow.stdin is not None
    slow.stdin.write("go on\n")
    slow.stdin.flush()
    await owe(runtime, "note", "second")

    assert await asyncio.to_thread(hear, slow) == "ran second"
    assert (await rows(runtime))[0] == ("first", "done", 1, None)


async def test_a_bug_buries_the_row_and_the_worker_goes_on(runtime: Runtime, start: Start) -> None:
    await owe(runtime, "fail", "broken")
    await owe(runtime, "note", "sound")

    _, logged = await asyncio.to_thread(start(burst=True).communicate, timeout=LIMIT)

    assert [row[:2] for row in await rows(runtime)] == [("broken", "dead"), ("sound", "done")]
    assert "job_failed" in logged


async def test_after_a_kill_in_the_middle_the_row_runs_again_once_its_lease_is_over(
    runtime: Runtime, start: Start
) -> None:
    await owe(runtime, "linger", "cut")
    victim = start(lingers=True)
    assert await asyncio.to_thread(hear, victim) == "ran cut"
    victim.kill()
    victim.wait()

    await runtime.doorbell.ring_again([1])
    too_early, _ = await asyncio.to_thread(start(burst=True).communicate, timeout=LIMIT)
    await runtime.doorbell.ring_again([1])
    late_enough, _ = await asyncio.to_thread(
        start(burst=True, ahead=LEASE).communicate, timeout=LIMIT
    )

    assert too_early == ""
    assert late_enough == "ran cut\n"
    assert await rows(runtime) == [("cut", "done", 2, None)]


async def test_a_worker_that_slept_through_its_lease_does_not_finish_for_the_other(
    runtime: Runtime, start: Start
) -> None:
    await owe(runtime, "linger", "slow")
    sleeper = start(burst=True, lingers=True)
    assert await asyncio.to_thread(hear, sleeper) == "ran slow"
    sleeper.send_signal(signal.SIGSTOP)

    await runtime.doorbell.ring([1])
    await asyncio.to_thread(start(burst=True, ahead=LEASE).communicate, timeout=LIMIT)
    finished = await rows(runtime)
    sleeper.send_signal(signal.SIGCONT)
    _, logged = await asyncio.to_thread(sleeper.communicate, "go on\n", timeout=LIMIT)

    assert finished == [("slow", "done", 2, None)]
    assert await rows(runtime) == finished
    assert "lease_lost" in logged


async def test_sigterm_ends_an_idle_worker_at_once(start: Start) -> None:
    worker = start()

    worker.terminate()

    await asyncio.to_thread(worker.communicate, timeout=10)
    assert worker.returncode == 0


async def test_sigterm_lets_the_row_in_hand_be_finished(runtime: Runtime, start: Start) -> None:
    await owe(runtime, "linger", "last")
    worker = start(lingers=True)
    assert await asyncio.to_thread(hear, worker) == "ran last"

    worker.terminate()
    await asyncio.to_thread(worker.communicate, "go on\n", timeout=LIMIT)

    assert worker.returncode == 0
    assert await rows(runtime) == [("last", "done", 1, None)]

"""Seeded crash schedules in virtual time: `python -m benchmarks.faults.schedules --count 5000`.

The code is the product's, the database a real PostgreSQL; only time, the outside and the moments
of death are drawn by seed. `--unsafe` works in a way that loses contacts or rings twice: the same
judgement must find it. One seed again: `--first SEED --count 1`.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import config.models  # noqa: F401 - every row registers itself
from benchmarks.faults.house import Ground
from benchmarks.faults.people import UNSAFE
from benchmarks.faults.storm import Verdict, play
from config.embedded import EmbeddedPostgres
from hotline.kernel.db import Base
from tests.conftest import FakeClock

SHOWN = 10
"""Broken schedules that are told in full."""
TOLD_EVERY = 250
"""Schedules between two lines in a log, where no bar moves."""
PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Tally:
    """What all schedules showed together."""

    schedules: int = 0
    crashes: Counter[str] = field(default_factory=Counter)
    contacts: int = 0
    rings: int = 0
    letters: int = 0
    days: float = 0.0
    broken: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one schedule."""
        self.schedules += 1
        self.crashes += verdict.crashes
        self.contacts += verdict.contacts
        self.rings += verdict.rings
        self.letters += verdict.letters
        self.days += verdict.days
        if verdict.problems:
            self.broken.append(verdict)

    def as_json(self, **more: Any) -> dict[str, Any]:
        """Return the summary."""
        return {
            "schedules": self.schedules,
            "broken": len(self.broken),
            "crashes": self.crashes.total(),
            "crashes_by_point": dict(self.crashes.most_common()),
            "contacts": self.contacts,
            "rings": self.rings,
            "letters": self.letters,
            "virtual_days": round(self.days),
            "broken_seeds": [each.seed for each in self.broken[:SHOWN]],
            **more,
        }


async def run(
    url: str,
    seeds: Sequence[int],
    *,
    unsafe: str = "",
    odds: float | None = None,
    until_broken: bool = False,
) -> list[Verdict]:
    """Play seeds one after the other in an empty database that has its schema."""
    verdicts: list[Verdict] = []
    async with Ground.open(url, FakeClock()) as ground:
        for seed in seeds:
            verdicts.append(await play(ground, seed, unsafe=unsafe, odds=odds))
            if until_broken and verdicts[-1].problems:
                break
    return verdicts


async def _make_database(url: str, name: str) -> str:
    """Make a database with the schema on the server at `url`; return its URL."""
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
        # Our processes die here, never the server: its disk may lag behind.
        await connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    await server.dispose()
    engine = create_async_engine(server.url.set(database=name))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    return engine.url.render_as_string(hide_password=False)


def _hand(url: str, seeds: Sequence[int], unsafe: str, results: "Queue[Verdict | None]") -> None:
    """One process: play its share and report each schedule."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    async def work() -> None:
        async with Ground.open(url, FakeClock()) as ground:
            for seed in seeds:
                try:
                    verdict = await play(ground, seed, unsafe=unsafe)
                except Exception as error:
                    verdict = Verdict(seed, [f"raised {type(error).__name__}: {error}"])
                results.put(verdict)

    try:
        uvloop.run(work())
    finally:
        results.put(None)


def _verdicts(urls: Sequence[str], seeds: Sequence[int], unsafe: str) -> Iterator[Verdict]:
    context = multiprocessing.get_context("spawn")
    results: Queue[Verdict | None] = context.Queue()
    hands = [
        context.Process(target=_hand, args=(url, seeds[n :: len(urls)], unsafe, results))
        for n, url in enumerate(urls)
    ]
    for hand in hands:
        hand.start()
    left = len(hands)
    try:
        while left:
            verdict = results.get(timeout=PATIENCE_SECONDS)
            if verdict is None:
                left -= 1
            else:
                yield verdict
    finally:
        for hand in hands:
            hand.terminate()
            hand.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.faults.schedules", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--unsafe", choices=UNSAFE, default="")
    return parser.parse_args()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Play the schedules; 0 if every promise was kept, 1 if not."""
    arguments = _arguments()
    # A run that is cut short still says what it has seen; a shell's `&` would have it ignore ^C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    seeds = range(arguments.first, arguments.first + arguments.count)
    began = time.monotonic()
    tally = Tally()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[crashes]} crashes, {task.fields[broken]} broken"),
    )
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        try:
            urls = [
                asyncio.run(_make_database(url, f"schedules_{n}"))
                for n in range(min(arguments.processes, len(seeds)))
            ]
            with bar, suppress(KeyboardInterrupt):
                task = bar.add_task("schedules", total=len(seeds), crashes=0, broken=0)
                for verdict in _verdicts(urls, seeds, arguments.unsafe):
                    tally.add(verdict)
                    if verdict.problems and len(tally.broken) <= SHOWN:
                        bar.console.print(f"seed {verdict.seed}: {'; '.join(verdict.problems)}")
                    crashes, broken = tally.crashes.total(), len(tally.broken)
                    bar.update(task, advance=1, crashes=crashes, broken=broken)
                    if not bar.console.is_terminal and tally.schedules % TOLD_EVERY == 0:
                        print(f"{tally.schedules} played, {broken} broken", flush=True)
        finally:
            server.stop()
    seconds = round(time.monotonic() - began, 1)
    is_whole = tally.schedules == len(seeds)
    more = {"seconds": seconds, "unsafe": arguments.unsafe or None, "finished": is_whole}
    print(json.dumps(tally.as_json(**more)))
    return 0 if is_whole and not tally.broken else 1


if __name__ == "__main__":
    sys.exit(main())

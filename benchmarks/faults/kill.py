"""Real kill -9: `python -m benchmarks.faults.kill --rounds 40`.

`hotline serve --demo` runs in a folder of its own. While citizens write forms and mails and call,
a seat talks, the city decides and callbacks ring, every process is killed at once and started
again; at random with the embedded servers or without, and now and then while it still starts.
At the end all that citizens hold in their hands is compared with the database. `--unsafe` lets the
ledger claim what was sent while nobody was there: the reckoning must notice.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.faults.accounts import figures, find_problems, unfinished
from benchmarks.faults.installation import Installation
from benchmarks.faults.traffic import (
    SEAT_EXTENSION,
    Broken,
    Ledger,
    RungPhone,
    Traffic,
    register_seat,
)
from channels.voice.phone import Phone, PhoneOptions
from config.demo.clients import Browser
from config.demo.mailbox import Mailbox
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database

UP_SECONDS = (0.5, 3.5)
"""How long the house lives in one round."""
BIRTH_SECONDS = (0.2, 2.5)
EARLY_ODDS = 0.15
"""How often it is killed while it still starts."""
SERVER_ODDS = 0.5
SURVEY_ODDS = 0.4
"""How often the killer waits for a callback to be answered."""
SURVEY_SECONDS = 6.0
STILL_SECONDS = 90.0
"""Two gaps between callbacks and a survey: when nothing has moved for so long, nothing will."""
LONGEST_QUIET_SECONDS = 600.0


@dataclass(slots=True)
class Result:
    """What the killing showed."""

    problems: list[str]
    kills: int = 0
    kills_with_servers: int = 0
    kills_while_starting: int = 0
    processes: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    counts: dict[str, int] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the summary."""
        return {
            "kills": self.kills,
            "with_servers": self.kills_with_servers,
            "while_starting": self.kills_while_starting,
            "processes_killed": self.processes,
            "forms_acknowledged": len(self.ledger.forms),
            "mails_acknowledged": len(self.ledger.mails),
            "calls_answered": len(self.ledger.calls),
            "refusals": dict(self.ledger.refusals),
            **self.counts,
            "slowest_start": round(max(self.starts, default=0.0), 1),
            "problems": self.problems,
            "seconds": round(self.seconds, 1),
        }


class Killing:
    """One whole run in one folder."""

    def __init__(
        self, folder: Path, *, seed: int, unsafe: bool, bar: Progress | None = None
    ) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        self.unsafe = unsafe
        self.bar = bar
        self.result = Result([])

    async def run(self, rounds: int) -> Result:
        """Kill `rounds` times, let everything settle, and compare."""
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            mailbox = await stack.enter_async_context(Mailbox.open())
            citizens = await stack.enter_async_context(
                RungPhone.open(PhoneOptions(user="citizens"))
            )
            assert isinstance(citizens, RungPhone)
            installation = Installation(
                self.folder,
                {
                    "HOTLINE_TRUNK__ADDRESS": "{}:{}".format(*citizens.address),
                    "HOTLINE_RELAY__HOST": "127.0.0.1",
                    "HOTLINE_RELAY__PORT": str(mailbox.port),
                },
            )
            stack.callback(installation.stop)
            installation.launch()
            await installation.wait_ready()
            traffic = Traffic(installation, self.result.ledger, self.chance, unsafe=self.unsafe)
            async with asyncio.TaskGroup() as people:
                tasks = await self._let_in(traffic, citizens, stack, people)
                await self._kill_again_and_again(traffic, rounds)
                traffic.is_closing = True
                await self._reckon(installation, citizens)
                for task in tasks:
                    task.cancel()
        self.result.starts = installation.starts
        self.result.seconds = time.monotonic() - began
        return self.result

    async def _let_in(
        self,
        traffic: Traffic,
        citizens: RungPhone,
        stack: AsyncExitStack,
        people: asyncio.TaskGroup,
    ) -> list[asyncio.Task[None]]:
        installation = traffic.installation
        desk = await stack.enter_async_context(Phone.open(PhoneOptions(user=SEAT_EXTENSION)))
        await register_seat(desk, installation)
        seat, leader = [
            await stack.enter_async_context(Browser.open(installation.base)) for _ in range(2)
        ]
        await seat.sign_in("seat1")
        await leader.sign_in("leader")
        lives = (
            traffic.forms(),
            traffic.forms(),
            traffic.mails(),
            traffic.calls(),
            traffic.answer_surveys(citizens),
            traffic.take_calls(desk),
            traffic.sit(seat),
            traffic.work(seat, leader),
        )
        return [people.create_task(life) for life in lives]

    async def _kill_again_and_again(self, traffic: Traffic, rounds: int) -> None:
        installation = traffic.installation
        task = self.bar.add_task("kill -9", total=rounds) if self.bar else None
        for number in range(rounds):
            is_early = number > 0 and self.chance.random() < EARLY_ODDS
            if is_early:
                await asyncio.sleep(self.chance.uniform(*BIRTH_SECONDS))
            else:
                if number > 0:
                    await installation.wait_ready()
                await asyncio.sleep(self.chance.uniform(*UP_SECONDS))
                if self.chance.random() < SURVEY_ODDS:
                    await self._wait_for_a_survey(traffic)
            with_servers = self.chance.random() < SERVER_ODDS
            killed = await asyncio.to_thread(
                installation.kill, self.chance, with_servers=with_servers
            )
            self.result.kills += 1
            self.result.kills_with_servers += with_servers
            self.result.kills_while_starting += is_early
            self.result.processes += killed
            installation.launch()
            if self.bar and task is not None:
                self.bar.update(task, advance=1)
        await installation.wait_ready()

    async def _wait_for_a_survey(self, traffic: Traffic) -> None:
        """Wait until a callback is answered, and a moment of it."""
        before = traffic.surveys
        with suppress(TimeoutError):
            async with asyncio.timeout(SURVEY_SECONDS):
                while traffic.surveys == before:
                    await asyncio.sleep(0.05)
        await asyncio.sleep(self.chance.uniform(0, 3))

    async def _reckon(self, installation: Installation, citizens: RungPhone) -> None:
        database = Database.connect(installation.database_url, clock=system_clock)
        try:
            left = await self._wait_for_quiet(database)
            async with database.read() as session:
                self.result.problems += [f"still {count} {what}" for what, count in left.items()]
                self.result.problems += await find_problems(
                    session, self.result.ledger, citizens.rings
                )
                self.result.counts = {
                    **await figures(session),
                    "rings": citizens.rings.total(),
                }
        finally:
            await database.close()

    async def _wait_for_quiet(self, database: Database) -> dict[str, int]:
        """Wait while anything moves; return what is still on its way when nothing does."""
        left: dict[str, int] = {}
        began = moved = time.monotonic()
        while time.monotonic() - began < LONGEST_QUIET_SECONDS:
            before = left
            with suppress(*Broken):
                async with database.read() as session:
                    left = dict(await unfinished(session, system_clock()))
                if self.result.ledger.waiting:
                    left["contacts unacknowledged"] = self.result.ledger.waiting
                if not left:
                    return {}
            if left != before:
                moved = time.monotonic()
            if time.monotonic() - moved > STILL_SECONDS:
                break
            await asyncio.sleep(0.5)
        return left


async def kill(
    folder: Path, rounds: int, *, seed: int = 0, unsafe: bool = False, bar: Progress | None = None
) -> Result:
    """Run a hotline in `folder`, kill it `rounds` times, and say what was lost."""
    return await Killing(folder, seed=seed, unsafe=unsafe, bar=bar).run(rounds)


def main() -> int:
    """Kill; 0 if every promise was kept, 1 if not."""
    parser = argparse.ArgumentParser(prog="benchmarks.faults.kill", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unsafe", action="store_true")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as folder, bar:
        result = asyncio.run(
            kill(
                Path(folder),
                arguments.rounds,
                seed=arguments.seed,
                unsafe=arguments.unsafe,
                bar=bar,
            )
        )
    print(json.dumps(result.as_json(), ensure_ascii=False))
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""A hundred dispatchers and units at work at once: how long each page and act takes.

    python -m benchmarks.cases.desks [--people 100] [--seconds 60] [--pause 4]

Everything is real: PostgreSQL, sessions by sign-in, pages as HTML, acts over HTTP with all their
checks. Half of the people dispatch (look at the list, take a case, dispatch it), half handle (look
at their unit's list, sign for a case, feed back). All dispatchers see the same list, so they meet:
who comes second is refused in words (409), which is counted and is no error. `--pause` is how long
a person thinks between two steps on average, in seconds; a busy person takes ten.
Fails on a deadlock, an answer 5xx, or a 99th percentile of 300 ms and more.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import uvloop
from sqlalchemy import text

from benchmarks.web.form import serving
from case_bridge.cases import service
from case_bridge.cases.case import Actor, CaseSource, Report
from case_bridge.units.service import list_units
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.loading import prepare_database
from config.logging import configure_logging
from config.roles.web import application
from config.runtime import Runtime, Servers, open_runtime
from config.settings import HttpSettings, LogSettings, Settings
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.ids import UnitId, UserId
from hotline.tickets.categories import list_categories

LIMIT_MS = 300
"""The 99th percentile that a page or act may take (issue C)."""

PASSWORD = "an invented password"
PROGRAM = {"Accept": "application/json"}
UNITS = 10


@dataclass
class Seen:
    """What happened: milliseconds of every request by kind, and the answers."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)


class Person:
    """One person at a browser."""

    def __init__(self, session: aiohttp.ClientSession, seen: Seen, luck: random.Random) -> None:
        self.session, self.seen, self.luck = session, seen, luck

    async def sign_in(self, login: str) -> None:
        async with self.session.post(
            "/login", json={"login": login, "password": PASSWORD}, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{login} was answered {answer.status}")

    async def step(self, kind: str, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        begun = time.perf_counter()
        async with self.session.request(method, path, **options) as answer:
            body = await answer.read()
        self.seen.taken.setdefault(kind, []).append((time.perf_counter() - begun) * 1000)
        self.seen.answers[answer.status] += 1
        return answer.status, body

    async def cases(self, path: str, key: str) -> list[dict[str, Any]]:
        """Look at a list as a page, then read it as a program to know what is on it."""
        await self.step(f"page {path}", "GET", path, headers={"Accept": "text/html"})
        status, body = await self.step(f"list {path}", "GET", path, headers=PROGRAM)
        found: list[dict[str, Any]] = json.loads(body)[key] if status == 200 else []
        return found

    async def act(self, name: str, case_id: str, **body: Any) -> bool:
        status, _ = await self.step(f"act {name}", "POST", f"/cases/{case_id}/{name}", json=body)
        return status == 200


async def dispatch(person: Person, units: list[UnitId]) -> None:
    waiting = await person.cases("/cases/dispatch", "to_dispatch")
    if waiting:
        chosen = person.luck.choice(waiting[:20])["case_id"]
        unit = person.luck.choice(units)
        await person.act(
            "dispatch", chosen, unit_id=str(unit), order="尽快补装", reason="按职责派遣"
        )


async def handle(person: Person, _: list[UnitId]) -> None:
    waiting = await person.cases("/cases/unit", "to_handle")
    if waiting:
        chosen = person.luck.choice(waiting)
        if chosen["state"] == "dispatched":
            await person.act("accept", chosen["case_id"])
        else:
            await person.act("handle", chosen["case_id"], text="已补装并清理现场")


async def furnish(runtime: Runtime, people: int, cases: int) -> list[UnitId]:
    """Make people, and cases that wait for a dispatcher; return the units at work."""
    leader = Actor(name="值班长", user_id=UserId(uuid4()), roles=frozenset({Role.SHIFT_LEADER}))
    now = runtime.clock()
    async with runtime.database.read() as session:
        units = [unit_id for unit_id, _ in await list_units(session)][:UNITS]
        category = next(each for each in await list_categories(session) if each.limits)
    for number in range(people):
        async with runtime.database.begin() as uow:
            await accounts.create_user(
                uow,
                login=f"person{number}",
                password=PASSWORD,
                display_name=f"人员{number}",
                roles=[Role.UNIT if number % 2 else Role.DISPATCHER],
                unit_id=units[number // 2 % UNITS] if number % 2 else None,
                actor="benchmark",
                now=now,
            )
    for number in range(cases):
        report = Report(
            source=CaseSource.INSPECTOR,
            subject=f"井盖缺失{number}",
            body="巡查发现",
            place=f"第{number % 12}街道",
            category=category.key,
            condition=category.limits[0].condition,
        )
        async with runtime.database.begin() as uow:
            made = await service.register_case(uow, report, now=now)
            await service.file_case(uow, made.case_id, actor=leader, now=now)
    return units


async def work(base: str, units: list[UnitId], chosen: argparse.Namespace) -> Seen:
    """Let everybody work for the time given."""
    seen = Seen()
    desks = [
        aiohttp.ClientSession(
            base,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"X-Forwarded-For": f"192.0.2.{number % 250}"},
        )
        for number in range(chosen.people)
    ]
    try:
        persons = [Person(each, seen, random.Random(n)) for n, each in enumerate(desks)]
        for number, person in enumerate(persons):
            await person.sign_in(f"person{number}")
        end = time.monotonic() + chosen.seconds

        async def one(number: int, person: Person) -> None:
            way = handle if number % 2 else dispatch
            while time.monotonic() < end:
                await asyncio.sleep(person.luck.expovariate(1 / chosen.pause))
                await way(person, units)

        await asyncio.gather(*(one(number, person) for number, person in enumerate(persons)))
    finally:
        for desk in desks:
            await desk.close()
    return seen


async def measure(servers: Servers, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    settings = Settings(data=folder, http=HttpSettings(trusted_proxies=1))
    await prepare_database(servers, settings)
    async with open_runtime(settings, servers) as runtime:
        units = await furnish(runtime, chosen.people, chosen.cases)
        async with serving(application(runtime)) as base:
            seen = await work(base, units, chosen)
        async with runtime.database.read() as session:
            deadlocks = await session.scalar(
                text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            )
    everything = [value for values in seen.taken.values() for value in values]
    return {
        "people": chosen.people,
        "requests": len(everything),
        "requests_per_second": round(len(everything) / chosen.seconds, 1),
        "p50_ms": percentile(everything, 50),
        "p99_ms": percentile(everything, 99),
        "worst_ms": round(max(everything), 1),
        "p99_ms_of": {kind: percentile(seen.taken[kind], 99) for kind in sorted(seen.taken)},
        "answers": dict(sorted(seen.answers.items())),
        "deadlocks": deadlocks,
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def percentile(values: list[float], share: int) -> float:
    if len(values) < 2:
        return round(values[0], 1)
    return round(statistics.quantiles(values, n=100, method="inclusive")[share - 1], 1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--pause", type=float, default=4.0)
    arguments.add_argument("--cases", type=int, default=600)
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="error"), role="benchmark")
    with tempfile.TemporaryDirectory(prefix="desks-") as made:
        folder = Path(made)
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        try:
            servers = Servers(database_url=postgres.start(), redis_url=valkey.start())
            figures = uvloop.run(measure(servers, folder, chosen))
        finally:
            valkey.stop()
            postgres.stop()
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    broken = figures["deadlocks"] or any(status >= 500 for status in figures["answers"])
    return 1 if broken or figures["p99_ms"] >= LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())

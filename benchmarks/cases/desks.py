"""A hundred dispatchers and units at work at once: how long each page and act takes.

    python -m benchmarks.cases.desks [--people 100] [--every 4] [--seconds 60] [--processes 1]

Everything is real: PostgreSQL, web processes of their own under the supervisor, sessions by
sign-in, pages as HTML, acts as the pages' own forms with their tokens. Half of the people dispatch
(open the list, open a case, dispatch it), half handle (open their unit's list, open a case, sign
for it or feed back); an act leads back to the list, as in a browser. All dispatchers see the same
list, so they meet: who comes second is refused in words (409), which is counted and is no error.

Two figures. **At work**: each person opens something or acts every `--every` seconds on average,
at times drawn beforehand: four seconds from page to page is a hurried person, ten a busy one. What
is measured begins when the step was due, so a queue behind a slow answer is not hidden. **At the
knee**: the same people without any pause for `--saturated` seconds: what the machine gives, and
how long everybody waits then.
Fails on a deadlock, an answer 5xx, or a 99th percentile at work of 300 ms and more.
"""

import argparse
import asyncio
import json
import os
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
from pydantic import SecretStr

from case_bridge.cases import service
from case_bridge.cases.case import Actor, CaseSource, Report
from case_bridge.units.service import list_units
from config.addresses import Address
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.loading import prepare_database
from config.logging import configure_logging
from config.roles.process import WEB, preload
from config.runtime import Runtime, Servers, open_runtime
from config.serving import children, share_web_port
from config.settings import HttpSettings, LogSettings, Settings
from config.supervisor import Supervisor
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.ids import UnitId, UserId
from hotline.tickets.categories import list_categories

LIMIT_MS = 300
"""The 99th percentile that a page or act may take (issue C)."""

PASSWORD = "an invented password"
LISTED = re.compile(r'class="number"><a href="/cases/([0-9a-f-]{36})"')
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
WARM_SECONDS = 5.0
"""Not measured: a new process reads its templates and opens its connections."""
UNITS = 10


@dataclass
class Seen:
    """What happened: milliseconds of every request by kind, and the answers."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


class Person:
    """One person at a browser, who has a list and perhaps a case before them."""

    def __init__(
        self, number: int, session: aiohttp.ClientSession, units: Sequence[UnitId]
    ) -> None:
        self.session, self.units = session, units
        self.luck = random.Random(number)
        self.list_path = "/cases/unit" if number % 2 else "/cases/dispatch"
        self.seen = Seen()
        self.due = 0.0
        self._next = self.opens_list
        self._listed: list[str] = []
        self._case = ""
        self._page = ""

    async def sign_in(self, login: str) -> None:
        async with self.session.post(
            "/login", json={"login": login, "password": PASSWORD}, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{login} was answered {answer.status}")

    async def work(self, every: float, until: float) -> None:
        """Take steps at times drawn beforehand; without a pause if `every` is 0."""
        self.due = time.perf_counter() + self.luck.random() * every
        while self.due < until:
            await asyncio.sleep(max(0.0, self.due - time.perf_counter()))
            await self._next()
            self.due += self.luck.expovariate(1 / every) if every else 0.0
            if not every:
                self.due = time.perf_counter()

    async def opens_list(self) -> None:
        """Look at the list."""
        _, text = await self._ask(f"page {self.list_path}", "GET", self.list_path)
        self._listed = LISTED.findall(text)[:20]
        self._next = self.opens_case if self._listed else self.opens_list

    async def opens_case(self) -> None:
        """Look at a case of the list."""
        self._case = self.luck.choice(self._listed)
        status, self._page = await self._ask("page of a case", "GET", f"/cases/{self._case}")
        self._next = self.acts if status == 200 else self.opens_list

    async def acts(self) -> None:
        """Do what the case is here for, and come back to the list."""
        token = TOKEN.search(self._page)
        act, fields = self._act()
        fields |= {"form_token": token.group(1) if token else "", "back": self.list_path}
        await self._ask(f"act {act}", "POST", f"/cases/{self._case}/{act}", data=fields)
        self.due = time.perf_counter()
        await self.opens_list()

    def _act(self) -> tuple[str, dict[str, str]]:
        if self.list_path == "/cases/dispatch":
            unit = str(self.luck.choice(self.units))
            return "dispatch", {"unit_id": unit, "order": "尽快补装", "reason": "按职责派遣"}
        if f'action="/cases/{self._case}/accept"' in self._page:
            return "accept", {}
        return "handle", {"text": "已补装并清理现场"}

    async def _ask(self, kind: str, method: str, path: str, **options: Any) -> tuple[int, str]:
        async with self.session.request(
            method, path, headers={"Accept": "text/html"}, allow_redirects=False, **options
        ) as answer:
            text = await answer.text()
        self.seen.taken.setdefault(kind, []).append((time.perf_counter() - self.due) * 1000)
        self.seen.answers[answer.status] += 1
        return answer.status, text


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


@asynccontextmanager
async def people(
    base: str, units: Sequence[UnitId], count: int
) -> AsyncGenerator[list[Person], None]:
    """Sign everybody in."""
    desks = [
        aiohttp.ClientSession(
            base,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"X-Forwarded-For": f"192.0.2.{number % 250}"},
        )
        for number in range(count)
    ]
    try:
        persons = [Person(number, desk, units) for number, desk in enumerate(desks)]
        for number, person in enumerate(persons):
            await person.sign_in(f"person{number}")
        yield persons
    finally:
        for desk in desks:
            await desk.close()


async def shift(persons: Sequence[Person], every: float, seconds: float) -> Seen:
    """Let everybody work for the time given; return what all of them saw."""
    begun = time.perf_counter()
    for person in persons:
        person.seen = Seen()
    await asyncio.gather(*(person.work(every, begun + seconds) for person in persons))
    together = Seen(seconds=time.perf_counter() - begun)
    for person in persons:
        together.answers += person.seen.answers
        for kind, values in person.seen.taken.items():
            together.taken.setdefault(kind, []).extend(values)
    return together


@asynccontextmanager
async def web_processes(settings: Settings) -> AsyncGenerator[Supervisor, None]:
    """Run the web processes that the settings ask for, as `hotline serve` does."""
    share_web_port(settings)
    preload()
    web = [each for each in children(settings) if each.name.startswith(WEB)]
    supervisor = Supervisor(web)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(servers: Servers, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    settings = Settings(
        data=folder,
        database_url=SecretStr(servers.database_url),
        redis_url=SecretStr(servers.redis_url),
        log=LogSettings(level="error"),
        http=HttpSettings(
            address=Address("127.0.0.1", free_port()),
            trusted_proxies=1,
            processes=chosen.processes,
        ),
    )
    await prepare_database(servers, settings)
    async with open_runtime(settings, servers) as runtime:
        units = await furnish(runtime, chosen.people, chosen.cases)
    async with (
        web_processes(settings) as supervisor,
        people(settings.http.base_url, units, chosen.people) as persons,
    ):
        await shift(persons, chosen.every, WARM_SECONDS)
        figures = {}
        for name, every, seconds in (
            ("at_work", chosen.every, chosen.seconds),
            ("at_the_knee", 0.0, chosen.saturated),
        ):
            before = cpu_seconds(supervisor.pids().values())
            seen = await shift(persons, every, seconds)
            spent = cpu_seconds(supervisor.pids().values()) - before
            figures[name] = figures_of(seen, spent)
    connection = await asyncpg.connect(servers.database_url.replace("+asyncpg", ""))
    deadlocks = await connection.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    await connection.close()
    return {
        "people": chosen.people,
        "web_processes": chosen.processes,
        "every_s": chosen.every,
        **figures,
        "deadlocks": deadlocks,
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def figures_of(seen: Seen, spent: float) -> dict[str, Any]:
    everything = [value for values in seen.taken.values() for value in values]
    return {
        "requests": len(everything),
        "requests_per_second": round(len(everything) / seen.seconds, 1),
        "p50_ms": percentile(everything, 50),
        "p99_ms": percentile(everything, 99),
        "worst_ms": round(max(everything), 1),
        "web_cpu_ms_per_request": round(spent * 1000 / len(everything), 1),
        "p99_ms_of": {kind: percentile(seen.taken[kind], 99) for kind in sorted(seen.taken)},
        "answers": dict(sorted(seen.answers.items())),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def percentile(values: list[float], share: int) -> float:
    if len(values) < 2:
        return round(values[0], 1)
    return round(statistics.quantiles(values, n=100, method="inclusive")[share - 1], 1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=100)
    arguments.add_argument("--every", type=float, default=4.0)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--saturated", type=float, default=15.0)
    arguments.add_argument("--processes", type=int, default=1)
    arguments.add_argument("--cases", type=int, default=1500)
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="error"), role="benchmark")
    with tempfile.TemporaryDirectory(prefix="desks-") as made:
        folder = Path(made)
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        try:
            servers = Servers(database_url=postgres.start(), redis_url=valkey.start())
            figures = asyncio.run(measure(servers, folder, chosen))
        finally:
            valkey.stop()
            postgres.stop()
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    at_work, at_the_knee = figures["at_work"], figures["at_the_knee"]
    statuses = [*at_work["answers"], *at_the_knee["answers"]]
    broken = figures["deadlocks"] or any(status >= 500 for status in statuses)
    return 1 if broken or at_work["p99_ms"] >= LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())

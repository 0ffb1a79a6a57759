"""A million tickets and cases: how long people wait for a list, a page further on, and a search.

    python -m benchmarks.cases.lists --tickets 1000000 --cases 1000000 [--rounds 20]

Starts a PostgreSQL of its own, loads invented rows by COPY, and asks what people ask, in turn.
Prints the 95th percentile of each question and of all, with the machine's load. The database is
kept with --keep FOLDER and used again when the folder is there.
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
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

import config.models  # noqa: F401 - every row registers itself
from benchmarks.cases.invented import (
    CATEGORIES,
    DISTRICTS,
    NOW,
    RARE,
    ROADS,
    START,
    THINGS,
    UNITS,
    category_id,
    load,
    load_cases,
    unit_id,
)
from case_bridge.cases.case import CaseSource
from case_bridge.cases.listing import CaseCategory, CaseFilter, Narrowing, list_cases
from case_bridge.cases.reading import OPEN_STATES, case_counts, case_page
from case_bridge.cases.repository import FIRST_LEVEL
from case_bridge.cases.states import CaseState
from case_bridge.web.desks import TO_DECIDE, TO_DISPATCH, TO_HANDLE
from config.embedded import EmbeddedPostgres
from config.loading import migrate
from hotline.contacts.contact import Channel
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import UnitId
from hotline.tickets.category import CategoryKind
from hotline.tickets.listing import TicketFilter, list_tickets
from hotline.tickets.lists import Due, Sort
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind

LIMIT_MS = 200
"""The 95th percentile that a list or search may take (issue C)."""


def case_questions(luck: random.Random) -> dict[str, tuple[Sequence[CaseState], dict[str, Any]]]:
    """Return what people ask of the lists of cases, with other values every time."""
    unit = UnitId(unit_id(luck.randrange(UNITS)))
    district = unit_id(luck.randrange(DISTRICTS))
    return {
        "cases: all": (list(CaseState), {}),
        "cases: all of a district": (list(CaseState), {"district": district}),
        "cases: closed": ([CaseState.CLOSED], {}),
        "cases: closed of a district": ([CaseState.CLOSED], {"district": district}),
        "cases: of one open state": ([luck.choice(list(OPEN_STATES))], {}),
        "cases: to decide": (TO_DECIDE, {}),
        "cases: to dispatch": (TO_DISPATCH, {"district": FIRST_LEVEL}),
        "cases: of a unit": (TO_HANDLE, {"unit_id": unit}),
    }


def case_filters(luck: random.Random) -> dict[str, tuple[CaseFilter, Sort]]:
    """Return what people look for among the cases, with other values every time."""
    begin = START + timedelta(days=luck.randrange(330))
    road, thing = luck.choice(ROADS), luck.choice(THINGS)[0]
    unit, district = (
        UnitId(unit_id(luck.randrange(UNITS))), UnitId(unit_id(luck.randrange(DISTRICTS))),
    )  # fmt: skip
    category = CaseCategory("S", CategoryKind.INCIDENT, f"{luck.randrange(CATEGORIES):04}")
    newest, own = Sort.NEWEST, Narrowing(unit_id=unit)
    return {
        "cases: newest": (CaseFilter(), newest),
        "cases: overdue": (CaseFilter(due=Due.OVERDUE), Sort.DUE),
        "cases: near due of a district": (
            CaseFilter(due=Due.NEAR, district_id=district), Sort.DUE,
        ),
        "cases: a unit's own": (CaseFilter(narrowing=own), newest),
        "cases: a unit's own with a word": (CaseFilter(narrowing=own, words=thing), newest),
        "cases: a category": (CaseFilter(category=category), newest),
        "cases: a source nobody uses": (CaseFilter(sources=[CaseSource.MEDIA]), newest),
        "cases: three weeks of a unit": (
            CaseFilter(since=begin, to=begin + timedelta(days=21), unit_id=unit), Sort.OLDEST,
        ),
        "cases: a word of many": (CaseFilter(words=thing), newest),
        "cases: a road and a thing": (CaseFilter(words=f"{road} {thing}"), newest),
        "cases: words that never meet": (CaseFilter(words="路灯不亮 河道漂浮物"), newest),
        "cases: a word, overdue": (CaseFilter(words=thing, due=Due.OVERDUE), Sort.DUE),
        "cases: a word, voided": (
            CaseFilter(words=thing, states=[CaseState.VOIDED]), newest,
        ),
    }  # fmt: skip


def questions(luck: random.Random) -> dict[str, tuple[TicketFilter, Sort]]:
    """Return what people ask of a list, with other values every time."""
    begin = START + timedelta(days=luck.randrange(330))
    road, thing = luck.choice(ROADS), luck.choice(THINGS)[0]
    category = category_id(luck.randrange(CATEGORIES))
    newest, state = Sort.NEWEST, TicketState
    return {
        "newest": (TicketFilter(), newest),
        "open": (TicketFilter(states=[state.OPEN]), Sort.OLDEST),
        "cancelled by mail": (
            TicketFilter(states=[state.CANCELLED], channels=[Channel.MAIL]), newest,
        ),
        "with the city by due time": (TicketFilter(), Sort.DUE),
        "overdue": (TicketFilter(due=Due.OVERDUE), Sort.DUE),
        "a category and a kind": (
            TicketFilter(category_id=category, kinds=[RequestKind.PRAISE]), newest,
        ),
        "a channel nobody uses": (TicketFilter(channels=[Channel.TELEGRAM]), newest),
        "three weeks": (
            TicketFilter(since=begin, to=begin + timedelta(days=21), channels=[Channel.SMS]),
            newest,
        ),
        "a rare word": (TicketFilter(words=RARE), newest),
        "a word of many": (TicketFilter(words=thing), newest),
        "one letter": (TicketFilter(words="井"), newest),
        "a road and a thing": (TicketFilter(words=f"{road} {thing}"), newest),
        "a sentence": (TicketFilter(words=f"{road}附近{thing}多次反映"), newest),
        "a house number": (TicketFilter(words=f"{road}{luck.randrange(1, 400)}号"), newest),
        "a word of many, state": (
            TicketFilter(words=thing, states=[state.TRANSFERRED, state.OPEN]), newest,
        ),
        "a word of many, cancelled": (
            TicketFilter(words=thing, states=[state.CANCELLED]), Sort.OLDEST,
        ),
        "a word of many, category, channel": (
            TicketFilter(words=thing, category_id=category, channels=[Channel.MAIL]), newest,
        ),
        "a word of many, a month": (
            TicketFilter(words=thing, since=begin, to=begin + timedelta(days=30)), newest,
        ),
        "a word of many, overdue": (TicketFilter(words=thing, due=Due.OVERDUE), Sort.DUE),
        "words that never meet": (TicketFilter(words="路灯不亮 河道漂浮物"), newest),
    }  # fmt: skip


Read = Callable[[AsyncSession, str | None], Awaitable[str | None]]
"""Reads a page from behind a cursor; returns where the next one begins."""


def asked(luck: random.Random) -> dict[str, Read]:
    """Return a round of everything that people ask of tickets."""

    def tickets_of(wanted: TicketFilter, sort: Sort) -> Read:
        async def read(session: AsyncSession, after: str | None) -> str | None:
            return (
                await list_tickets(session, wanted, sort=sort, after=after, now=NOW)
            ).next_cursor

        return read

    return {name: tickets_of(*one) for name, one in questions(luck).items()}


def asked_of_cases(luck: random.Random) -> dict[str, Read]:
    """Return a round of everything that people ask of cases."""

    def desk_of(states: Sequence[CaseState], options: dict[str, Any]) -> Read:
        async def read(session: AsyncSession, after: str | None) -> str | None:
            return (await case_page(session, states, after=after, now=NOW, **options)).next_cursor

        return read

    def cases_of(wanted: CaseFilter, sort: Sort) -> Read:
        async def read(session: AsyncSession, after: str | None) -> str | None:
            return (await list_cases(session, wanted, sort=sort, after=after, now=NOW)).next_cursor

        return read

    async def counts(session: AsyncSession, _: str | None) -> None:
        await case_counts(session)

    return {
        **{name: desk_of(*one) for name, one in case_questions(luck).items()},
        "cases: counts": counts,
        **{name: cases_of(*one) for name, one in case_filters(luck).items()},
    }


async def measure(
    url: str, rounds: int, ask: Callable[[random.Random], dict[str, Read]]
) -> dict[str, list[float]]:
    """Return the milliseconds of every question, and of its next page."""
    database = Database.connect(url, clock=system_clock)
    luck = random.Random(7)
    taken: dict[str, list[float]] = {}
    try:
        for turn in range(rounds + 1):
            for name, read in ask(luck).items():
                after = None
                for page in (name, f"{name}, next page"):
                    begun = time.perf_counter()
                    async with database.read() as session:
                        after = await read(session, after)
                    # The first turn reads the dictionary and warms the caches.
                    if turn:
                        taken.setdefault(page, []).append((time.perf_counter() - begun) * 1000)
                    if after is None:
                        break
    finally:
        await database.close()
    return taken


def percentile(values: list[float], share: int) -> float:
    if len(values) < 2:
        return round(values[0], 1)
    return round(statistics.quantiles(values, n=100, method="inclusive")[share - 1], 1)


async def run(url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    await migrate(url)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    held = await connection.fetchval("SELECT count(*) FROM tickets")
    held_cases = await connection.fetchval("SELECT count(*) FROM cases")
    await connection.close()
    taken: dict[str, list[float]] = {}
    if held or arguments.tickets:
        if not held:
            await load(url, arguments.tickets)
        taken |= await measure(url, arguments.rounds, asked)
    if held_cases or arguments.cases:
        if not held_cases:
            await load_cases(url, arguments.cases)
        taken |= await measure(url, arguments.rounds, asked_of_cases)
    everything = [value for values in taken.values() for value in values]
    of_tickets = [ms for name, values in taken.items() if "cases:" not in name for ms in values]
    return {
        "tickets": held or arguments.tickets,
        "cases": held_cases or arguments.cases,
        "questions": len(everything),
        "p50_ms": percentile(everything, 50),
        "p95_ms": percentile(everything, 95),
        "worst_ms": round(max(everything), 1),
        "p95_ms_of_tickets": percentile(of_tickets or [0], 95),
        "p95_ms_of": {name: percentile(values, 95) for name, values in taken.items()},
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tickets", type=int, default=1_000_000)
    arguments.add_argument("--cases", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--keep", type=Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="lists-") as made:
        server = EmbeddedPostgres((chosen.keep or Path(made)) / "postgres")
        try:
            figures = asyncio.run(run(server.start(), chosen))
        finally:
            server.stop()
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    return 0 if figures["p95_ms"] < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())

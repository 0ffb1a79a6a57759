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
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

import config.models  # noqa: F401 - every row registers itself
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
from hotline.tickets.words import indexed_words, mark, time_marks

LIMIT_MS = 200
"""The 95th percentile that a list or search may take (issue C)."""

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CATEGORIES = 120
ROADS = [a + b + "路" for a in "荷莲沂蒙新华东西南北" for b in "香塘河山建设平安康泰"]
THINGS = (
    ("路灯不亮", 30), ("污水井盖缺失", 12), ("垃圾无人清运", 20), ("路面塌陷", 4),
    ("夜间施工噪音扰民", 14), ("违章停车占用盲道", 10), ("树木枯死倾倒", 3), ("供暖温度不达标", 6),
    ("小广告乱张贴", 5), ("公交站牌损坏", 2), ("河道漂浮物", 2), ("无证摊贩占道经营", 8),
)  # fmt: skip
MORE = (
    "已经三天了", "请尽快处理", "多次反映没有结果", "老人孩子出行不便", "晚上特别危险",
    "希望给个答复", "之前打过电话", "旁边就是小学", "下雨积水严重", "物业说不归他们管",
)  # fmt: skip
RARE = "湿地观鸟平台"
TICKET_COLUMNS = (
    "id", "serial", "number", "state", "round", "history_length", "channel", "request_kind",
    "category_id", "urgency", "subject", "body", "address", "reply_channel", "anonymous",
    "confidential", "opened_at", "transferred_at", "due_at", "outcome", "result",
    "code_generation", "code_failures",
)  # fmt: skip


def category_id(number: int) -> UUID:
    return UUID(int=(7 << 96) + number)


def tickets(count: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return a year of invented tickets, each with its words; the same every time."""
    luck = random.Random(20260301)
    step = (NOW - START) / count
    things, weights = zip(*THINGS, strict=True)
    for number in range(count):
        opened = START + step * number
        thing = luck.choices(things, weights)[0]
        road = luck.choice(ROADS)
        address = f"莲池市第{luck.randrange(1, 13)}街道{road}{luck.randrange(1, 400)}号"
        rare = RARE if number % 50_000 == 7 else ""
        body = f"{road}附近{thing}，{rare}{'，'.join(luck.sample(MORE, 4))}。编号{number}。"
        subject = f"{road}{thing}"
        is_recent = number > count * 0.96
        chances = (5, 55, 15, 24, 1) if is_recent else (0, 1, 1, 97, 1)
        state = luck.choices(list(TicketState), chances)[0]
        channel = luck.choices(("voice", "web", "mail", "sms"), (70, 20, 7, 3))[0]
        kind = luck.choice(list(RequestKind)).value
        category = category_id(luck.randrange(CATEGORIES))
        due = opened + timedelta(days=luck.randrange(1, 14)) if state != "open" else None
        ended = state in {"resolved", "closed"}
        identifier = UUID(int=(9 << 96) + number)
        yield (
            (
                identifier, number % 999_999 + 1, f"{opened:%y%m%d}{number:07}"[:14], state, 1, 1,
                channel, kind, category, "normal", subject, body, address, "web", False, False,
                opened, opened if due else None, due, "solved" if ended else None, "", 1, 0,
            ),
            (
                identifier, opened,
                indexed_words(
                    (subject, address, body),
                    [
                        *time_marks(opened), mark("channel", channel), mark("kind", kind),
                        mark("category", category),
                    ],
                ),
            ),
        )  # fmt: skip


async def load(url: str, count: int) -> None:
    """Write the tickets; indexes last, as a restore does."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('tickets', 'ticket_words')"
        " AND indexname LIKE 'ix%'"
    )
    for each in indexes:
        await connection.execute(f"DROP INDEX {each['indexname']}")
    for number in range(CATEGORIES):
        await connection.execute(
            "INSERT INTO categories (id, key, scheme, version, kind, code, name_zh, name_en,"
            " major_name, pinyin, initials, is_active)"
            " VALUES ($1, $2, 'S', '', 'incident', $2, $3, '', '', '', '', true)",
            category_id(number), f"{number:04}", f"小类{number}",
        )  # fmt: skip
    made = tickets(count)
    begun = time.perf_counter()
    while batch := [pair for _, pair in zip(range(20_000), made, strict=False)]:
        await connection.copy_records_to_table(
            "tickets", records=[ticket for ticket, _ in batch], columns=TICKET_COLUMNS
        )
        lines = "".join(f"{i}\t{at.isoformat()}\t{words}\n" for _, (i, at, words) in batch)
        await connection.copy_to_table("ticket_words", source=BytesIO(lines.encode()))
    for each in indexes:
        await connection.execute(each["indexdef"])
    await connection.execute("VACUUM ANALYZE tickets")
    await connection.execute("VACUUM ANALYZE ticket_words")
    print(f"{count} tickets loaded in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    await connection.close()


CASE_COLUMNS = (
    "id", "number", "round", "state", "sequence", "source", "subject", "body", "place", "kind",
    "category_scheme", "category_version", "category_code", "category_name", "condition",
    "limit_text", "unit_id", "district_id", "registered_at", "due_at", "closed_at",
)  # fmt: skip
UNITS = 60
DISTRICTS = 4


def unit_id(number: int) -> UUID:
    return UUID(int=(8 << 96) + number)


def cases(count: int) -> Iterator[tuple[Any, ...]]:
    """Return a year of invented cases; the last twentieth are still at work."""
    luck = random.Random(20260302)
    step = (NOW - START) / count
    at_work = [each for each in CaseState if each in OPEN_STATES]
    for number in range(count):
        at = START + step * number
        is_open = number > count * 0.95
        state = luck.choice(at_work) if is_open else CaseState.CLOSED
        if not is_open and luck.random() < 0.06:
            state = luck.choice((CaseState.SETTLED, CaseState.DECLINED, CaseState.VOIDED))
        thing, unit = luck.choice(THINGS)[0], luck.randrange(UNITS)
        yield (
            UUID(int=(6 << 96) + number), f"A{number:012}", 1, state.value, 1, "inspector",
            f"{luck.choice(ROADS)}{thing}", f"巡查发现{thing}", f"第{unit % 12}街道", "incident",
            "S", "", f"{number % CATEGORIES:04}", thing, "A", "3d", unit_id(unit),
            unit_id(unit % DISTRICTS) if unit % 3 else None, at,
            at + timedelta(days=luck.randrange(1, 9)), None if is_open else at + timedelta(days=3),
        )  # fmt: skip


async def load_cases(url: str, count: int) -> None:
    """Write the cases and the units that they are with."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("SET synchronous_commit = off")
    await connection.copy_records_to_table(
        "units",
        records=[
            (unit_id(number), f"U{number:03}", f"单位{number}", "first", "", "", False)
            for number in range(UNITS)
        ],
        columns=("id", "code", "name", "unit_class", "contact_name", "phone", "is_utility"),
    )
    begun, made = time.perf_counter(), cases(count)
    while batch := [case for _, case in zip(range(20_000), made, strict=False)]:
        await connection.copy_records_to_table("cases", records=batch, columns=CASE_COLUMNS)
    await connection.execute(
        "CREATE TEMP TABLE told (case_id uuid, registered_at timestamptz, words text)"
    )
    told = (
        (case[0], case[18], indexed_words((case[6], case[8], case[7]), time_marks(case[18])))
        for case in cases(count)
    )
    while found := [each for _, each in zip(range(20_000), told, strict=False)]:
        await connection.copy_records_to_table("told", records=found)
    await connection.execute(
        "INSERT INTO case_words SELECT case_id, registered_at, words::tsvector FROM told"
    )
    await connection.execute("VACUUM ANALYZE cases, case_words")
    print(f"{count} cases loaded in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    await connection.close()


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


async def measure_found_cases(url: str, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every search among the cases, and of its next page."""
    database = Database.connect(url, clock=system_clock)
    luck = random.Random(7)
    taken: dict[str, list[float]] = {}
    try:
        for turn in range(rounds + 1):
            for name, (wanted, sort) in case_filters(luck).items():
                after = None
                for page in (name, f"{name}, next page"):
                    begun = time.perf_counter()
                    async with database.read() as session:
                        found = await list_cases(session, wanted, sort=sort, after=after, now=NOW)
                    if turn:
                        taken.setdefault(page, []).append((time.perf_counter() - begun) * 1000)
                    after = found.next_cursor
                    if after is None:
                        break
    finally:
        await database.close()
    return taken


async def measure_cases(url: str, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every list, of its next page, and of the desk's counts."""
    database = Database.connect(url, clock=system_clock)
    luck = random.Random(7)
    taken: dict[str, list[float]] = {}
    try:
        for turn in range(rounds + 1):
            for name, (states, options) in case_questions(luck).items():
                after = None
                for page in (name, f"{name}, next page"):
                    begun = time.perf_counter()
                    async with database.read() as session:
                        found = await case_page(session, states, after=after, now=NOW, **options)
                    if turn:
                        taken.setdefault(page, []).append((time.perf_counter() - begun) * 1000)
                    after = found.next_cursor
                    if after is None:
                        break
            begun = time.perf_counter()
            async with database.read() as session:
                await case_counts(session)
            if turn:
                taken.setdefault("cases: counts", []).append((time.perf_counter() - begun) * 1000)
    finally:
        await database.close()
    return taken


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


async def measure(url: str, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every question; each is followed to its next page."""
    database = Database.connect(url, clock=system_clock)
    luck = random.Random(7)
    taken: dict[str, list[float]] = {}
    try:
        for turn in range(rounds + 1):
            for name, (wanted, sort) in questions(luck).items():
                after = None
                for page in (name, f"{name}, next page"):
                    begun = time.perf_counter()
                    async with database.read() as session:
                        found = await list_tickets(session, wanted, sort=sort, after=after, now=NOW)
                    # The first turn reads the dictionary and warms the caches.
                    if turn:
                        taken.setdefault(page, []).append((time.perf_counter() - begun) * 1000)
                    after = found.next_cursor
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
        taken |= await measure(url, arguments.rounds)
    if held_cases or arguments.cases:
        if not held_cases:
            await load_cases(url, arguments.cases)
        taken |= await measure_cases(url, arguments.rounds)
        taken |= await measure_found_cases(url, arguments.rounds)
    everything = [value for values in taken.values() for value in values]
    return {
        "tickets": held or arguments.tickets,
        "cases": held_cases or arguments.cases,
        "questions": len(everything),
        "p50_ms": percentile(everything, 50),
        "p95_ms": percentile(everything, 95),
        "worst_ms": round(max(everything), 1),
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

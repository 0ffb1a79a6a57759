"""A year of invented tickets and cases for the benchmark of lists; the same every time."""

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg

from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.states import CaseState
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind
from hotline.tickets.words import indexed_words, mark, time_marks

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

"""What every case platform promises."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from case_bridge.platform import (
    CaseFiling,
    CasePlatform,
    CaseProgress,
    FilingAttachment,
    FilingRefused,
    ProgressKind,
)
from case_bridge.platforms.http import HttpPlatform, HttpPlatformOptions
from case_bridge.platforms.local import LocalPlatform
from case_bridge.signing import KeyRing
from hotline.kernel.db import Database
from hotline.kernel.ids import CaseId, TicketId, new_id
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.other_maker import serve_other_maker
from tests.integration.case_bridge.city import COVER, build_city


@dataclass
class Other:
    """A platform, and its people who finish a case."""

    platform: CasePlatform
    finish: Callable[[str], Awaitable[None]]
    void: Callable[[str], Awaitable[None]]


def people_of(memory: MemoryPlatform, platform: CasePlatform, clock: Any) -> Other:
    """The people of a case system that keeps its cases in memory."""

    async def finish(case_key: str) -> None:
        memory.tell(case_key, ProgressKind.FILED, at=clock())
        memory.tell(case_key, ProgressKind.CLOSED, "已补装井盖", at=clock())

    async def void(case_key: str) -> None:
        memory.tell(case_key, ProgressKind.VOIDED, "应转公安", at=clock())

    return Other(platform, finish, void)


@pytest.fixture(params=["memory", "local", "http"])
async def other(
    request: pytest.FixtureRequest, database: Database, clock: Any
) -> AsyncGenerator[Other, None]:
    """Every implementation of the port."""
    if request.param == "memory":
        memory = MemoryPlatform()
        yield people_of(memory, memory, clock)
        await memory.aclose()
        return
    if request.param == "http":
        keys = KeyRing.of(
            "k1:hmac:" + base64.b64encode(b"a shared secret of thirty-two bytes").decode()
        )
        async with serve_other_maker(keys, clock) as maker, aiohttp.ClientSession() as session:
            options = HttpPlatformOptions(maker.url, keys)
            yield people_of(maker.memory, HttpPlatform(options, session, clock=clock), clock)
        return
    city = await build_city(database, clock)

    async def finish_here(case_key: str) -> None:
        await city.finish(CaseId(UUID(case_key)))

    async def void_here(case_key: str) -> None:
        await city.void(CaseId(UUID(case_key)))

    local = LocalPlatform(database)
    yield Other(local, finish_here, void_here)
    await local.aclose()


def filing(clock: Any, **changes: Any) -> CaseFiling:
    return CaseFiling(
        **{
            "ticket_id": TicketId(new_id()),
            "round": 1,
            "ticket_number": "20260311000001",
            "channel": "voice",
            "subject": "污水井盖缺失",
            "body": "人民路12号门前",
            "place": "城东街道人民路12号",
            "longitude": None,
            "latitude": None,
            "category": COVER.key,
            "condition": "HAZARD",
            "submitted_at": clock(),
        }
        | changes
    )


async def messages(other: Other, since: Any) -> list[CaseProgress]:
    return [message async for message in other.platform.progress_since(since)]


async def test_the_same_round_of_the_same_ticket_is_one_case(other: Other, clock: Any) -> None:
    once = filing(clock)

    first = await other.platform.submit(once)
    second = await other.platform.submit(once)

    assert first == second
    assert first.number
    assert first.round == 1


async def test_a_filing_brings_its_files_unchanged(other: Other, clock: Any) -> None:
    """R15: two megabytes of bytes that are no text; the other maker checks size and fingerprint."""
    content = b"\xff\xd8\xff" + bytes(range(256)) * 8192
    photo = FilingAttachment(
        name="诉求人附件1.jpg",
        media_type="image/jpeg",
        sha256=sha256(content).hexdigest(),
        received_at=clock(),
        content=content,
    )
    once = filing(clock, attachments=(photo,))

    first = await other.platform.submit(once)

    assert await other.platform.submit(once) == first


async def test_the_same_filing_sent_by_four_workers_at_once_is_one_case(
    other: Other, clock: Any
) -> None:
    once = filing(clock)

    references = await asyncio.gather(*(other.platform.submit(once) for _ in range(4)))

    assert len(set(references)) == 1


async def test_two_tickets_are_two_cases(other: Other, clock: Any) -> None:
    first = await other.platform.submit(filing(clock))
    second = await other.platform.submit(filing(clock))

    assert first.case_key != second.case_key
    assert first.number != second.number


async def test_a_filing_that_says_nothing_is_refused(other: Other, clock: Any) -> None:
    with pytest.raises(FilingRefused):
        await other.platform.submit(filing(clock, subject=" "))


async def test_a_finished_case_is_told_as_filed_first_and_closed_last(
    other: Other, clock: Any
) -> None:
    reference = await other.platform.submit(filing(clock))
    await other.finish(reference.case_key)

    told = await messages(other, clock() - timedelta(hours=1))

    assert {m.case_key for m in told} == {reference.case_key}
    assert told[0].kind is ProgressKind.FILED
    assert (told[-1].kind, told[-1].text) == (ProgressKind.CLOSED, "已补装井盖")
    assert [m.sequence for m in told] == sorted({m.sequence for m in told})
    assert len({m.message_id for m in told}) == len(told)


async def test_messages_are_the_same_whenever_they_are_asked_for(other: Other, clock: Any) -> None:
    reference = await other.platform.submit(filing(clock))
    await other.finish(reference.case_key)
    since = clock() - timedelta(hours=1)

    assert await messages(other, since) == await messages(other, since)


async def test_messages_from_before_are_left_out(other: Other, clock: Any) -> None:
    reference = await other.platform.submit(filing(clock))
    await other.finish(reference.case_key)

    assert await messages(other, clock() + timedelta(seconds=1)) == []


async def test_reopening_a_finished_case_starts_one_new_round(other: Other, clock: Any) -> None:
    first = filing(clock)
    reference = await other.platform.submit(first)
    await other.finish(reference.case_key)
    again = replace(first, round=2)

    once = await other.platform.reopen(reference.case_key, again, "又坏了")
    twice = await other.platform.reopen(reference.case_key, again, "又坏了")

    assert once == twice == replace(reference, round=2)
    last = (await messages(other, clock() - timedelta(hours=1)))[-1]
    assert (last.kind, last.round) == (ProgressKind.FILED, 2)


async def test_whoever_complains_second_joins_the_reopened_case(other: Other, clock: Any) -> None:
    first, second = filing(clock), filing(clock, round=2)
    reference = await other.platform.submit(first)
    await other.finish(reference.case_key)
    await other.platform.reopen(reference.case_key, replace(first, round=2), "又坏了")

    joined = await other.platform.reopen(reference.case_key, second, "我家也是")

    assert joined == replace(reference, round=2)


async def test_a_voided_case_does_not_count_when_its_filing_comes_again(
    other: Other, clock: Any
) -> None:
    once = filing(clock)
    voided = await other.platform.submit(once)
    await other.void(voided.case_key)

    again, and_again = await other.platform.submit(once), await other.platform.submit(once)

    assert again.case_key != voided.case_key
    assert and_again == again


async def test_a_case_that_does_not_exist_is_not_reopened(other: Other, clock: Any) -> None:
    with pytest.raises(FilingRefused):
        await other.platform.reopen("no-such-case", filing(clock, round=2), "又坏了")


def test_every_platform_has_a_name(other: Other) -> None:
    assert other.platform.name in {"memory", "local", "http"}

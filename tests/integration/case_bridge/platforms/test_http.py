"""Another maker's case system over HTTP: its troubles, its outage, its pushes."""

import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient

from case_bridge.bridge.comparing import compare_sides
from case_bridge.bridge.differences import (
    comparisons,
    explain_difference,
    open_differences,
    past_differences,
)
from case_bridge.bridge.model import DifferenceRow
from case_bridge.bridge.polling import poll
from case_bridge.bridge.reconcile import reconcile
from case_bridge.bridge.states import CrossingState
from case_bridge.bridge.trouble import Trouble
from case_bridge.platform import FilingRefused, PlatformUnavailable, ProgressKind
from case_bridge.platforms.http import HttpPlatform, HttpPlatformOptions
from case_bridge.signing import HEADER, KeyRing
from case_bridge.web.exchange_machine import ROUTES
from case_bridge.web.exchange_options import MAKER, MakerOptions
from hotline.kernel.errors import Conflict, Invalid
from hotline.tickets.states import TicketState
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.routing import WebPart
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.other_maker import OtherMaker, progress_json, serve_other_maker
from tests.integration.case_bridge.city import City

KEYS = KeyRing.of("k1:hmac:" + base64.b64encode(b"what hotline and maker share, 32+").decode())


@dataclass
class Maker:
    city: City
    there: OtherMaker
    platform: HttpPlatform

    async def submitted(self) -> Any:
        ticket_id = await self.city.transferred_ticket()
        await self.city.run_jobs()
        return ticket_id

    async def differences(self) -> list[DifferenceRow]:
        async with self.city.database.read() as session:
            return list(await open_differences(session, limit=100))


@pytest.fixture
async def maker(city: City) -> AsyncGenerator[Maker, None]:
    """The city hands its tickets to the other maker's system."""
    async with serve_other_maker(KEYS, city.clock) as there, aiohttp.ClientSession() as session:
        options = HttpPlatformOptions(there.url, KEYS, timeout=timedelta(seconds=1))
        city.platform = platform = HttpPlatform(options, session, clock=city.clock)
        yield Maker(city, there, platform)


async def test_an_answer_that_was_lost_leaves_one_case(maker: Maker) -> None:
    """R92: submit is idempotent on ticket and round, whatever the network swallows."""
    maker.there.answers_lost = 2
    ticket_id = await maker.city.transferred_ticket()
    from case_bridge.bridge.service import submit_case

    for _ in range(2):
        with pytest.raises(PlatformUnavailable):
            await submit_case(
                maker.city.database, maker.platform, ticket_id, 1, now=maker.city.clock()
            )
    await submit_case(maker.city.database, maker.platform, ticket_id, 1, now=maker.city.clock())

    assert len(maker.there.memory.cases) == 1
    keys = [key for method, _, key in maker.there.requests if method == "POST"]
    assert keys == [f"{ticket_id}/1"] * 3
    assert (await maker.city.link(ticket_id)).state is CrossingState.SUBMITTED


@pytest.mark.parametrize("trouble", ["500", "429", "401", "hangs", "garbage", "gone"])
async def test_what_may_work_later_is_no_refusal(maker: Maker, trouble: str) -> None:
    """R92: time-outs, faults, a wrong key and nonsense leave the crossing pending."""
    there = maker.there
    if trouble.isdigit():
        there.status = int(trouble)
    elif trouble == "hangs":
        there.hangs = True
    elif trouble == "garbage":
        there.garbage = b'{"case_key": ""}'
    else:
        gone = HttpPlatformOptions("http://127.0.0.1:9/api", KEYS)
        maker.platform._options = gone

    with pytest.raises(PlatformUnavailable):
        await maker.platform.probe()
    ticket_id = await maker.city.transferred_ticket()
    from case_bridge.bridge.service import submit_case

    with pytest.raises(PlatformUnavailable):
        await submit_case(maker.city.database, maker.platform, ticket_id, 1, now=maker.city.clock())
    assert (await maker.city.link(ticket_id)).state is CrossingState.PENDING


async def test_a_refusal_is_told_in_the_makers_words(maker: Maker) -> None:
    maker.there.status = 422

    ticket_id = await maker.submitted()

    link = await maker.city.link(ticket_id)
    assert (link.state, link.problem) == (CrossingState.FAILED, "出了问题")
    with pytest.raises(FilingRefused):
        await maker.platform.probe()


async def test_progress_is_polled_page_by_page_and_each_message_once(maker: Maker) -> None:
    """R92: the outcome reaches the ticket by polling alone."""
    ticket_id = await maker.submitted()
    clock = maker.city.clock
    for kind in (ProgressKind.FILED, ProgressKind.DISPATCHED, ProgressKind.HANDLED):
        maker.there.memory.tell("m-1", kind, at=clock())
    maker.there.memory.tell("m-1", ProgressKind.CLOSED, "已补装井盖", at=clock())

    heard = [
        await poll(maker.city.database, maker.platform, now=clock()),
        await poll(maker.city.database, maker.platform, now=clock()),
    ]

    assert heard == [4, 0]
    ticket = await maker.city.ticket(ticket_id)
    assert (ticket.state, ticket.result) == (TicketState.RESOLVED, "已补装井盖")
    assert await reconcile(maker.city.database, maker.platform, now=clock()) == ()


async def test_in_an_outage_the_hotline_goes_on_and_delivers_later_exactly_once(
    maker: Maker,
) -> None:
    """R92, R93: numbers and promises as ever; nothing is lost and nothing is doubled."""
    maker.there.status = 503
    tickets = [await maker.city.transferred_ticket() for _ in range(3)]
    numbers = [(await maker.city.ticket(ticket_id)).number for ticket_id in tickets]
    assert len(set(numbers)) == 3
    for _ in range(6):
        maker.city.clock.advance(timedelta(hours=1))
        await reconcile(maker.city.database, maker.platform, now=maker.city.clock())
    (silent,) = [row for row in await maker.differences() if row.trouble is Trouble.NOT_REACHABLE]
    assert silent.times == 6
    assert maker.there.memory.cases == {}

    maker.there.status = None
    maker.there.answers_lost = 1
    for _ in range(2):
        maker.city.clock.advance(timedelta(minutes=10))
        await reconcile(maker.city.database, maker.platform, now=maker.city.clock())
    await maker.city.run_jobs()

    assert len(maker.there.memory.cases) == 3
    states = [(await maker.city.link(ticket_id)).state for ticket_id in tickets]
    assert states == [CrossingState.SUBMITTED] * 3
    assert await maker.differences() == []
    async with maker.city.database.read() as session:
        ended = await past_differences(session, limit=100)
    assert {row.ended_by for row in ended} == {"系统"}
    assert all(row.ending for row in ended)


async def test_while_the_platform_is_silent_not_every_ticket_waits_for_its_limit(
    maker: Maker,
) -> None:
    """R92: one silence is enough for a round."""
    maker.there.status = 503
    for _ in range(5):
        await maker.city.transferred_ticket()
    maker.city.clock.advance(timedelta(minutes=6))

    findings = await reconcile(maker.city.database, maker.platform, now=maker.city.clock())

    posted = [path for method, path, _ in maker.there.requests if method == "POST"]
    assert len(posted) == 1
    assert [f.repaired for f in findings] == [False] * 6


async def pushed(client: Any, message: dict[str, Any], *, keys: KeyRing, at: Any) -> Any:
    body = json.dumps(message, ensure_ascii=False).encode()
    target = "/case-platform/progress"
    header = keys.header("POST", target, body, nonce="n" * 20, now=at)
    return await client.post(
        target, data=body, headers={HEADER: header, "Accept": "application/json"}
    )


@pytest.fixture
async def doors(maker: Maker, aiohttp_client: Any) -> TestClient[Any, Any]:
    part = WebPart("exchange", ROUTES, provides={MAKER: MakerOptions("http", KEYS)})
    app = make_app(
        maker.city.database,
        (part,),
        WebOptions(b"a secret of thirty-two bytes, at least"),
        clock=maker.city.clock,
        signals=MemorySignals(),
    )
    client: TestClient[Any, Any] = await aiohttp_client(app)
    return client


async def test_the_maker_may_push_each_message(maker: Maker, doors: TestClient[Any, Any]) -> None:
    """R92, R95: pushed in real time; pushed and polled it is still one."""
    ticket_id = await maker.submitted()
    clock = maker.city.clock
    message = maker.there.memory.tell("m-1", ProgressKind.CLOSED, "已补装井盖", at=clock())

    answers = [await pushed(doors, progress_json(message), keys=KEYS, at=clock()) for _ in range(2)]

    assert [(await answer.json())["fate"] for answer in answers] == ["applied", "applied"]
    assert (await maker.city.ticket(ticket_id)).state is TicketState.RESOLVED
    assert await poll(maker.city.database, maker.platform, now=clock()) == 0


async def test_a_stranger_pushes_nothing(maker: Maker, doors: TestClient[Any, Any]) -> None:
    """R95: unsigned or badly signed news is refused."""
    ticket_id = await maker.submitted()
    message = maker.there.memory.tell("m-1", ProgressKind.CLOSED, "修好了", at=maker.city.clock())
    stranger = KeyRing.of("k1:hmac:" + base64.b64encode(b"z" * 32).decode())

    answer = await pushed(doors, progress_json(message), keys=stranger, at=maker.city.clock())

    assert answer.status == 403
    assert (await maker.city.ticket(ticket_id)).state is TicketState.TRANSFERRED


async def test_a_pushed_message_that_is_none_is_refused_with_its_field(
    maker: Maker, doors: TestClient[Any, Any]
) -> None:
    answer = await pushed(doors, {"message_id": "m"}, keys=KEYS, at=maker.city.clock())

    assert answer.status == 422
    assert "case_key" in await answer.text()


# --- the daily comparison


async def test_when_both_sides_agree_the_comparison_finds_nothing_and_says_so(
    maker: Maker,
) -> None:
    """R92: every day both ways."""
    await maker.submitted()
    maker.there.memory.tell("m-1", ProgressKind.FILED, at=maker.city.clock())
    await poll(maker.city.database, maker.platform, now=maker.city.clock())
    maker.city.clock.advance(timedelta(hours=1))

    now = maker.city.clock()
    found = [await compare_sides(maker.city.database, maker.platform, now=now) for _ in range(2)]

    async with maker.city.database.read() as session:
        runs = await comparisons(session, limit=10)
    assert found == [0, 0]
    assert [(run.cases, run.links, run.found) for run in runs] == [(1, 1, 0)]


async def test_a_case_that_no_ticket_knows_is_explained_by_a_person_once(maker: Maker) -> None:
    """R92: explained with words, it is not found again; new progress is a new difference."""
    city, clock = maker.city, maker.city.clock
    await maker.submitted()
    from tests.contract.test_case_platform import filing

    await maker.there.memory.submit(filing(clock))  # somebody else's
    maker.there.memory.tell("m-2", ProgressKind.FILED, at=clock())

    clock.advance(timedelta(hours=1))
    await compare_sides(city.database, maker.platform, now=clock())
    (row,) = await maker.differences()
    assert (row.trouble, row.what) == (Trouble.NOT_OURS, "m-2/1")
    with pytest.raises(Invalid):
        async with city.database.begin() as uow:
            await explain_difference(uow, row.id, words=" ", by="值班长甲", now=clock())
    async with city.database.begin() as uow:
        await explain_difference(uow, row.id, words="对方自行登记", by="值班长甲", now=clock())
    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await explain_difference(uow, row.id, words="再说一次", by="值班长甲", now=clock())
    clock.advance(timedelta(hours=25))
    assert await compare_sides(city.database, maker.platform, now=clock()) == 0

    maker.there.memory.tell("m-2", ProgressKind.CLOSED, "已办", at=clock())
    clock.advance(timedelta(hours=25))
    assert await compare_sides(city.database, maker.platform, now=clock()) == 1


async def test_states_that_differ_are_found_and_end_when_they_agree_again(maker: Maker) -> None:
    """R92: a crossing that was pushed aside is laid beside what the platform says."""
    city, clock = maker.city, maker.city.clock
    ticket_id = await maker.submitted()
    maker.there.memory.tell("m-1", ProgressKind.FILED, at=clock())
    await poll(city.database, maker.platform, now=clock())
    from case_bridge.bridge.repository import Links

    async with city.database.begin() as uow:
        link = await Links(uow.session).get(ticket_id, 1, lock=True)
        link.state = CrossingState.CHECKING
    clock.advance(timedelta(hours=1))

    await compare_sides(city.database, maker.platform, now=clock())
    (row,) = await maker.differences()
    assert (row.trouble, row.ticket_id) == (Trouble.STATE_DIFFERS, ticket_id)
    assert row.reason == "案卷系统：已立案（“立案”，第1号）；本系统：核查中"
    async with city.database.begin() as uow:
        (await Links(uow.session).get(ticket_id, 1, lock=True)).state = CrossingState.FILED
    clock.advance(timedelta(hours=25))
    await compare_sides(city.database, maker.platform, now=clock())

    assert await maker.differences() == []


async def test_a_case_that_the_other_side_lost_is_found_until_it_is_back(maker: Maker) -> None:
    """R92: both ways: what they told us of and no longer know is worked on by nobody."""
    city, clock = maker.city, maker.city.clock
    ticket_id = await maker.submitted()
    told = maker.there.memory.tell("m-1", ProgressKind.FILED, at=clock())
    await poll(city.database, maker.platform, now=clock())
    clock.advance(timedelta(hours=1))
    there = maker.there.memory.cases["m-1"].messages
    there.remove(told)

    await compare_sides(city.database, maker.platform, now=clock())

    (row,) = await maker.differences()
    assert (row.trouble, row.ticket_id) == (Trouble.NOT_THERE, ticket_id)
    assert "“立案”，现已查无此案卷；本系统：已立案" in row.reason
    there.append(told)
    clock.advance(timedelta(hours=25))
    await compare_sides(city.database, maker.platform, now=clock())
    assert await maker.differences() == []


async def test_a_platform_that_is_silent_is_compared_at_the_next_round(maker: Maker) -> None:
    maker.there.status = 503
    now = maker.city.clock()

    assert await compare_sides(maker.city.database, maker.platform, now=now) == 0
    async with maker.city.database.read() as session:
        assert await comparisons(session, limit=10) == []

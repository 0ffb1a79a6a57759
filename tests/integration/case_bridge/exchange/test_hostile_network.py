"""Two Hotlines between which requests and answers get lost, come twice, late and in any order."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from case_bridge.cases.states import CaseState
from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.dialect import DIALECTS, NEUTRAL
from case_bridge.exchange.forms import AnyMessage
from case_bridge.exchange.model import Direction
from case_bridge.exchange.states import MessageState
from hotline.kernel.errors import Invalid, Unavailable
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.exchange.houses import House, Region
from tests.integration.case_bridge.exchange.test_two_hotlines import (
    case_there,
    dispatched,
    state,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def lose(luck: random.Random) -> Any:
    """Return what loses a third of the requests, and of the answers to the others."""

    @web.middleware
    async def losing(request: web.Request, handler: Handler) -> web.StreamResponse:
        fate = luck.random()
        if fate < 0.33:
            return web.Response(status=503)
        answer = await handler(request)
        return web.Response(status=504) if fate < 0.55 else answer

    return losing


async def repeat_some(here: House, there: str, luck: random.Random) -> None:
    """Let some of what a house ever sent come once more, in any order."""
    rows = await here.messages(Direction.OUT)
    client = PeerClient(here.options.name, here.session, clock=here.city.clock)
    for row in luck.sample(rows, len(rows) // 2):
        with suppress(Unavailable):
            await client.send(here.options.peer(there), row.raw)


async def live_through(region: Region, luck: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        region.city.city.clock.advance(timedelta(minutes=6))
        await region.talk(1)
        await repeat_some(region.city, "district", luck)
        await repeat_some(region.district, "city", luck)


def assert_once_in_order(rows: list[Any]) -> None:
    """Each number of a case was applied once, and in its order."""
    applied = [row for row in rows if row.state is MessageState.APPLIED]
    assert {row.state for row in rows} <= {MessageState.APPLIED, MessageState.DUPLICATE}
    for case_ref in {row.case_ref for row in rows}:
        own = sorted((r for r in applied if r.case_ref == case_ref), key=lambda r: r.settled_at)
        numbers = [row.sequence for row in own]
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), numbers
        times = {row.sequence: row.settled_at for row in own}
        assert all(times[n] <= times[n + 1] for n in range(1, len(numbers)))


async def test_r93_a_hostile_network_changes_nothing_but_the_time_it_takes(
    region: Region,
) -> None:
    """R93: every form once, in order of its case, though each way loses half and repeats half."""
    luck = random.Random(0)
    for house in (region.city, region.district):
        await house.close()
        app_of = house.app

        def app(app_of: Callable[[], web.Application] = app_of) -> web.Application:
            made = app_of()
            made.middlewares.insert(0, lose(luck))
            return made

        house.app = app  # type: ignore[method-assign]
        await house.open()
    case_id = await dispatched(region)
    for _ in range(200):
        await live_through(region, luck, 1)
        if Counter(s for _, s in await region.district.forms(Direction.IN))["applied"] == 3:
            break
    below = CaseId((await case_there(region.district)).id)
    await region.district.city.work_off(below)
    for _ in range(200):
        await live_through(region, luck, 1)
        if await state(region.city, case_id) is CaseState.READY_TO_CLOSE:
            break
    assert await state(region.city, case_id) is CaseState.READY_TO_CLOSE
    await region.city.city.close(case_id)
    for _ in range(200):
        await live_through(region, luck, 1)
        if (await region.district.link()).received == 5:
            break

    assert_once_in_order(await region.city.messages(Direction.IN))
    assert_once_in_order(await region.district.messages(Direction.IN))
    assert (await region.district.link()).received == (await region.city.link()).sent == 5
    assert (await region.city.link()).received == (await region.district.link()).sent


class Older:
    """The dialect of a house that does not know a form as it is written now."""

    content_type = DIALECTS[NEUTRAL].content_type
    write = DIALECTS[NEUTRAL].write

    def read(self, raw: bytes) -> AnyMessage:
        if b'"form":"registration"' in raw:
            raise Invalid("body.weather", "Extra inputs are not permitted")
        return DIALECTS[NEUTRAL].read(raw)


async def test_r93_a_peer_of_an_older_version_is_not_flooded_and_goes_on_once_it_is_newer(
    region: Region,
) -> None:
    """R93, R96: what it cannot read waits at both sides, in few rows, until the upgrade."""
    district = region.district
    newer = district.options.peer("city")
    district.options.peers["city"] = replace(newer, dialect=Older())
    await dispatched(region)

    for _ in range(48):
        region.city.city.clock.advance(timedelta(minutes=30))
        await region.talk(1)
    assert len(await district.messages(Direction.IN)) < 30

    district.options.peers["city"] = newer
    region.city.city.clock.advance(timedelta(hours=25))
    await region.talk()
    assert (await case_there(district)).state is CaseState.FILED
    assert (await district.link()).received == 3

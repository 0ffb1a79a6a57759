"""The pages of the queue: why this seat, service levels that open, calls that we owe."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.queues import service as queues
from hotline.queues.explaining import describe, explain_offer
from hotline.queues.returns import service as returns
from hotline.reports import service as reports
from hotline.web.supervision.handlers import PART
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.queues.floor import SmallFloor

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


async def floor_of(house: WebHouse, clock: FakeClock) -> SmallFloor:
    house.parts = (*house.parts, PART)
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    return SmallFloor(house.database, clock(), process_id)


async def text(client: TestClient[Any, Any], path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_an_offer_tells_who_else_could_have_taken_the_caller(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """Issue B 9: why this seat."""
    floor = await floor_of(house, clock)
    await floor.seat("8001", idle=5)
    await floor.seat("8002", idle=50)
    await floor.caller()
    offer = await floor.ringing()
    await house.user("boss", Role.SUPERVISOR)
    client = await browse("boss")

    page = await text(client, f"/offers/{offer.offer_id}")
    same = await text(client, f"/calls/{offer.call_id}/offers")
    async with house.database.read() as session:
        told = describe(await explain_offer(session, offer.offer_id))

    for shown in (page, same):
        assert "最长空闲优先" in shown
        assert shown.index("8002") < shown.index("8001")
        assert shown.count("选中") == 1
    assert "→   8002        50.001" in told
    assert (await client.get(f"/offers/{uuid4()}")).status == 404


async def test_service_levels_open_the_calls_they_count(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    floor = await floor_of(house, clock)
    call_id = await floor.caller()
    async with house.database.begin() as uow:
        await queues.abandon(uow, call_id, now=floor.now + timedelta(seconds=30))
    await house.user("boss", Role.LEADER)
    client = await browse("boss")
    assert "尚未存档" in await text(client, "/levels")
    day = clock.now.date()
    async with house.database.begin() as uow:
        await reports.keep_day(uow, day, now=clock.now + timedelta(days=1))
    async with house.database.read() as session:
        kept = await reports.levels_of(session, day, now=clock.now)

    page = await text(client, f"/levels?day={day}")
    opened = await text(client, f"/levels/{kept[0].level_id}?class=abandoned")

    assert "15秒内人工接听率" in page
    assert "尚未存档" not in page
    assert "010****1234" in opened
    assert "共1通" in opened
    assert (await client.get("/levels?day=soon")).status == 422


async def test_a_shift_leader_takes_a_return_call_off_the_list(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    floor = await floor_of(house, clock)
    call_id = await floor.caller()
    async with house.database.begin() as uow:
        await queues.call_back_instead(uow, call_id, now=floor.now)
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    page = await text(client, "/return-calls")
    assert "预约回拨" in page
    token = page.split('name="form_token" value="')[1].split('"')[0]
    async with house.database.read() as session:
        [owed] = await returns.return_calls(session)

    path = f"/return-calls/{owed.return_id}/cancel"
    answer = await client.post(path, data={"form_token": token}, allow_redirects=False)

    assert answer.status == 303
    assert "已取消" in await text(client, "/return-calls")


async def test_a_seat_sees_none_of_it(house: WebHouse, browse: Browse, clock: FakeClock) -> None:
    await floor_of(house, clock)
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    for path in ("/levels", "/return-calls", f"/offers/{uuid4()}"):
        assert (await client.get(path)).status == 403, path

"""The page of callers who wait: why nobody has taken them, and moving one by hand."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues import waiting
from hotline.queues.routing import QueueRules
from hotline.queues.values import QueuePolicy, SeatDraft
from hotline.queues.waiting import Why
from hotline.web.supervision.waiting import waiting_part
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse, form_token
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
POLICY = QueuePolicy(queues={QUEUE: QueueRules(needs={"language.en": 3})})


@pytest.fixture
async def floor(house: WebHouse, clock: FakeClock) -> SmallFloor:
    """A floor under the page."""
    house.parts = (*house.parts, waiting_part(POLICY))
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    return SmallFloor(house.database, clock(), process_id)


async def why(floor: SmallFloor, policy: QueuePolicy = POLICY) -> list[Why]:
    async with floor.database.read() as session:
        found = await waiting.waiting_callers(session, floor.now, policy)
    return [each.why for each in found]


async def order(floor: SmallFloor, queue: str = QUEUE) -> list[CallId]:
    async with floor.database.read() as session:
        found = await waiting.waiting_callers(session, floor.now, POLICY, queue=queue)
    return [each.call_id for each in found]


async def test_each_caller_is_shown_with_what_keeps_the_seats_away(floor: SmallFloor) -> None:
    """Issue B 12: why nobody yet: each reason that routing can have."""
    await floor.caller()
    assert await why(floor) == [Why.NOBODY]
    without_phone = await floor.seat("8001", phone=False)
    assert await why(floor) == [Why.NO_PHONE]
    seat = await floor.seat("8002")
    assert await why(floor) == [Why.NO_SKILL]
    assert await why(floor, QueuePolicy()) == [Why.DUE]
    async with floor.database.begin() as uow:
        for each in (without_phone, seat):
            await queues.take_break(uow, each, "rest", floor.now)
    assert await why(floor) == [Why.ALL_BUSY]
    async with floor.database.begin() as uow:
        await queues.make_available(uow, seat, floor.now)
    await floor.ringing()
    assert await why(floor) == [Why.RINGING]


async def move(
    client: TestClient[Any, Any], call_id: CallId, to: str, reason: str = "孕妇求助"
) -> int:
    token = await form_token(client, "/waiting")
    answer = await client.post(
        f"/waiting/{call_id}/move",
        data={"form_token": token, "to": to, "reason": reason},
        allow_redirects=False,
    )
    return answer.status


async def test_a_shift_leader_moves_a_caller_with_a_reason_in_the_audit_log(
    house: WebHouse, browse: Browse, floor: SmallFloor
) -> None:
    first, second, third = [await floor.caller() for _ in range(3)]
    async with house.database.begin() as uow:
        draft = SeatDraft(
            name="专席", extension="8100", queue="expert", sip_ha1_md5="0", sip_ha1_sha256="0"
        )
        await queues.put_seat(uow, draft, now=floor.now)
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    page = await (await client.get("/waiting")).text()
    assert "队列无人签入" in page
    assert "010****1234" in page
    assert "language.en ≥ 3" in page

    assert await move(client, third, "first", reason="") == 422
    assert await move(client, third, "nowhere") == 422
    assert await move(client, CallId(uuid4()), "first") == 404
    assert await order(floor) == [first, second, third]
    assert await move(client, third, "first") == 303
    assert await order(floor) == [third, first, second]
    assert await move(client, second, "expert") == 303

    assert await order(floor) == [third, first]
    assert await order(floor, "expert") == [second]
    async with house.database.read() as session:
        query = select(AuditRow).where(AuditRow.action.startswith("call.moved"))
        rows = list(await session.scalars(query.order_by(AuditRow.seq)))
    assert [(row.action, row.detail["reason"]) for row in rows if row.detail] == [
        ("call.moved_first", "孕妇求助"),
        ("call.moved_queue", "孕妇求助"),
    ]


async def test_whom_a_seat_rings_for_is_not_moved_and_a_leader_only_reads(
    house: WebHouse, browse: Browse, floor: SmallFloor
) -> None:
    await floor.seat("8001")
    ringing = await floor.caller()
    await floor.ringing()
    waits = await floor.caller()
    await house.user("leader", Role.SHIFT_LEADER)
    await house.user("head", Role.LEADER)
    await house.user("seat", Role.SEAT)
    client, head = await browse("leader"), await browse("head")

    assert await move(client, ringing, "first") == 409
    page = await (await head.get("/waiting")).text()
    assert "正在振铃" in page
    assert "排到最前" not in page
    assert (await head.post(f"/waiting/{waits}/move")).status == 403
    assert (await (await browse("seat")).get("/waiting")).status == 403

"""The page as a telephone, over HTTP: who may ask what, and what the voice process is asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel.ids import CallId
from hotline.queues import phone_requests
from hotline.queues import service as queues
from hotline.queues.model import PhoneRequestRow
from hotline.queues.phone_act import PhoneAct, RequestState
from hotline.queues.states import SeatState
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
PAGE = {"page_id": "page-0001", "open": True}


@asynccontextmanager
async def voice(house: WebHouse, **answer: Any) -> AsyncGenerator[list[PhoneAct], None]:
    """A voice process that does what it is asked, and answers."""
    asked: list[PhoneAct] = []

    async def serve() -> None:
        while True:
            async with house.database.begin() as uow:
                rows = await uow.session.scalars(
                    select(PhoneRequestRow).where(PhoneRequestRow.state == RequestState.PENDING)
                )
                for row in list(rows):
                    asked.append(row.act)
                    await phone_requests.finish(uow, row.id, answer)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(serve())
    try:
        yield asked
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sit(house: WebHouse, browse: Browse) -> TestClient[Any, Any]:
    """A seat that is signed in."""
    await house.user("wang", Role.SEAT, seat="801")
    client = await browse("wang")
    assert (await client.post("/desk/state", json={"act": "sign_in"})).status == 200
    return client


async def talk(house: WebHouse) -> CallId:
    call_id = await house.ring()
    await house.pick_up("801")
    return call_id


async def contact_of(client: TestClient[Any, Any]) -> Any:
    return (await (await client.get("/desk/snapshot")).json())["seat"]["contact"]


async def test_the_page_answers_what_rings_with_its_description(
    house: WebHouse, browse: Browse
) -> None:
    client = await sit(house, browse)
    assert (await client.post("/desk/phone", json=PAGE)).status == 200
    await house.ring()
    contact = await contact_of(client)
    body = {"act": "answer", "call_id": contact["call_id"], "offer_id": contact["offer_id"]}

    async with voice(house, sdp="answered") as asked:
        without = await client.post("/desk/phone/act", json=body)
        answer = await client.post("/desk/phone/act", json={**body, "sdp": SDP})

    assert without.status == 422
    assert await answer.json() == {"sdp": "answered"}
    assert asked == [PhoneAct.ANSWER]


async def test_two_pages_are_told_which_one_rings(house: WebHouse, browse: Browse) -> None:
    client = await sit(house, browse)
    await client.post("/desk/phone", json=PAGE)
    other = {**PAGE, "page_id": "page-0002"}

    assert (await client.post("/desk/phone", json=other)).status == 409
    assert (await client.post("/desk/phone", json={**other, "claims": True})).status == 200
    assert (await client.post("/desk/phone", json=PAGE)).status == 409


async def test_acts_of_a_talk_wait_for_the_talk(house: WebHouse, browse: Browse) -> None:
    client = await sit(house, browse)
    call_id = await house.ring()
    hold = {"act": "hold", "call_id": str(call_id)}

    assert (await client.post("/desk/phone/act", json=hold)).status == 409
    await house.pick_up("801")
    async with voice(house) as asked:
        assert (await client.post("/desk/phone/act", json=hold)).status == 200
        answer = {"act": "answer", "call_id": str(call_id), "offer_id": str(uuid4()), "sdp": SDP}
        assert (await client.post("/desk/phone/act", json=answer)).status == 409
    assert asked == [PhoneAct.HOLD]


async def test_nobody_acts_on_the_call_of_another_seat(house: WebHouse, browse: Browse) -> None:
    await sit(house, browse)
    call_id = await talk(house)
    await house.user("zhao", Role.SEAT, seat="802")
    other = await browse("zhao")

    act = {"act": "hang_up", "call_id": str(call_id)}
    assert (await other.post("/desk/phone/act", json=act)).status == 403
    flag = await other.post(f"/desk/calls/{call_id}/abuse", json={"reason": "辱骂"})
    assert flag.status == 403


async def test_a_seat_may_not_ask_for_what_is_a_supervisors(
    house: WebHouse, browse: Browse
) -> None:
    client = await sit(house, browse)
    call_id = await talk(house)

    act = {"act": "barge", "call_id": str(call_id)}
    assert (await client.post("/desk/phone/act", json=act)).status == 422
    url = f"/board/calls/{call_id}/supervise"
    assert (await client.post(url, json={"act": "listen", "sdp": SDP})).status == 403


async def test_a_pause_without_a_reason_is_refused_and_with_one_is_audited(
    house: WebHouse, browse: Browse
) -> None:
    client = await sit(house, browse)
    call_id = await talk(house)
    pause = {"act": "pause_recording", "call_id": str(call_id)}

    assert (await client.post("/desk/phone/act", json=pause)).status == 422
    async with voice(house):
        given = await client.post("/desk/phone/act", json={**pause, "reason": "银行卡号"})
    assert given.status == 200
    async with house.database.read() as session:
        row = await session.scalar(select(AuditRow).where(AuditRow.action == "recording.pause"))
    assert row is not None
    assert (row.actor, row.detail["reason"]) == ("wang", "银行卡号")


async def test_a_flagged_call_gives_one_rest_after_it(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    client = await sit(house, browse)
    assert (await client.post("/desk/rest", json={})).status == 409
    call_id = await talk(house)

    flag = await client.post(f"/desk/calls/{call_id}/abuse", json={"reason": "持续辱骂"})
    assert flag.status == 200
    care = (await (await client.get("/desk/snapshot")).json())["care"]
    assert care == {"flags": 1, "is_flagged": True, "may_rest": True}
    await house.hang_up(call_id)
    assert (await client.post("/desk/rest", json={})).status == 200
    async with house.database.read() as session:
        view = await queues.seat_view(session, house.seats["801"])
    assert (view.state, view.break_reason) == (SeatState.ON_BREAK, "protection")

    await client.post("/desk/state", json={"act": "available"})
    care = (await (await client.get("/desk/snapshot")).json())["care"]
    assert not care["may_rest"]
    assert (await client.post("/desk/rest", json={})).status == 409


async def test_a_leader_forces_states_but_not_out_of_a_talk(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await sit(house, browse)
    await house.user("luo", Role.SHIFT_LEADER)
    leader = await browse("luo")
    url = f"/board/seats/{house.seats['801']}/state"

    assert (await leader.post(url, json={"state": "on_break"})).status == 422
    for state in ("on_break", "available"):
        answer = await leader.post(url, json={"state": state, "reason": "临时培训"})
        assert answer.status == 200
    await talk(house)
    clock.advance(timedelta(seconds=1))
    refused = await leader.post(url, json={"state": "signed_out", "reason": "下班"})
    assert refused.status == 409
    async with house.database.read() as session:
        rows = await session.scalars(select(AuditRow).where(AuditRow.action == "seat.force"))
        moves = [(row.detail["from"], row.detail["to"]) for row in rows]
    assert sorted(moves) == [("available", "on_break"), ("on_break", "available")]


async def test_listening_is_audited_and_a_description_comes_once(
    house: WebHouse, browse: Browse
) -> None:
    await sit(house, browse)
    call_id = await talk(house)
    await house.user("luo", Role.SHIFT_LEADER)
    leader = await browse("luo")
    url = f"/board/calls/{call_id}/supervise"

    async with voice(house, sdp="answered") as asked:
        assert (await leader.post(url, json={"act": "whisper", "sdp": SDP})).status == 422
        listening = await leader.post(url, json={"act": "listen", "sdp": SDP})
        assert await listening.json() == {"sdp": "answered"}
        for act in ("whisper", "leave"):
            assert (await leader.post(url, json={"act": act})).status == 200
        # A page that comes back after a take-over describes itself anew.
        assert (await leader.post(url, json={"act": "rejoin"})).status == 422
        back = await leader.post(url, json={"act": "rejoin", "sdp": SDP})
        assert await back.json() == {"sdp": "answered"}
    assert asked == [PhoneAct.LISTEN, PhoneAct.WHISPER, PhoneAct.LEAVE, PhoneAct.REJOIN]
    async with house.database.read() as session:
        acts = await session.scalars(select(AuditRow.action).order_by(AuditRow.seq))
        assert [each for each in acts if each.startswith("call.")] == [
            "call.listen", "call.whisper",
        ]  # fmt: skip

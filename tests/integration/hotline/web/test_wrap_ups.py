"""The seat's wrap-up: what each disposition demands, and the page that counts them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from hotline.kernel.ids import CallId, new_id
from hotline.queues import service as queues
from hotline.queues.returns import service as returns
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse

Client = TestClient[Any, Any]
Browse = Callable[..., Awaitable[Client]]
PROGRAM = {"Accept": "application/json"}


@pytest.fixture
async def seat(house: WebHouse, browse: Browse) -> Client:
    """A person at a seat that takes calls."""
    await house.categories()
    user_id = await house.user("wang", Role.SEAT, seat="801")
    async with house.database.begin() as uow:
        await queues.sign_in(uow, house.seats["801"], user_id, house.clock())
        await queues.make_available(uow, house.seats["801"], house.clock())
    return await browse("wang")


async def talk(house: WebHouse, *, ends: bool = True, number: str | None = "13800001234") -> CallId:
    call_id = await house.ring(number)
    await house.pick_up("801")
    if ends:
        await house.hang_up(call_id)
    return call_id


async def write(seat: Client, call_id: CallId, **body: Any) -> Any:
    return await seat.post(f"/desk/calls/{call_id}/wrap-up", json=body)


async def next_call(house: WebHouse) -> None:
    async with house.database.begin() as uow:
        await queues.make_available(uow, house.seats["801"], house.clock())


async def snapshot(seat: Client) -> Any:
    return await (await seat.get("/desk/snapshot")).json()


async def test_how_a_call_ended_is_kept_and_corrected(house: WebHouse, seat: Client) -> None:
    call_id = await talk(house)
    assert (await snapshot(seat))["wrap_up"] is None

    assert (await write(seat, call_id, disposition="silent")).status == 200
    assert (await snapshot(seat))["wrap_up"] == "silent"
    corrected = await write(seat, call_id, disposition="answered_directly", note=" 已告知电话 ")

    assert corrected.status == 200
    assert (await snapshot(seat))["wrap_up"] == "answered_directly"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"disposition": "ticket_opened"}, "ticket"),
        ({"disposition": "answered_directly", "note": "  "}, "note"),
        ({"disposition": "no such thing"}, "disposition"),
        ({"disposition": "silent", "note": "长" * 501}, "note"),
    ],
)
async def test_a_disposition_without_its_papers_is_refused_in_words(
    house: WebHouse, seat: Client, body: dict[str, str], field: str
) -> None:
    call_id = await talk(house)

    answer = await write(seat, call_id, **body)

    (told,) = (await answer.json())["fields"]
    assert (answer.status, told["field"]) == (422, field)
    assert told["words"]
    assert (await snapshot(seat))["wrap_up"] is None


async def test_the_list_opens_every_ticket_of_a_call(
    house: WebHouse, seat: Client, browse: Browse
) -> None:
    call_id = await talk(house)
    told = []
    for draft_id in ("draft-0001", "draft-0002"):
        draft = {"draft_id": draft_id, "request_kind": "complaint", "subject": "路灯不亮"}
        made = await seat.post("/desk/tickets", json=draft | {"call_id": str(call_id)})
        told.append((await made.json())["ticket"]["ticket_id"])
    assert (await write(seat, call_id, disposition="ticket_opened")).status == 200
    await house.user("leader", Role.SHIFT_LEADER)

    page = await (await (await browse("leader")).get("/wrap-ups?disposition=ticket_opened")).text()

    assert all(page.count(f'href="/tickets/{ticket_id}"') == 1 for ticket_id in told)


async def test_an_earlier_ticket_is_named_by_its_number(house: WebHouse, seat: Client) -> None:
    call_id = await talk(house)
    draft = {"draft_id": "draft-0001", "request_kind": "complaint", "subject": "路灯不亮"}
    draft["reply_channel"] = "web"
    made = await (await seat.post("/desk/tickets", json=draft)).json()

    unknown = await write(seat, call_id, disposition="progress_enquiry", ticket_number="1")
    known = await write(
        seat, call_id, disposition="progress_enquiry", ticket_number=made["ticket"]["number"]
    )

    assert (unknown.status, known.status) == (404, 200)


async def test_a_call_that_broke_off_is_owed_once(house: WebHouse, seat: Client) -> None:
    call_id = await talk(house, ends=False)
    early = await write(seat, call_id, disposition="dropped")
    assert early.status == 422
    await house.hang_up(call_id)

    assert (await write(seat, call_id, disposition="dropped")).status == 200
    assert (await write(seat, call_id, disposition="dropped")).status == 200

    async with house.database.read() as session:
        (owed,) = await returns.return_calls(session)
    assert (owed.call_id, owed.number) == (call_id, "13800001234")


async def test_nobody_writes_of_a_call_that_is_not_their_seats(
    house: WebHouse, seat: Client, browse: Browse
) -> None:
    call_id = await talk(house)
    await house.user("li", Role.SEAT, seat="802")
    await house.user("zhao", Role.SEAT)

    for login in ("li", "zhao"):
        assert (await write(await browse(login), call_id, disposition="silent")).status == 403
    assert (await write(seat, CallId(new_id()), disposition="silent")).status == 403


async def test_every_number_of_the_page_opens_its_calls(
    house: WebHouse, seat: Client, browse: Browse, clock: FakeClock
) -> None:
    first = await talk(house)
    await write(seat, first, disposition="silent")
    await next_call(house)
    await write(seat, await talk(house, number=None), disposition="wrong_number")
    await house.user("boss", Role.SHIFT_LEADER)
    boss = await browse("boss")

    page = await (await boss.get("/wrap-ups")).text()
    rows = await (await boss.get("/wrap-ups?disposition=silent")).text()
    withheld = await (await boss.get("/wrap-ups?disposition=wrong_number")).text()

    assert "disposition=silent#rows" in page
    assert "disposition=harassment#rows" not in page
    assert "138****1234" in rows
    assert "测试wang" in rows
    assert "13800001234" not in rows
    assert "未显示号码" in withheld
    found = await (await boss.get("/wrap-ups", headers=PROGRAM)).json()
    assert (found["silent"], found["wrong_number"], found["dropped"]) == (1, 1, 0)
    day = (clock() - timedelta(days=1)).date()
    earlier = await boss.get(f"/wrap-ups?since={day}&until={day}", headers=PROGRAM)
    assert not any((await earlier.json()).values())
    for wrong in ("since=x", "since=2026-03-12&until=2026-03-11", "disposition=x"):
        assert (await boss.get(f"/wrap-ups?{wrong}")).status == 422
    assert (await seat.get("/wrap-ups")).status == 403

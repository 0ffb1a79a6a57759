"""The desk's endpoints: what a seat does from the first ring to the transferred ticket."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts import audit
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd
from hotline.contacts.contact import Channel
from hotline.kernel.ids import TicketId
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.ticket import RequestKind, TicketDraft
from hotline.web.desk.options import DeskPlaces
from tests.conftest import FakeClock
from tests.fakes.web_house import NUMBER, WebHouse

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
Answer = tuple[int, dict[str, Any]]

TICKET = {
    "request_kind": "complaint",
    "category_code": "S:facility:0101",
    "condition": "HAZARD",
    "subject": "井盖丢失",
    "body": "人民路上水井盖丢失",
    "address": "人民路1号",
}


async def send(client: TestClient[Any, Any], method: str, path: str, body: Any) -> Answer:
    answer = await client.request(method, path, json=body, headers={"Accept": "application/json"})
    return answer.status, await answer.json()


async def seated(house: WebHouse, browse: Browse, login: str = "wang", seat: str = "801") -> Any:
    """A signed-in seat that takes calls."""
    await house.user(login, Role.SEAT, seat=seat)
    client = await browse(login)
    status, told = await send(client, "POST", "/desk/state", {"act": "sign_in"})
    assert (status, told["seat"]["state"]) == (200, "available")
    return client


async def snapshot(client: TestClient[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = await (await client.get("/desk/snapshot")).json()
    return told


async def save(client: TestClient[Any, Any], **changes: Any) -> Answer:
    return await send(
        client, "POST", "/desk/tickets", TICKET | {"draft_id": str(uuid4())} | changes
    )


async def test_a_call_is_seen_answered_written_up_and_handed_on(
    house: WebHouse, browse: Browse
) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    ringing = (await snapshot(client))["seat"]
    assert (ringing["state"], ringing["contact"]["number"]) == ("offered", "138****1234")
    await house.pick_up("801")

    status, saved = await save(client, call_id=str(call_id))

    ticket = saved["ticket"]
    assert status == 201
    assert ticket["reply_to_masked"] == "138****1234"
    assert len(saved["query_code"]) == 6
    contact = (await snapshot(client))["seat"]["contact"]
    assert [line["ticket_id"] for line in contact["tickets"]] == [ticket["ticket_id"]]
    assert [line["number"] for line in contact["open_tickets"]] == [ticket["number"]]
    path = f"/desk/tickets/{ticket['ticket_id']}"
    status, moved = await send(client, "POST", f"{path}/transfer", {})
    assert (status, moved["ticket"]["state"]) == (200, "transferred")
    assert moved["ticket"]["due_at"] == (house.clock() + timedelta(hours=2)).isoformat()
    assert (await snapshot(client))["tickets"] == []


async def test_r88_only_who_opened_a_ticket_is_shown_its_code(
    house: WebHouse, browse: Browse
) -> None:
    """R88: with number and code one answers for the citizen; others renew it with a reason."""
    await house.categories()
    opener = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")
    _, saved = await save(opener, call_id=str(call_id))
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}"
    await house.user("leader", Role.SHIFT_LEADER)
    leader = await browse("leader")

    _, again = await send(opener, "PUT", path, {"body": "补充：已三天"})
    _, seen = await send(leader, "PUT", path, {"body": "补充：已四天"})

    assert again["query_code"] == saved["query_code"]
    assert seen["ticket"]["body"] == "补充：已四天"
    assert seen["query_code"] is None


async def test_saving_the_same_draft_twice_is_one_ticket(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")

    results = [await save(client, call_id=str(call_id), draft_id="draft-0001") for _ in range(2)]

    assert results[0][1]["ticket"]["number"] == results[1][1]["ticket"]["number"]


async def test_the_next_call_from_the_same_citizen_shows_the_open_ticket(
    house: WebHouse, browse: Browse
) -> None:
    await house.categories()
    client = await seated(house, browse)
    first = await house.ring()
    await house.pick_up("801")
    await save(client, call_id=str(first))
    await house.hang_up(first)
    await send(client, "POST", "/desk/state", {"act": "end_wrap_up"})

    await house.ring(f"+86{NUMBER}")

    contact = (await snapshot(client))["seat"]["contact"]
    assert [line["subject"] for line in contact["open_tickets"]] == ["井盖丢失"]


async def test_who_rings_again_is_shown_with_earlier_calls_and_closed_tickets(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await house.categories()
    client = await seated(house, browse)
    first = await house.ring()
    await house.pick_up("801")
    assert (await snapshot(client))["seat"]["contact"]["calls"] == []
    _, saved = await save(client, call_id=str(first))
    ticket_id = saved["ticket"]["ticket_id"]
    await send(client, "POST", f"/desk/tickets/{ticket_id}/answer", {"answer": "已当场答复"})
    clock.advance(timedelta(seconds=90))
    async with house.database.begin() as uow:
        await calls.end_call(uow, first, end=CallEnd.CALLER_HUNG_UP, now=clock())
    await house.hang_up(first)
    await send(
        client,
        "POST",
        f"/desk/calls/{first}/wrap-up",
        {"disposition": "answered_directly", "note": "已告知"},
    )
    await send(client, "POST", "/desk/state", {"act": "available"})
    clock.advance(timedelta(minutes=30))
    await house.ring()

    contact = (await snapshot(client))["seat"]["contact"]

    (before,) = contact["calls"]
    talked = datetime.fromisoformat(before["ended_at"]) - datetime.fromisoformat(
        before["connected_at"]
    )
    assert (talked, before["disposition"]) == (timedelta(seconds=90), "answered_directly")
    assert contact["open_tickets"] == []
    assert [each["ticket_id"] for each in contact["closed_tickets"]] == [ticket_id]


async def test_a_reloaded_desk_is_told_since_when_the_citizen_is_held(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    client = await seated(house, browse)
    call_id = await house.ring()
    assert (await snapshot(client))["talk"] is None
    await house.pick_up("801")

    async def talk_after(kind: str | None) -> dict[str, Any]:
        clock.advance(timedelta(seconds=1))
        if kind:
            async with house.database.begin() as uow:
                await calls.note_event(uow, call_id, kind, now=clock())
        told: dict[str, Any] = (await snapshot(client))["talk"]
        return told

    assert await talk_after(None) == {"held_since": None, "paused_since": None}
    held = await talk_after("held")
    assert held["held_since"] == clock().isoformat()
    paused = await talk_after("recording_paused")
    assert paused == {**held, "paused_since": clock().isoformat()}
    assert (await talk_after("transfer_calling"))["held_since"] is None
    await talk_after("held")
    assert (await talk_after("resumed"))["held_since"] is None
    assert (await talk_after("recording_resumed"))["paused_since"] is None


async def test_a_position_goes_with_its_address(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(
        client, reply_channel="sms", reply_to=NUMBER, longitude=115.49, latitude=38.87
    )
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}"

    async def position_after(**change: Any) -> tuple[float | None, float | None]:
        _, told = await send(client, "PUT", path, change)
        return told["ticket"]["longitude"], told["ticket"]["latitude"]

    assert await position_after(address="人民路1号院内") == (115.49, 38.87)
    assert await position_after(address="别处", drops_position=True) == (None, None)
    assert await position_after(longitude=115.5, latitude=38.9) == (115.5, 38.9)
    status, _ = await send(
        client, "PUT", path, {"longitude": 115.5, "latitude": 38.9, "drops_position": True}
    )
    assert status == 422


async def test_the_desk_knows_of_a_register_of_places_only_where_one_is(
    house: WebHouse, browse: Browse
) -> None:
    client = await seated(house, browse)

    def words_of(page: str) -> Any:
        return json.loads(page.partition('id="words">')[2].partition("</script>")[0])["places"]

    plain = await client.get("/desk")
    assert words_of(await plain.text()) is None
    assert "tiles.example.org" not in plain.headers["Content-Security-Policy"]

    house.places = DeskPlaces(
        "/places/search",
        "https://t.tiles.example.org/{z}/{x}/{y}.png",
        "©",
        "https://*.tiles.example.org",
    )
    client = await browse("wang")
    mapped = await client.get("/desk")
    assert words_of(await mapped.text()) == {
        "search": "/places/search",
        "tiles": "https://t.tiles.example.org/{z}/{x}/{y}.png",
        "attribution": "©",
    }
    assert "img-src 'self' https://*.tiles.example.org" in mapped.headers["Content-Security-Policy"]
    board = await client.get("/board", allow_redirects=False)
    assert "tiles.example.org" not in board.headers["Content-Security-Policy"]


async def test_an_anonymous_callers_ticket_leads_to_nobody(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")

    _, saved = await save(client, call_id=str(call_id), anonymous=True)

    ticket_id = saved["ticket"]["ticket_id"]
    assert "1234" not in saved["ticket"]["reply_to_masked"]
    async with house.database.read() as session:
        assert (await reading.ticket_view(session, TicketId(ticket_id))).citizen_id is None
    status, _ = await send(
        client, "POST", f"/desk/tickets/{ticket_id}/number", {"reason": "要回电"}
    )
    assert status == 403


async def test_a_withheld_number_needs_a_way_to_answer(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring(None)
    await house.pick_up("801")

    status, told = await save(client, call_id=str(call_id))

    assert status == 422
    assert told["fields"][0]["field"] == "reply_to"
    status, _ = await save(client, call_id=str(call_id), reply_channel="web")
    assert status == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"category_code": "S:facility:9999"}, "category_code"),
        ({"condition": "NO SUCH"}, "condition"),
        ({"request_kind": "gossip"}, "request_kind"),
        ({"longitude": 200.0, "latitude": 1.0}, "longitude"),
        ({"draft_id": "x"}, "draft_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_mistake_is_answered_with_its_field(
    house: WebHouse, browse: Browse, change: dict[str, Any], field: str
) -> None:
    await house.categories()
    client = await seated(house, browse)

    status, told = await save(client, reply_channel="web", **change)

    assert status == 422
    assert field in [each["field"] for each in told["fields"]]


async def test_a_ticket_from_the_web_form_is_opened_classified_and_handed_on(
    house: WebHouse, browse: Browse
) -> None:
    await house.categories()
    client = await seated(house, browse)
    draft = TicketDraft(
        channel=Channel.WEB,
        request_kind=RequestKind.OTHER,
        subject="有垃圾",
        body="小区门口有垃圾",
        reply_channel=Channel.WEB,
        reply_to=None,
    )
    async with house.database.begin() as uow:
        ticket_id = await tickets.open_ticket(uow, draft, now=house.clock())
    (line,) = (await snapshot(client))["tickets"]
    path = f"/desk/tickets/{line['ticket_id']}"

    status, told = await send(
        client, "PUT", path, {"request_kind": "complaint", "category_code": "S:incident:0110"}
    )

    assert (status, told["ticket"]["category"]["name"]) == (200, "暴露生活垃圾")
    assert told["ticket"]["category"]["limits"][0]["label"] == "4工作时"
    await send(client, "POST", f"{path}/transfer", {})
    status, shown = await send(client, "GET", path, None)
    assert [entry["trigger"] for entry in shown["history"]] == [None, "amend", "transfer"]
    assert shown["ticket"]["ticket_id"] == str(ticket_id)


async def test_a_question_is_answered_directly(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(client, request_kind="inquiry", reply_channel="web")

    status, told = await send(
        client,
        "POST",
        f"/desk/tickets/{saved['ticket']['ticket_id']}/answer",
        {"answer": "办理时间为工作日9时至17时"},
    )

    assert (status, told["ticket"]["state"], told["ticket"]["outcome"]) == (
        200,
        "closed",
        "answered",
    )


async def test_a_mistaken_ticket_is_voided_with_a_reason(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(client, reply_channel="web")
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}/cancel"

    without, _ = await send(client, "POST", path, {"reason": " "})
    status, told = await send(client, "POST", path, {"reason": "重复登记"})

    assert (without, status, told["ticket"]["state"]) == (422, 200, "cancelled")


async def test_work_in_progress_is_urged_on(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(client, reply_channel="web")
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}"
    too_early, _ = await send(client, "POST", f"{path}/remind", {"reason": "市民再次来电"})
    await send(client, "POST", f"{path}/transfer", {})

    status, _ = await send(client, "POST", f"{path}/remind", {"reason": "市民再次来电"})

    assert (too_early, status) == (409, 200)


async def test_what_is_handed_on_cannot_be_handed_on_again(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(client, reply_channel="web")
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}/transfer"

    statuses = [(await send(client, "POST", path, {}))[0] for _ in range(2)]

    assert statuses == [200, 409]


async def test_showing_a_number_needs_a_reason_and_leaves_a_row(
    house: WebHouse, browse: Browse
) -> None:
    client = await seated(house, browse)
    call_id = await house.ring()
    path = f"/desk/calls/{call_id}/number"

    without, _ = await send(client, "POST", path, {"reason": ""})
    status, told = await send(client, "POST", path, {"reason": "核对身份"})

    assert (without, status, told["number"]) == (422, 200, NUMBER)
    async with house.database.read() as session:
        rows = (
            await session.scalars(select(AuditRow).where(AuditRow.action == "number.unmask"))
        ).all()
        assert [(r.actor, r.target, r.detail) for r in rows] == [
            ("wang", f"call:{call_id}", {"reason": "核对身份"})
        ]
        assert await audit.verify(session) == []


async def test_another_seats_call_is_none_of_ones_business(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")
    other = await seated(house, browse, "li", "802")

    number, _ = await send(other, "POST", f"/desk/calls/{call_id}/number", {"reason": "好奇而已"})
    ticket, _ = await save(other, call_id=str(call_id))

    assert (number, ticket) == (403, 403)


async def test_a_confidential_citizens_number_is_for_the_shift_leader(
    house: WebHouse, browse: Browse
) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")
    _, saved = await save(client, call_id=str(call_id), confidential=True)
    path = f"/desk/tickets/{saved['ticket']['ticket_id']}/number"
    await house.user("leader", Role.SHIFT_LEADER)

    seat, _ = await send(client, "POST", path, {"reason": "要回电"})
    leader, told = await send(await browse("leader"), "POST", path, {"reason": "要回电"})

    assert (seat, leader, told["number"]) == (403, 200, NUMBER)


async def test_the_seat_goes_through_its_day(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    client = await seated(house, browse)
    states = []
    for body in (
        {"act": "break", "reason": "meal"},
        {"act": "available"},
        {"act": "sign_out"},
        {"act": "sign_in"},
    ):
        clock.advance(timedelta(minutes=1))
        status, told = await send(client, "POST", "/desk/state", body)
        assert status == 200, told
        states.append((told["seat"]["state"], told["seat"]["break_reason"]))

    assert states == [
        ("on_break", "meal"),
        ("available", None),
        ("signed_out", None),
        ("available", None),
    ]


async def test_a_break_needs_its_reason_and_a_talking_seat_takes_none(
    house: WebHouse, browse: Browse
) -> None:
    client = await seated(house, browse)
    without, told = await send(client, "POST", "/desk/state", {"act": "break"})
    await house.ring()
    await house.pick_up("801")

    talking, _ = await send(client, "POST", "/desk/state", {"act": "break", "reason": "rest"})

    assert (without, told["fields"][0]["field"], talking) == (422, "reason", 409)


async def test_a_person_without_a_seat_works_on_tickets_but_takes_no_calls(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")

    status, told = await send(client, "POST", "/desk/state", {"act": "sign_in"})

    assert (status, told["error"]) == (403, "Forbidden")
    assert (await snapshot(client))["seat"] is None


@pytest.mark.parametrize("query", ["井盖", "jinggai", "ssjg", "0101"])
async def test_a_category_is_found_by_name_pinyin_initials_and_code(
    house: WebHouse, browse: Browse, query: str
) -> None:
    await house.categories()
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    told = await (await client.get("/desk/categories", params={"q": query})).json()

    assert told["categories"][0]["key"] == "S:facility:0101"
    assert (await (await client.get("/desk/categories?q=")).json()) == {"categories": []}


async def test_a_ticket_has_a_page_to_read(house: WebHouse, browse: Browse) -> None:
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")
    _, saved = await save(client, call_id=str(call_id))

    page = await (await client.get(f"/tickets/{saved['ticket']['ticket_id']}")).text()

    assert saved["ticket"]["number"] in page
    assert "登记受理" in page
    assert "投诉" in page
    assert "138****1234" in page
    assert NUMBER not in page


async def test_a_ticket_is_found_by_the_number_that_the_citizen_names(
    house: WebHouse, browse: Browse
) -> None:
    await house.categories()
    client = await seated(house, browse)
    _, saved = await save(client, reply_channel="web")

    status, found = await send(
        client, "GET", f"/desk/tickets?number={saved['ticket']['number']}", None
    )

    assert (status, found["ticket_id"]) == (200, saved["ticket"]["ticket_id"])
    assert (await send(client, "GET", "/desk/tickets?number=7", None))[0] == 404


@pytest.mark.parametrize("path", ["/desk/tickets/7", f"/desk/tickets/{UUID(int=7)}"])
async def test_a_ticket_that_does_not_exist_is_said_so(
    house: WebHouse, browse: Browse, path: str
) -> None:
    await house.user("wang", Role.SEAT)

    status, _ = await send(await browse("wang"), "GET", path, None)

    assert status in {404, 422}


async def test_every_matter_that_is_told_in_a_call_is_a_ticket_of_that_call(
    house: WebHouse, browse: Browse
) -> None:
    """One matter, one ticket (一事一单): each has the number, the person and the call."""
    await house.categories()
    client = await seated(house, browse)
    call_id = await house.ring()
    await house.pick_up("801")

    told = [
        (await save(client, call_id=str(call_id), subject=subject))[1]["ticket"]
        for subject in ("井盖丢失", "路灯不亮")
    ]

    assert [each["reply_to_masked"] for each in told] == ["138****1234"] * 2
    contact = (await snapshot(client))["seat"]["contact"]
    assert [line["number"] for line in contact["tickets"]] == [each["number"] for each in told]
    assert {line["subject"] for line in contact["open_tickets"]} == {"井盖丢失", "路灯不亮"}
    async with house.database.read() as session:
        lines = await reading.tickets_of_call(session, call_id)
        citizens = {
            (await reading.ticket_view(session, each.ticket_id)).citizen_id for each in lines
        }
    assert [line.subject for line in lines] == ["井盖丢失", "路灯不亮"]
    assert len(citizens) == 1
    assert None not in citizens

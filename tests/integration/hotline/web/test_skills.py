"""The sheet of skills and the limits of alarms, as a shift leader changes them."""

import json
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts import audit
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel.ids import SeatId
from hotline.queues import service as queues
from hotline.queues.routing import Needs
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor
from tests.integration.hotline.web.test_supervision import floor_of, text

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


def token_of(page: str) -> str:
    return page.split('name="form_token" value="')[1].split('"', maxsplit=1)[0]


def fields_of(page: str) -> dict[str, str]:
    """Return what a browser would send of the sheet's form."""
    inputs = re.findall(r"<input [^>]*>", page[page.index('id="levels"') :])
    named = [
        (re.search(r' name="([^"]+)"', each), re.search(r' value="([^"]*)"', each))
        for each in inputs
    ]
    return {name[1]: unescape(value[1]) if value else "" for name, value in named if name}


async def skills_of(floor: SmallFloor, seat_id: SeatId, skills: Needs) -> None:
    async with floor.database.begin() as uow:
        await queues.set_skills(uow, seat_id, skills)


async def send(client: TestClient[Any, Any], page: str, **levels: str) -> ClientResponse:
    fields = fields_of(page) | levels
    return await client.post("/skills", data=fields, allow_redirects=False)


async def test_a_level_that_is_typed_routes_the_next_caller_and_is_in_the_audit_log(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """Issue B 2: skills by business, dialect and language, set by a shift leader."""
    floor = await floor_of(house, clock)
    able, other = await floor.seat("8002", idle=1), await floor.seat("8001", idle=60)
    await skills_of(floor, other, {"language.en": 2})
    call_id = await floor.call()
    async with house.database.begin() as uow:
        await queues.enqueue(
            uow,
            call_id=call_id,
            queue=QUEUE,
            number_hash=None,
            needs={"dialect.min": 3},
            now=floor.now,
        )
    assert await floor.offer() is None
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")

    page = await text(client, "/skills")
    assert "在等" in page
    cell = f"level.{able}.dialect.min"
    assert fields_of(page)[cell] == ""
    answer = await send(client, page, **{cell: "5"})

    assert (answer.status, answer.headers["Location"]) == (303, "/skills?saved=1")
    assert (await floor.ringing()).seat_id == able
    async with house.database.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.seq))).all()
        assert await audit.verify(session) == []
    [row] = [row for row in rows if row.action == "seat.skills"]
    assert (row.actor, row.target) == ("leader", f"seat:{able}")
    assert row.detail == {"dialect.min": "0 → 5"}
    assert fields_of(await text(client, "/skills"))[f"level.{other}.language.en"] == "2"


async def test_a_skill_that_nobody_has_yet_gets_a_column(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    floor = await floor_of(house, clock)
    seat_id = await floor.seat("8001")
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    assert "还没有技能" in await text(client, "/skills")

    page = await text(client, "/skills?kind=business&name=gas")
    assert (await send(client, page, **{f"level.{seat_id}.business.gas": "9"})).status == 303
    assert f'name="level.{seat_id}.business.gas" value="9"' in await text(client, "/skills")
    for wrong in ("kind=business&name=G!s", "kind=rank&name=gas"):
        assert (await client.get(f"/skills?{wrong}")).status == 422


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    floor = await floor_of(house, clock)
    first, second = await floor.seat("8001"), await floor.seat("8002")
    await skills_of(floor, first, {"business.gas": 1})
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    page = await text(client, "/skills")
    await skills_of(floor, first, {"business.gas": 7})

    cells = {f"level.{each}.business.gas": "4" for each in (first, second)}
    answer = await send(client, page, **cells)
    shown = await answer.text()

    assert answer.status == 409
    assert "没有保存：8001" in shown
    fields = fields_of(shown)
    assert json.loads(fields[f"seen.{first}"]) == {"business.gas": 7}
    assert fields[f"level.{second}.business.gas"] == "4"


async def test_a_wrong_level_changes_nothing(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    floor = await floor_of(house, clock)
    seat_id = await floor.seat("8001")
    await skills_of(floor, seat_id, {"business.gas": 1})
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    page = await text(client, "/skills")

    answer = await send(client, page, **{f"level.{seat_id}.business.gas": "x"})

    assert answer.status == 422
    assert fields_of(await text(client, "/skills"))[f"level.{seat_id}.business.gas"] == "1"


async def test_alarm_limits_are_set_in_bounds_and_the_board_follows(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    """Issue B 6: the limits of the board's alarms are set on a page, and audited."""
    floor = await floor_of(house, clock)
    await floor.seat("8001", phone=False)
    for _ in range(3):
        await floor.caller()
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")
    page = await text(client, "/thresholds")
    values = {
        "form_token": token_of(page),
        "waiting": "2",
        "longest_wait": "60",
        "talking": "900",
        "wrap_up": "120",
        "on_break": "1200",
    }
    assert 'name="waiting" type="text" value="5"' in page

    refused = await client.post("/thresholds", data=values | {"waiting": "0"})
    assert refused.status == 422
    assert "请填1到10000之间的整数" in await refused.text()
    assert await alarms_of(client) == {"no_phone"}

    answer = await client.post("/thresholds", data=values, allow_redirects=False)
    assert answer.status == 303
    assert await alarms_of(client) == {"no_phone", "waiting"}
    async with house.database.read() as session:
        rows = (await session.scalars(select(AuditRow))).all()
    [row] = [row for row in rows if row.action == "alarms.thresholds"]
    assert row.detail == {"waiting": "5 → 2"}


async def alarms_of(client: TestClient[Any, Any]) -> set[str]:
    async with client.ws_connect("/board/live") as live:
        picture = await live.receive_json(timeout=20)
    return {each["kind"] for each in picture["alarms"]}


async def test_a_seat_may_neither_see_nor_change_them(
    house: WebHouse, browse: Browse, clock: FakeClock
) -> None:
    await floor_of(house, clock)
    await house.user("wang", Role.SEAT)
    client = await browse("wang")
    for path in ("/skills", "/thresholds"):
        assert (await client.get(path)).status == 403

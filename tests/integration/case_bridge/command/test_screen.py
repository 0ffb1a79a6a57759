"""The command screen: its numbers, what each opens, and that it is live and names nobody."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from case_bridge.cases.reading import OPEN_STATES
from case_bridge.command import figures
from case_bridge.command.figures import STANDING, Figure, count_figures, figure_rows
from case_bridge.evaluation import service as evaluation
from case_bridge.evaluation.service import fold_facts
from case_bridge.field import roster
from case_bridge.field.roster import TrackPoint
from case_bridge.places.position import Position
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.contacts.calls.model import CallRow, VoiceProcessRow
from hotline.contacts.calls.states import CallDirection, CallState
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import UserId, new_id
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.month import work_a_month
from tests.integration.case_bridge.evaluation.test_pages import PASSWORD, page

Client = TestClient[web.Request, web.Application]
NUMBER = "13800001234"


async def add_calls(city: City) -> None:
    """One talks, one waits, one was answered today, one yesterday, and the house rings one."""
    now = city.clock()
    inbound, outbound = CallDirection.INBOUND, CallDirection.OUTBOUND
    calls = [
        (inbound, CallState.TALKING, now, now),
        (inbound, CallState.WAITING, now, None),
        (inbound, CallState.ENDED, now, now),
        (inbound, CallState.ENDED, now - timedelta(days=1), now),
        (outbound, CallState.TALKING, now, now),
    ]
    async with city.database.begin() as uow:
        process = VoiceProcessRow(id=new_id(), name="v", started_at=now, beat_at=now)
        uow.session.add(process)
        await uow.session.flush()
        for direction, state, started_at, connected_at in calls:
            uow.session.add(
                CallRow(
                    process_id=process.id,
                    direction=direction,
                    line="12319",
                    number=NUMBER,
                    to_number="12319",
                    sip_call_id=str(new_id()),
                    state=state,
                    started_at=started_at,
                    connected_at=connected_at,
                )
            )


async def send_out_an_inspector(city: City) -> None:
    """The city's inspector goes on duty and is seen once."""
    user_id = city.inspector.user_id
    assert user_id is not None
    async with city.database.begin() as uow:
        await roster.begin_duty(uow, UserId(user_id), now=city.clock())
        points = [TrackPoint(city.clock(), Position(115.909, 38.309), 5.0)]
        await roster.record_track(uow, UserId(user_id), points, now=city.clock())


async def test_r99_every_number_opens_exactly_its_rows(city: City) -> None:
    """R99: problems, process, duty, calls and tickets; near due and overdue are told apart."""
    await work_a_month(city)
    near = await city.registered_case()
    await city.file(near)
    await city.dispatch(near)
    await city.transferred_ticket()
    await add_calls(city)
    await send_out_an_inspector(city)
    now = city.clock()
    async with city.database.read() as session:
        found = await count_figures(session, now=now)
        for figure, number in found.items():
            listed, after = await figure_rows(session, figure, now=now)
            assert len({row.id for row in listed}) == number, figure
            assert after is None
        later = await count_figures(session, now=now + timedelta(hours=5))
    assert (found[Figure.CALLS], found[Figure.ANSWERED]) == (3, 2)
    assert (found[Figure.WAITING], found[Figure.TALKING]) == (1, 1)
    assert found[Figure.TICKETS] == 1
    assert found[Figure.ON_DUTY] == 1
    assert found[Figure.NEAR_DUE] == 2
    assert (later[Figure.NEAR_DUE], later[Figure.OVERDUE]) == (0, 2)
    assert sum(found[each] for each in STANDING) == found[Figure.OPEN]


def test_r99_no_open_case_stands_nowhere() -> None:
    """R99: the columns of the process hold each open state once."""
    standing = [state for states in STANDING.values() for state in states]

    assert sorted(standing) == sorted(OPEN_STATES)


async def test_long_lists_come_in_pages(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PAGE_SIZE", 2)
    cases = {await city.registered_case() for _ in range(5)}
    seen: list[UUID] = []
    after = None
    async with city.database.read() as session:
        for _ in range(3):
            listed, after = await figure_rows(session, Figure.OPEN, after=after, now=city.clock())
            seen += [row.id for row in listed]
        with pytest.raises(Invalid):
            await figure_rows(session, Figure.OPEN, after="x", now=city.clock())
    assert after is None
    assert len(seen) == 5
    assert set(seen) == cases


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Callable[..., Awaitable[Client]]:
    """Open a browser of a person with the given role, with the map's pages."""

    async def open_client(role: Role) -> Client:
        options = WebOptions(b"a secret of thirty-two bytes, at least")
        parts = (PART, places_part(MapOptions()))
        app = make_app(city.database, parts, options, clock=city.clock, signals=MemorySignals())
        client: Client = await aiohttp_client(app)
        async with city.database.begin() as uow:
            await accounts.create_user(
                uow,
                login=role.value,
                password=PASSWORD,
                display_name="领导己",
                roles=[role],
                unit_id=None,
                actor="test",
                now=city.clock(),
            )
        body = {"login": role.value, "password": PASSWORD}
        assert (await client.post("/login", json=body)).status == 200
        return client

    return open_client


async def test_r99_the_screen_shows_the_city_and_names_nobody(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R99, R88: positions, numbers and the running month; no citizen, no inspector by name."""
    await work_a_month(city)
    await city.registered_case(longitude=115.9065, latitude=38.3125)
    await add_calls(city)
    await send_out_an_inspector(city)
    async with city.database.begin() as uow:
        await fold_facts(uow)
    leader = await browse(Role.LEADER)

    html = await page(leader, "/command")
    answer = await leader.get("/command", headers={"Accept": "application/json"})
    picture = await answer.json()

    assert [each["at"] for each in picture["cases"]] == [[38.3125, 115.9065]]
    assert picture["inspectors"] == [[38.309, 115.909]]
    assert picture["month"]["counters"]["closed"]["number"] == 3
    assert [each["name"] for each in picture["month"]["units"]] == ["环卫处", "排水公司"]
    for name, number in picture["figures"].items():
        assert f'<strong data-figure="{name}">{number}</strong>' in html
        listed = await page(leader, f"/command/rows?figure={name}")
        for secret in (NUMBER, "监督员丙", "人民路12号", "井盖不见了"):
            assert secret not in listed
            assert secret not in html
            assert secret not in json.dumps(picture, ensure_ascii=False)
    await page(leader, picture["month"]["counters"]["closed"]["href"])
    await page(leader, "/command/rows?figure=x", status=422)


async def test_r99_the_screen_follows_over_its_websocket(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R99: the next picture tells of the case that was registered meanwhile."""
    leader = await browse(Role.SHIFT_LEADER)
    async with leader.ws_connect("/command/live") as socket:
        first = await socket.receive_json(timeout=30)
        await city.registered_case()
        for _ in range(10):
            picture = await socket.receive_json(timeout=30)
            if picture["figures"]["open"] == first["figures"]["open"] + 1:
                break
        else:
            pytest.fail("no picture told of the new case")
    assert (await leader.get("/command/live")).status == 400


async def test_screens_share_one_reckoning_a_minute(
    city: City, browse: Callable[..., Awaitable[Client]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reckoned = []
    evaluate = evaluation.evaluate

    async def counted(*given: Any, **named: Any) -> Any:
        reckoned.append(given)
        return await evaluate(*given, **named)

    monkeypatch.setattr(evaluation, "evaluate", counted)
    leader = await browse(Role.LEADER)
    for _ in range(3):
        await page(leader, "/command")
    first = len(reckoned)
    city.clock.advance(timedelta(minutes=1))
    await page(leader, "/command")

    assert (first, len(reckoned)) == (2, 4)


@pytest.mark.parametrize("role", [Role.SEAT, Role.UNIT, Role.INSPECTOR])
async def test_the_screen_is_closed_to_others(
    city: City, browse: Callable[..., Awaitable[Client]], role: Role
) -> None:
    client = await browse(role)

    await page(client, "/command", status=403)

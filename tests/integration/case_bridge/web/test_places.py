"""The map, the base data and the roster through their pages."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient

from case_bridge.field.service import enlist_inspector
from case_bridge.places.position import Crs
from case_bridge.places.register import components_within
from case_bridge.resources.model import ResourceKind
from case_bridge.resources.service import Resource, add_resource
from case_bridge.units.service import load_units
from case_bridge.units.unit import Unit, UnitClass
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART as CASES_PART
from config.place_tables import PLACES, load_demo_places
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.ids import UserId
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.people import user
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import City

Client = TestClient[web.Request, web.Application]
Browse = Callable[..., Awaitable[Client]]
PASSWORD = "an invented password"
ON_ROSTER = re.compile(r"/places/roster/([0-9a-f-]{36})\"")


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Browse:
    """Open a browser of a person with a role, before the map of the demo city."""
    await load_demo_places(city.database, now=city.clock())
    async with city.database.begin() as uow:
        lamps = Unit(code="ZMS", name="照明所", unit_class=UnitClass.FIRST)
        units = await load_units(uow, [lamps], [])

    async def open_client(
        role: Role, *, map_options: MapOptions | None = None, unit: str | None = None
    ) -> Client:
        parts = (CASES_PART, places_part(map_options or MapOptions()))
        options = WebOptions(b"a secret of thirty-two bytes, at least")
        signals = MemorySignals()
        app = make_app(city.database, parts, options, clock=city.clock, signals=signals)
        client: Client = await aiohttp_client(app)
        login = f"{role.value}{unit or ''}"
        async with city.database.begin() as uow:
            user_id = await accounts.create_user(
                uow,
                login=login,
                password=PASSWORD,
                display_name=login,
                roles={role},
                unit_id=(units | city.units)[unit] if unit else None,
                actor="test",
                now=city.clock(),
            )
            if role is Role.INSPECTOR:
                await enlist_inspector(uow, user_id, name="甲", trained_on=date(2026, 1, 5))
        answer = await client.post("/login", json={"login": login, "password": PASSWORD})
        assert answer.status == 200
        return client

    return open_client


async def asked(client: Client, path: str) -> Any:
    answer = await client.get(path, headers={"Accept": "application/json"})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def page(client: Client, path: str) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status == 200, await answer.text()
    return await answer.text()


def token(html: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert found
    return found[1]


async def test_the_map_shows_grids_cases_and_inspectors(city: City, browse: Browse) -> None:
    """R99, R100: problem positions, process, inspectors on duty and video points on one map."""
    point = Resource(
        kind=ResourceKind.VIDEO,
        code="V-1",
        name="东关路口",
        owner="公安局",
        address="https://video.example.org/1",
        longitude=115.906,
        latitude=38.303,
    )
    async with city.database.begin() as uow:
        await add_resource(uow, point, actor=user("基础数据员"), now=city.clock())
    await city.registered_case(longitude=115.9055, latitude=38.3025)
    inspector = await browse(Role.INSPECTOR)
    await inspector.post("/field/duty", json={"duty": "begin"})
    sent = {"at": city.clock().isoformat(), "longitude": 115.906, "latitude": 38.306, "accuracy": 5}
    kept = await inspector.post("/field/track", json={"points": [sent]})
    assert (await kept.json()) == {"kept": 1}

    leader = await browse(Role.LEADER)
    assert 'id="map"' in await page(leader, "/places/map")
    fixed = await asked(
        leader, "/places/map.json?layers=grids,components&bbox=115.9,38.3,115.905,38.305"
    )
    assert 0 < len(fixed["grids"]["features"]) < 400
    assert len(fixed["components"]) > 0
    (video,) = (await asked(leader, "/places/map.json?layers=videos"))["videos"]
    assert (video["card"]["视频点位"], video["href"]) == ("东关路口", "https://video.example.org/1")
    moving = await asked(leader, "/places/map.json?layers=cases,inspectors")
    (case,) = moving["cases"]
    assert case["card"]["单元网格"].startswith("139900003001")
    assert moving["inspectors"][0]["card"]["监督员"] == "甲"


async def test_positions_are_drawn_in_the_system_of_the_base_map(
    city: City, browse: Browse
) -> None:
    """R99: the base map's address is a setting; its host is the only stranger allowed."""
    await city.registered_case(longitude=115.9055, latitude=38.3025)
    tiles = "https://tiles.example.org/{z}/{x}/{y}.png"
    leader = await browse(Role.LEADER, map_options=MapOptions(tiles=tiles, crs=Crs.GCJ02))
    answer = await leader.get("/places/map")
    assert "img-src 'self' https://tiles.example.org " in answer.headers["Content-Security-Policy"]
    (case,) = (await asked(leader, "/places/map.json?layers=cases"))["cases"]
    assert case["longitude"] == pytest.approx(115.9116, abs=0.001)
    plain = await leader.get("/login")
    assert "tiles.example.org" not in plain.headers["Content-Security-Policy"]


async def test_an_address_becomes_a_point_and_a_grid(browse: Browse) -> None:
    """R102: address to coordinate to grid."""
    seat = await browse(Role.SEAT)
    found = await asked(seat, "/places/search?q=荷香路12号门前")
    assert found["precision"] == "between"
    assert found["hits"][0]["grid"].startswith("139900001")
    assert (await asked(seat, "/places/search?q=hcz"))["hits"][0]["name"] == "莲池火车站"
    assert (await asked(seat, "/places/search?q="))["hits"] == []


async def grid_form(client: Client, path: str, content: bytes, **fields: str) -> Any:
    form = FormData()
    form.add_field("form_token", token(await page(client, "/places/grids")))
    form.add_field("file", content, filename="grids.geojson", content_type="application/json")
    for name, value in fields.items():
        form.add_field(name, value)
    return await client.post(path, data=form, allow_redirects=False)


async def test_grids_are_previewed_then_imported_from_a_day_on(browse: Browse) -> None:
    """R103, R104: preview of the difference, effective date, every mistake named."""
    staff = await browse(Role.SYSTEM_ADMIN)
    content = (PLACES / "grids.geojson").read_bytes()
    same = await grid_form(staff, "/places/grids/preview", content, crs="WGS-84")
    assert "不变 400" in await same.text()
    wrong = content.replace(b'"139900003001002"', b'"139900003001001"')
    shown = await grid_form(staff, "/places/grids/preview", wrong, crs="WGS-84")
    told = "第2个要素（139900003001001）：编码与第1个要素（139900003001001）重复"
    assert told in await shown.text()
    refused = await grid_form(
        staff, "/places/grids", wrong, crs="WGS-84", effective_on="2026-04-01"
    )
    assert refused.status == 422
    assert told in await refused.text(), "who imports without a preview is told as much"
    unnamed = await grid_form(staff, "/places/grids/preview", content, crs="")
    assert unnamed.status == 422
    fewer = re.sub(
        rb'\{"type":"Feature","properties":\{"code":"139900003001001"\}.*\n', b"", content
    )
    done = await grid_form(
        staff, "/places/grids", fewer, crs="WGS-84", whole="true", effective_on="2026-04-01"
    )
    assert done.status == 303
    assert "2026-04-01" in await page(staff, "/places/grids")


async def test_the_number_of_grids_opens_its_rows(browse: Browse) -> None:
    """R101, R104: the grids in force by code, each with its shapes."""
    staff = await browse(Role.SYSTEM_ADMIN)
    held = await page(staff, "/places/grids")
    assert '<a class="number" href="/places/grid-list">400</a>' in held
    first = await page(staff, "/places/grid-list")
    codes = re.findall(r'href="/places/grids/(\d{15})"', first)
    assert len(codes) == 50
    (more,) = re.findall(r'href="(/places/grid-list\?[^"]+)"', first)
    following = re.findall(r'href="/places/grids/(\d{15})"', await page(staff, unescape(more)))
    assert min(following) > max(codes)
    found = await page(staff, f"/places/grid-list?q={codes[0]}")
    assert re.findall(r'href="/places/grids/(\d{15})"', found) == [codes[0]]
    assert "没有这样的单元网格" in await page(staff, "/places/grid-list?q=%25")


async def test_a_census_is_previewed_then_taken_into_the_register(browse: Browse) -> None:
    """R103: census of components; R104: each change with its reason."""
    staff = await browse(Role.SYSTEM_ADMIN)
    content = (PLACES / "components.csv").read_bytes()
    changed = content.replace("完好".encode(), "破损".encode(), 1)
    shown = await census_form(staff, "/places/census/preview", changed)
    assert "变更 1" in await shown.text()
    wrong = changed.replace(b",115.9", b",east", 1)
    told = await (await census_form(staff, "/places/census/preview", wrong)).text()
    assert "第2行：longitude 列：“east" in told
    assert "应为以度为单位的经度" in told
    refused = await census_form(staff, "/places/census", wrong, reason="复查")
    assert refused.status == 422
    assert "第2行：longitude 列" in await refused.text()
    assert (await census_form(staff, "/places/census", changed, reason="")).status == 422
    assert (await census_form(staff, "/places/census", changed, reason="复查")).status == 303
    again = await census_form(staff, "/places/census/preview", changed)
    assert "变更 0" in await again.text()


async def census_form(client: Client, path: str, content: bytes, **fields: str) -> Any:
    form = FormData()
    form.add_field("form_token", token(await page(client, "/places/components")))
    form.add_field("file", content, filename="components.csv", content_type="text/csv")
    for name, value in ({"crs": "WGS-84"} | fields).items():
        form.add_field(name, value)
    return await client.post(path, data=form, allow_redirects=False)


async def test_a_department_updates_its_components_on_a_page(browse: Browse) -> None:
    """R105: online component update tool for departments."""
    unit = await browse(Role.UNIT, unit="ZMS")
    listed = await page(unit, "/places/components?mine=1")
    codes = re.findall(r"/places/components/(\d{16})", listed)
    assert codes
    assert "上水井盖" not in listed
    html = await page(unit, f"/places/components/{codes[0]}")
    form = {"form_token": token(html), "version": "1", "state": "damaged", "reason": "巡检"}
    done = await unit.post(f"/places/components/{codes[0]}", data=form, allow_redirects=False)
    assert done.status == 303
    html = await page(unit, f"/places/components/{codes[0]}")
    assert "巡检" in html
    assert "完好 → 破损" in html or "破损" in html
    again = await unit.post(f"/places/components/{codes[0]}", data=form, allow_redirects=False)
    assert again.status == 409
    foreign = re.findall(r"/places/components/(\d{16})", await page(unit, "/places/components"))[0]
    assert "在线更新" not in await page(unit, f"/places/components/{foreign}")
    refused = await unit.post(f"/places/components/{foreign}", data=form, allow_redirects=False)
    assert refused.status == 403


async def test_the_roster_is_kept_on_a_page(city: City, browse: Browse) -> None:
    """R107: grids, training, suspension."""
    await browse(Role.INSPECTOR)
    leader = await browse(Role.SHIFT_LEADER)
    html = await page(leader, "/places/roster")
    user_id = UserId(re.findall(r"/places/roster/([0-9a-f-]{36})\"", html)[0])
    for form in (
        {"act": "assign", "grid": "139900003001"},
        {"act": "train", "trained_on": "2026-02-02"},
        {"act": "suspend", "reason": "虚报问题"},
    ):
        answer = await leader.post(
            f"/places/roster/{user_id}",
            data=form | {"form_token": token(html)},
            allow_redirects=False,
        )
        assert answer.status == 303, await answer.text()
    html = await page(leader, "/places/roster")
    for words in ("东关街道东关社区责任网格", "2026-02-02", "虚报问题", "停岗"):
        assert words in html
    assert (await asked(leader, f"/places/roster/{user_id}/track.json"))["type"] == "Feature"


async def test_r28_a_district_keeps_the_roster_of_its_own_inspectors(
    city: City, browse: Browse
) -> None:
    """R28, R89: roster, attendance, track, map, screen and records of threats alike."""
    await organise(city, "qinzhou")
    own = await browse(Role.INSPECTOR, unit="street")
    await own.post("/field/duty", json={"duty": "begin"})
    here = {"at": city.clock().isoformat(), "longitude": 111, "latitude": 35, "accuracy": 5}
    assert (await own.post("/field/track", json={"points": [here]})).status == 200
    assert city.inspector.user_id is not None
    theirs, ours = city.inspector.user_id, (await asked(own, "/field/session"))["user_id"]
    first = await browse(Role.SHIFT_LEADER)
    east = await browse(Role.SHIFT_LEADER, unit="east")
    west = await browse(Role.SHIFT_LEADER, unit="west")

    walking = {
        who: set(ON_ROSTER.findall(await page(client, "/places/roster")))
        for who, client in (("first", first), ("east", east), ("west", west))
    }

    assert walking == {"first": {str(theirs), ours}, "east": {ours}, "west": set()}
    for client, seen in ((first, 1), (east, 1), (west, 0)):
        drawn = await asked(client, "/places/map.json?layers=inspectors")
        picture = await asked(client, "/command")
        rows = (await asked(client, "/command/rows?figure=on_duty"))["rows"]
        assert len(drawn["inspectors"]) == len(picture["inspectors"]) == seen
        assert picture["figures"]["on_duty"] == len(rows) == seen
    assert (await asked(east, f"/places/roster/{ours}/track.json"))["type"] == "Feature"
    for path in (f"/places/roster/{ours}/track.json", f"/places/roster/{theirs}/track.json"):
        assert (await west.get(path)).status == 403
    threat = {"kind": "insult", "happened_at": "2026-03-10T09:00", "place": "东街", "text": "辱骂"}
    assert (await own.post("/field/threats", json=threat, allow_redirects=False)).status == 303
    records = [(await asked(who, "/field/threats"))["threats"] for who in (first, east, west)]
    assert [len(found) for found in records] == [1, 1, 0]
    tell = f"/field/threats/{records[0][0]['threat_id']}/tell"
    assert (await west.post(tell, json={"station": "派出所"})).status == 403
    mine = threat | {"inspector_id": str(theirs)}
    assert (await east.post("/field/threats", json=mine)).status == 403
    act = {"act": "suspend", "reason": "虚报问题"}
    assert (await west.post(f"/places/roster/{ours}", json=act)).status == 403
    assert (await east.post(f"/places/roster/{theirs}", json=act)).status == 403
    assert (await east.post(f"/places/roster/{ours}", json=act)).status == 200


async def test_the_pages_are_closed_to_others(browse: Browse) -> None:
    """R89: no illegal access."""
    inspector = await browse(Role.INSPECTOR)
    for path in ("/places/map", "/places/grids", "/places/roster", "/places/map.json"):
        assert (await inspector.get(path)).status == 403
    me = await asked(inspector, "/field/session")
    assert set(me) == {"user_id", "form_token"}
    worker = await inspector.get("/field/worker.js")
    assert worker.status == 200
    assert "javascript" in worker.content_type


async def test_the_form_of_the_desk_is_filled_with_the_position_of_the_address(
    browse: Browse,
) -> None:
    """R102: what a person typed stays; what an earlier address gave is replaced."""
    seat = await browse(Role.SEAT)
    assert 'hx-get="/places/locate"' in await page(seat, "/cases/new")

    found = await page(seat, "/places/locate?place=荷香路12号门前")
    typed = await page(seat, "/places/locate?place=荷香路12号门前&longitude=115.1&latitude=38.1")
    nowhere = await page(seat, "/places/locate?place=没有这条路&longitude=1&latitude=2&located=1")

    assert re.search(r'id="longitude" name="longitude" type="text" value="115\.\d{6}"', found)
    assert "按地址定位" in found
    assert re.search(r"单元网格 <span class=\"number\">\d{15}<", found)
    assert 'value="115.1"' in typed
    assert "按地址定位" not in typed
    assert 'name="longitude" type="text" value=""' in nowhere
    assert "地名库中没有找到" in nowhere


async def test_a_case_shows_the_components_around_it_and_its_grid_with_its_history(
    city: City, browse: Browse
) -> None:
    """R104: the part that a report means is one press away, nearest first."""
    seat = await browse(Role.SEAT)
    async with city.database.read() as session:
        (one, *_) = await components_within(session, (115.0, 38.0, 117.0, 39.0), limit=1)
    part = one.component
    case_id = await city.registered_case(longitude=part.longitude, latitude=part.latitude)
    bare = await city.registered_case()

    assert f'hx-get="/cases/{case_id}/near"' in await page(seat, f"/cases/{case_id}")
    near = await asked(seat, f"/cases/{case_id}/near")
    html = await page(seat, f"/cases/{case_id}/near")

    assert near["components"][0] == {"code": part.code, "metres": 0.0}
    assert f'href="/places/grids/{near["grid"]}"' in html
    grid = await page(seat, f"/places/grids/{near['grid']}")
    assert "历次边界" in grid
    assert "现行" in grid
    assert "案卷没有坐标" in await page(seat, f"/cases/{bare}/near")
    answer = await seat.get("/places/grids/no-grid", headers={"Accept": "text/html"})
    assert answer.status == 404

"""What stands around a case: shared systems, video, plans; threats and structure, too."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from aiohttp import FormData
from sqlalchemy import select

from case_bridge.cases.model import CaseRow
from case_bridge.evaluation.service import fold_facts
from case_bridge.resources.model import ResourceRow
from case_bridge.threats.model import ThreatRow
from case_bridge.web import structure_rows
from case_bridge.web.structure import LOCAL_PARTS, SUBSYSTEMS
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.web.test_pages import (  # noqa: F401 - `browse` is a fixture
    PHOTO,
    Client,
    asked,
    browse,
    page,
    press,
)

Browse = Callable[..., Awaitable[Client]]

CAMERA = {
    "kind": "video",
    "code": "V-0017",
    "name": "人民路路口",
    "owner": "公安局",
    "address": "https://video.example.org/points/17",
    "longitude": "111.001",
    "latitude": "35.001",
}
TRAFFIC = {
    "kind": "traffic",
    "code": "JT",
    "name": "交通信号平台",
    "owner": "交警大队",
    "address": "https://traffic.example.org/?x={longitude}&y={latitude}",
}
PLACED = {"longitude": 111.0, "latitude": 35.0}


async def acts(city: City, target: str) -> list[str]:
    async with city.database.read() as session:
        rows = await session.scalars(
            select(AuditRow.action).where(AuditRow.target.startswith(target)).order_by(AuditRow.seq)
        )
        return list(rows)


async def test_r100_r94_video_and_other_systems_stand_at_the_case(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R94, R100: 004 a9; 001 a14: near video points first, whole systems at the case's place."""
    admin, seat = await browse(Role.SYSTEM_ADMIN), await browse(Role.SEAT)
    far = CAMERA | {"code": "V-9", "name": "远处", "longitude": "112", "latitude": "36"}
    stream = CAMERA | {"code": "V-0018", "name": "球机", "address": "rtsp://video.example.org/18"}
    for each in (CAMERA, far, stream, TRAFFIC):
        await press(admin, "/resources", "/resources", **each)
    case_id = await city.registered_case(**PLACED)

    html = await page(seat, f"/cases/{case_id}")

    assert 'href="https://video.example.org/points/17"' in html
    assert "<code>rtsp://video.example.org/18</code>" in html, "no browser opens it"
    assert "距案卷144米" in html
    assert "远处" not in html
    assert 'href="https://traffic.example.org/?x=111.0&amp;y=35.0"' in html
    unplaced = await page(seat, f"/cases/{await city.registered_case()}")
    assert "traffic.example.org" not in unplaced, "without a place there is nothing to open there"
    assert await acts(city, "resource:V-0017") == ["resource.add"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "javascript:alert(1)"}, "address"),
        ({"address": "https://user:secret@video.example.org/"}, "address"),
        ({"longitude": "", "latitude": ""}, "longitude"),
        ({"name": " "}, "name"),
    ],
)
async def test_a_resource_that_could_not_be_looked_at_is_refused(
    city: City,
    browse: Browse,  # noqa: F811
    change: dict[str, str],
    field: str,
) -> None:
    admin = await browse(Role.SYSTEM_ADMIN)

    answer = await admin.post("/resources", json=CAMERA | change)

    assert (answer.status, (await answer.json())["fields"][0]["field"]) == (422, field)


async def test_r100_what_is_seen_on_video_is_a_case_with_its_frame(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R100, R4, R15: from the point to the form, and from there a case that keeps the picture."""
    admin, seat = await browse(Role.SYSTEM_ADMIN), await browse(Role.SEAT)
    await press(admin, "/resources", "/resources", **CAMERA)
    link = re.search(r'href="(/cases/new\?video=[0-9a-f-]+)"', await page(seat, "/resources"))
    assert link
    html = await page(seat, link[1])
    assert 'value="video" selected' in html
    fields = dict(
        re.findall(r'name="(channel|longitude|latitude|form_token|key)"[^>]*?value="([^"]*)"', html)
    )
    assert fields["channel"] == "视频点位 V-0017 人民路路口"
    form = FormData(fields | {"source": "video", "subject": "井盖缺失", "place": "人民路路口"})
    form.add_field("photo", PHOTO, filename="frame.jpg", content_type="image/jpeg")

    answer = await seat.post("/cases/new", data=form, headers={"Accept": "application/json"})

    assert answer.status == 201, await answer.text()
    case = await asked(seat, f"/cases/{(await answer.json())['case_id']}")
    assert (case["source"], case["channel"]) == ("video", "视频点位 V-0017 人民路路口")
    frames = [each["sha256"] for each in case["evidence"] if each["name"] == "frame.jpg"]
    assert frames == [sha256(PHOTO).hexdigest()]
    assert "video.example.org/points/17" in await page(seat, f"/cases/{case['case_id']}")


async def test_r94_another_system_reads_ours_with_its_key_and_nothing_of_people(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R94, R95, R88: 004 a9: resources are shared both ways; who is retired reads no more."""
    admin, stranger = await browse(Role.SYSTEM_ADMIN), await browse()
    await press(admin, "/resources", "/resources", **TRAFFIC)
    async with city.database.read() as session:
        resource_id = await session.scalar(select(ResourceRow.id))
    await city.closed_case(**PLACED)
    case_id = await city.registered_case(**PLACED)
    await city.file(case_id)
    given = await admin.post(f"/resources/{resource_id}/key", json={})
    key = {"Authorization": f"Bearer {(await given.json())['key']}"}

    assert (await stranger.get("/shared/cases.geojson")).status == 401
    wrong = {"Authorization": "Bearer something else"}
    assert (await stranger.get("/shared/cases.geojson", headers=wrong)).status == 401
    answer = await stranger.get("/shared/cases.geojson", headers=key)
    (feature,) = (await answer.json(content_type="application/geo+json"))["features"]

    assert feature["geometry"] == {"type": "Point", "coordinates": [111.0, 35.0]}
    assert (feature["properties"]["state"], feature["properties"]["category"]) == (
        "filed",
        "污水井盖",
    )
    assert set(feature["properties"]) == {
        *("number", "state", "category", "grid", "registered_at", "due_at")
    }
    assert (await stranger.get("/shared/components.geojson", headers=key)).status == 200
    assert (await stranger.get("/shared/people.geojson", headers=key)).status == 422
    await admin.post(f"/resources/{resource_id}/retire", json={})
    assert (await stranger.get("/shared/cases.geojson", headers=key)).status == 401
    assert await acts(city, "resource:JT") == ["resource.add", "resource.key", "resource.retire"]


async def test_one_press_is_one_case_however_often_the_form_arrives(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    seat, other = await browse(Role.SEAT), await browse(Role.SEAT)
    key = re.search(r'name="key" value="([^"]+)"', await page(seat, "/cases/new"))
    assert key
    form = {"source": "media", "subject": "井盖缺失", "place": "人民路", "key": key[1]}

    answers = await asyncio.gather(*(seat.post("/cases/new", json=form) for _ in range(3)))
    elses = await other.post("/cases/new", json=form)

    bodies = [await each.json() for each in answers]
    assert {each.status for each in answers} == {201}
    assert len({each["case_id"] for each in bodies}) == 1
    assert (await elses.json())["case_id"] != bodies[0]["case_id"], "a key is one person's"
    async with city.database.read() as session:
        assert len((await session.scalars(select(CaseRow.id))).all()) == 2


async def test_r46_the_dispatcher_sees_the_plan_that_fits(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R46: 004 a14; 003 a20: plans of units, attached to categories; the most precise counts."""
    unit, dispatcher = await browse(Role.UNIT, unit="drain"), await browse(Role.DISPATCHER)
    leader = await browse(Role.SHIFT_LEADER)
    general = {"kind": "emergency", "category": "*", "title": "通用预案", "text": "先围挡"}
    precise = general | {"category": "facility:01", "title": "井盖预案", "phone": "010-0000-2001"}
    for each in (general, precise):
        await press(unit, "/plans", "/plans", **each)
    drainage = await city.registered_case()
    await city.file(drainage)

    html = await page(dispatcher, f"/cases/{drainage}")
    assert "井盖预案" in html
    assert "010-0000-2001" in html
    assert "通用预案" not in html
    assert "环卫处 · 应急处置预案" in await page(leader, "/plans"), "who lacks one is named"
    await press(unit, "/plans", "/plans", **precise | {"title": "井盖预案第二版"})
    titles = {each["title"] for each in (await asked(dispatcher, "/plans"))["plans"]}
    assert titles == {"通用预案", "井盖预案第二版"}
    refused = await unit.post("/plans", json=general | {"category": "井盖"})
    assert refused.status == 422
    stranger = await browse(Role.UNIT, unit="clean")
    (plan_id, _) = [each["plan_id"] for each in (await asked(dispatcher, "/plans"))["plans"]]
    assert (await stranger.post(f"/plans/{plan_id}/end", json={})).status == 404


async def test_r47_first_it_is_solved_then_whose_it_was_then_the_money(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R47: 003 a20; 002i a10: no step before the one in front of it, and every one on record."""
    leader, dispatcher = await browse(Role.SHIFT_LEADER), await browse(Role.DISPATCHER)
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    case = f"/cases/{case_id}"
    await press(dispatcher, f"{case}/extraordinary", case, reason="塌陷原因不明", is_major="true")
    (problem,) = (await asked(leader, "/extraordinary"))["problems"]
    at = f"/extraordinary/{problem['id']}"
    who = {"responsible": "某施工公司", "grounds": "挖断水管所致"}

    assert (await leader.post(f"{at}/decide", json=who)).status == 409, "it is not solved yet"
    assert (await leader.post(f"{at}/settle", json={"cost": "9", "payer": "市"})).status == 409
    await city.handle(case_id)
    assert (await dispatcher.post(f"{at}/decide", json=who)).status == 403
    await press(leader, f"{at}/decide", "/extraordinary", **who)
    assert (await leader.post(f"{at}/recover", json={"amount": "1"})).status == 409
    await press(leader, f"{at}/settle", "/extraordinary", cost="5000", payer="市财政")
    await press(leader, f"{at}/recover", "/extraordinary", amount="2000.50")
    assert (await leader.post(f"{at}/recover", json={"amount": "3000"})).status == 409
    await press(leader, f"{at}/recover", "/extraordinary", amount="2999.50")

    (problem,) = (await asked(leader, "/extraordinary"))["problems"]
    assert (problem["step"], problem["recovered"]) == ("done", "5000.00")
    assert "较大问题，领导组协调" in await page(leader, case)
    assert [each for each in await acts(city, f"case:{case_id}") if "extra" in each] == [
        "extraordinary.mark",
        "extraordinary.decide",
        "extraordinary.advance",
        "extraordinary.recover",
        "extraordinary.settle",
    ]
    twice = await dispatcher.post(f"{case}/extraordinary", json={"reason": "再来一次"})
    assert twice.status == 409


async def test_r108_a_threat_is_on_record_and_told_to_the_police(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R108, R14: 000 a17, a31; 004 a26: what, when, which device; the police and their receipt."""
    leader = await browse(Role.SHIFT_LEADER)
    stolen = {
        "kind": "theft",
        "happened_at": "2026-03-11T09:30",
        "place": "人民路12号",
        "text": "采集器放在车筐里被人拿走",
        "inspector_id": str(city.inspector.user_id),
    }

    unnumbered = await leader.post("/field/threats", json=stolen)
    later = await leader.post(
        "/field/threats", json=stolen | {"device": "C-7", "happened_at": "2026-03-12T09:30"}
    )
    await press(leader, "/field/threats", "/field/threats", **stolen, device="C-7")
    async with city.database.read() as session:
        threat_id = (await session.scalars(select(ThreatRow.id))).one()
    at = f"/field/threats/{threat_id}"
    early = await leader.post(f"{at}/answer", json={"receipt_number": "1"})
    await press(leader, f"{at}/tell", "/field/threats", station="城东派出所")
    await press(leader, f"{at}/answer", "/field/threats", receipt_number="公受〔2026〕7号")

    assert [each.status for each in (unnumbered, later, early)] == [422, 422, 409]
    html = await page(leader, "/field/threats")
    assert "城东派出所" in html
    assert "公受〔2026〕7号" in html
    assert await acts(city, f"threat:{UUID(str(threat_id))}") == [
        "threat.record",
        "threat.tell",
        "threat.answer",
    ]
    inspector = await browse(Role.INSPECTOR)
    assert (await asked(inspector, "/field/threats"))["threats"] == [], "only their own"
    assert (await inspector.post(f"{at}/tell", json={"station": "x"})).status == 403


async def test_r97_every_part_of_the_regulations_is_found_with_its_pages(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R97: the nine subsystems of 002b and the seven parts of 000 a12, with live numbers."""
    assert (len(SUBSYSTEMS), len(LOCAL_PARTS)) == (9, 7)
    case_id = await city.registered_case()
    leader = await browse(Role.SHIFT_LEADER)

    before = await asked(leader, "/structure")
    await city.decline(case_id)
    after = await asked(leader, "/structure")

    def waiting(found: dict) -> int:
        (part,) = [each for each in found["subsystems"] if each["name"] == "监督中心受理"]
        return int(part["counts"][0]["number"])

    assert (waiting(before), waiting(after)) == (1, 0)
    for part in (*after["subsystems"], *after["parts"]):
        for each in part["pages"]:
            answer = await leader.get(each["path"], headers={"Accept": "text/html"})
            assert (answer.status == 200) == each["opens"], each
    html = await page(leader, "/structure")
    for part in (*after["subsystems"], *after["parts"]):
        for count in part["counts"]:
            if count["href"] is not None:
                assert f'href="{count["href"]}"' in html
                await page(leader, count["href"])
    assert '<a href="/cases/desk">' in html
    assert "基础数据资源管理" in html


async def test_r97_a_number_of_the_parts_opens_exactly_its_rows(
    city: City,
    browse: Browse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R97: over all pages as many as it says; strangers open none."""
    await organise(city, "qinzhou")
    for _ in range(3):
        await city.transferred_ticket()
    await city.run_jobs()
    async with city.database.begin() as uow:
        await fold_facts(uow)
    leader = await browse(Role.SHIFT_LEADER, Role.SUPERVISOR, Role.LEADER)

    found = await asked(leader, "/structure")
    counts = [each for part in (*found["subsystems"], *found["parts"]) for each in part["counts"]]
    own = [each for each in counts if str(each["href"]).startswith("/structure/rows")]
    opened = {each["href"]: each["number"] for each in own}
    listed = {}
    with monkeypatch.context() as short:
        short.setattr(structure_rows, "PAGE_SIZE", 2)
        for href in opened:
            rows, after = [], ""
            while after is not None:
                told = await asked(leader, f"{href}&after={quote(after)}")
                rows, after = [*rows, *told["rows"]], told["next"]
            listed[href] = len(rows)
            assert len({tuple(row) for row in rows}) == len(rows)

    assert listed == opened
    assert {href.partition("=")[2]: number for href, number in opened.items() if number} == {
        "case_facts-now": 3,
        "units": 5,
        "case_links": 3,
    }
    assert "排水公司" in await page(leader, "/structure/rows?of=units")
    seat = await browse(Role.SEAT)
    await page(seat, "/structure/rows?of=case_facts-now", status=403)
    await page(leader, "/structure/rows?of=users", status=422)
    await page(leader, "/structure/rows?of=units&after=x", status=422)


def numbers_of(told: dict[str, Any]) -> dict[str, tuple[int, str | None]]:
    """Every number of the parts by its label, with where it leads."""
    parts = (*told["subsystems"], *told["parts"])
    return {
        each["label"]: (each["number"], each["href"]) for part in parts for each in part["counts"]
    }


async def test_r28_a_district_and_a_unit_are_told_their_own_numbers(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R28, R97: what a number says is what its list shows to the same person."""
    levels = await organise(city, "qinzhou")
    below, _ = await levels.filed(), await levels.filed()
    await levels.hand_down(below)
    await levels.dispatch(below, actor=levels.below)
    async with city.database.begin() as uow:
        await fold_facts(uow)
    everything = (Role.SHIFT_LEADER, Role.SUPERVISOR, Role.LEADER)
    first, street = await browse(*everything), await browse(Role.UNIT, unit="street")
    east, west = await browse(*everything, unit="east"), await browse(*everything, unit="west")

    told = {
        name: numbers_of(await asked(who, "/structure"))
        for name, who in (("first", first), ("east", east), ("west", west), ("street", street))
    }
    cases = {name: found["案卷"][0] for name, found in told.items()}
    listed = {
        name: len((await asked(who, "/cases/all"))["cases"])
        for name, who in (("first", first), ("east", east), ("west", west), ("street", street))
    }

    assert cases == listed == {"first": 2, "east": 1, "west": 0, "street": 1}
    assert {name: found.get("责任单位") for name, found in told.items()} == {
        "first": (5, "/structure/rows?of=units"),
        "east": (2, "/structure/rows?of=units"),
        "west": (1, "/structure/rows?of=units"),
        "street": None,
    }
    assert len((await asked(east, "/structure/rows?of=units"))["rows"]) == 2
    assert told["east"]["评价数据"] == (1, "/structure/rows?of=case_facts-now")
    (fact,) = (await asked(east, "/structure/rows?of=case_facts-now"))["rows"]
    assert fact[0] == (await city.case(below)).number
    assert (await asked(west, "/structure/rows?of=case_facts-now"))["rows"] == []
    assert told["first"].keys() - told["east"].keys() == {
        "工单", "已公布", "用户", "对接平台", "交换报文",
    }  # fmt: skip
    await page(east, "/structure/rows?of=evaluations", status=403)

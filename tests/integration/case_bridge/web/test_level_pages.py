"""Registering from every source, two command levels and the organisation through the pages."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from hashlib import sha256
from html import unescape

import pytest
from aiohttp import FormData
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import CaseSource
from case_bridge.cases.registering import sources_of
from case_bridge.units.service import load_units
from case_bridge.units.unit import ResponsibilityRule, Unit, UnitClass
from hotline.accounts.model import UserRow
from hotline.accounts.roles import Role
from tests.integration.case_bridge.cases.two_levels import PRESETS, organise
from tests.integration.case_bridge.city import COVER, City
from tests.integration.case_bridge.web.test_pages import (  # noqa: F401 - `browse` is a fixture
    PHOTO,
    Client,
    asked,
    browse,
    page,
    press,
    told,
)

Browse = Callable[..., Awaitable[Client]]

FOUND = {"subject": "井盖缺失", "body": "路口井盖缺失", "place": "城东街道人民路12号"}


async def register(client: Client, source: str, **fields: str) -> str:
    answer = await client.post("/cases/new", json=FOUND | {"source": source} | fields)
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["case_id"])


async def test_the_terminals_of_a_unit_are_on_the_page_of_the_organisation(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R39: 003 a8."""
    leader = await browse(Role.SHIFT_LEADER)
    assert "没有单位设多个终端" in await page(leader, "/cases/organisation")
    bureau = Unit(code="bureau", name="城管局", unit_class=UnitClass.FIRST)
    station = Unit(code="s1", name="城管一站", unit_class=UnitClass.SECOND, part_of="bureau")
    async with city.database.begin() as uow:
        await load_units(uow, [bureau, station], [])

    html = await page(leader, "/cases/organisation")
    told_to_programs = (await asked(leader, "/cases/organisation"))["terminals"]

    assert "城管一站" in html
    assert "二类" in html
    assert told_to_programs == [{"unit": "城管局", "codes": ["s1"]}]


@pytest.mark.parametrize("source", sources_of(frozenset({Role.SEAT})))
async def test_every_source_comes_through_one_entry_into_one_list(
    city: City,
    browse: Browse,  # noqa: F811
    source: CaseSource,
) -> None:
    """R4, R5, R6, R8: 001 a9(2), a14, 003 a13, 002i a3(4): one desk, one numbering, one list."""
    seat = await browse(Role.SEAT)

    case_id = await register(seat, source.value, channel="某报2026年3月11日")

    (line,) = (await asked(seat, "/cases/desk"))["to_decide"]
    case = await asked(seat, f"/cases/{case_id}")
    assert (line["case_id"], line["source"], line["number"]) == (case_id, source, "26031100001")
    assert case["channel"] == "某报2026年3月11日"


async def test_one_body_takes_it_in_confirms_it_and_hands_it_on_by_class(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R9: 000 a6(2); by its class the matrix names the unit, whoever reported it."""
    seat, dispatcher = await browse(Role.SEAT), await browse(Role.DISPATCHER)
    case_id = await register(seat, "transfer", category=COVER.key)

    await told(seat, f"/cases/{case_id}/file", category=COVER.key, condition="HAZARD")

    (line,) = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    assert (line["case_id"], line["suggested_unit"]) == (case_id, "排水公司")


async def test_an_inspector_registers_with_a_photo_and_under_no_other_name(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R4, R15: the photo is kept with its fingerprint; a media report is not an inspector's."""
    inspector, seat = await browse(Role.INSPECTOR), await browse(Role.SEAT)
    html = await page(inspector, "/cases/new")
    assert 'value="inspector"' in html
    assert 'value="media"' not in html
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert found
    token = {"form_token": found[1]}
    form = FormData(
        FOUND | token | {"source": "inspector", "longitude": "111.0", "latitude": "35.0"}
    )
    form.add_field("photo", PHOTO, filename="cover.jpg", content_type="image/jpeg")

    answer = await inspector.post("/cases/new", data=form, headers={"Accept": "application/json"})
    assert answer.status == 201, await answer.text()
    case = await asked(seat, f"/cases/{(await answer.json())['case_id']}")

    photos = [each for each in case["evidence"] if each["name"] == "cover.jpg"]
    assert [each["sha256"] for each in photos] == [sha256(PHOTO).hexdigest()]
    refused = await inspector.post("/cases/new", json=FOUND | {"source": "media"})
    assert refused.status == 403
    half = await seat.post("/cases/new", json=FOUND | {"source": "video", "longitude": "111"})
    assert (half.status, (await half.json())["fields"][0]["field"]) == (422, "longitude")


async def test_the_desk_registers_on_its_page(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R5, R6: a form of the page leads to the new case."""
    seat = await browse(Role.SEAT)

    where = await press(seat, "/cases/new", "/cases/new", source="media", **FOUND)

    assert "媒体曝光" in await page(seat, where)


async def test_a_case_goes_down_to_the_district_and_comes_back_up_on_the_pages(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R28, R29, R30, R43, R87: each level on its own pages, under regulation 001."""
    levels = await organise(city, "qinzhou")
    case_id = await levels.filed()
    case = f"/cases/{case_id}"
    dispatcher, leader = await browse(Role.DISPATCHER), await browse(Role.SHIFT_LEADER)
    below = await browse(Role.DISPATCHER, unit="east")
    elsewhere = await browse(Role.DISPATCHER, unit="west")
    street, seat = await browse(Role.UNIT, unit="street"), await browse(Role.SEAT)

    assert (await asked(below, "/cases/dispatch"))["to_dispatch"] == []
    await press(dispatcher, f"{case}/hand-down", case, district_id=str(levels.east))
    assert "已下派，二级平台办理中" in await page(dispatcher, "/cases/dispatch")
    assert (await elsewhere.get(case)).status == 403
    assert (await asked(elsewhere, "/cases/all"))["cases"] == []
    (line,) = (await asked(below, "/cases/dispatch"))["to_dispatch"]
    assert (line["state"], line["district"]) == ("handed_down", "城东区指挥中心")
    html = await page(below, case)
    assert "城东街道" in html
    assert "排水公司</option>" not in html, "a district names its own units only"
    await press(below, f"{case}/dispatch", case, unit_id=str(city.units["street"]))
    await told(street, f"{case}/handle", text="已补装井盖")

    assert "待逐级反馈" in await page(below, "/cases/dispatch")
    assert f'action="{case}/pass-up"' not in await page(dispatcher, case)
    await press(below, f"{case}/pass-up", case, text="属实")
    (district, _) = (await asked(leader, "/cases/supervision"))["districts"]
    assert (district["name"], district["open"]) == ("城东区指挥中心", 1)
    html = await page(leader, "/cases/supervision")
    links = re.findall(rf'href="(/cases/all\?district={levels.east}&amp;[^"]+)"', html)
    counts = [len((await asked(leader, unescape(link)))["cases"]) for link in links]
    assert counts == [1, 0, 0], "each number opens its rows: open, late, disputed"
    await press(seat, f"{case}/check", case, passed="true", text="电话核实已修好")
    await press(leader, f"{case}/close", case, matches_order="true", text="井盖已补装")
    assert (await asked(leader, case))["state"] == "closed"


async def test_what_a_district_gave_back_is_not_suggested_to_it_again(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R28, R29, R50: the next unit of the matrix is named, with the reason; if none is, nobody."""
    levels = await organise(city, "qinzhou")
    street = ResponsibilityRule(
        scheme="*",
        category="facility:0102",
        area="城东街道",
        unit_code="street",
        valid_from=date(2026, 1, 1),
    )
    async with city.database.begin() as uow:
        await load_units(uow, (), [street])
    case_id = await levels.filed()
    dispatcher = await browse(Role.DISPATCHER)
    below = await browse(Role.DISPATCHER, unit="east")

    (line,) = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    assert line["suggested_district_id"] == str(levels.east)
    await levels.hand_down(case_id)
    (line,) = (await asked(below, "/cases/dispatch"))["to_dispatch"]
    assert line["suggested_unit"] == "城东街道"
    await levels.hand_up(case_id, actor=levels.below)

    (line,) = (await asked(dispatcher, "/cases/dispatch"))["to_dispatch"]
    assert (line["suggested_unit"], line["suggested_district_id"]) == ("排水公司", None)
    assert "城东街道所属二级平台本轮已退回，不再建议" in line["suggestion_reason"]
    assert "城东街道所属二级平台本轮已退回" in await page(dispatcher, "/cases/dispatch")
    # Sent to the district all the same, its dispatcher again reads whom the matrix names there.
    await levels.hand_down(case_id)
    (line,) = (await asked(below, "/cases/dispatch"))["to_dispatch"]
    assert line["suggested_unit"] == "城东街道"


async def test_a_district_reads_its_own_figures_and_publishes_none(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R28, R79: what the ranking counts is what its numbers open, level by level."""
    levels = await organise(city, "qinzhou")
    below, own = await levels.filed(), await levels.filed()
    await levels.hand_down(below)
    await levels.dispatch(below, actor=levels.below)
    await city.dispatch(own, "drain")
    ranking = "/evaluation?kind=unit&period=2026-03"
    whole = await browse(Role.SUPERVISOR)
    east, west = [await browse(Role.SUPERVISOR, unit=each) for each in ("east", "west")]

    counted = [
        {each["name"]: each["counters"]["filed"] for each in (await asked(who, ranking))["results"]}
        for who in (whole, east, west)
    ]

    assert counted == [{"排水公司": 1, "城东街道": 1}, {"城东街道": 1}, {}]
    assert "只计本平台的案卷" in await page(east, ranking)
    assert "只计本平台的案卷" not in await page(whole, ranking)
    refused = await east.post("/evaluation/publish", json={"period": "2026-03", "kind": "unit"})
    assert refused.status == 403


async def test_a_seat_closes_by_the_delegation_given_on_the_page(
    city: City,
    browse: Browse,  # noqa: F811
) -> None:
    """R68: 002i a6(3); before it, and after it is taken back, the seat cannot."""
    await organise(city, "jincheng")
    case_id, other = await ready(city), await ready(city)
    leader, seat = await browse(Role.SHIFT_LEADER), await browse(Role.SEAT)
    async with city.database.read() as session:
        login = await login_of_the_seat(session)

    refused = await seat.post(f"/cases/{case_id}/close", json={"matches_order": True})
    assert refused.status == 403
    await press(leader, "/cases/organisation/delegations", "/cases/organisation", login=login)
    await press(
        seat, f"/cases/{case_id}/close", f"/cases/{case_id}", matches_order="true", text="好"
    )
    (given,) = (await asked(leader, "/cases/organisation"))["delegations"]
    end = f"/cases/organisation/delegations/{given['delegation_id']}/end"
    await press(leader, end, "/cases/organisation")
    refused = await seat.post(f"/cases/{other}/close", json={"matches_order": True})

    assert refused.status == 403
    assert (await asked(leader, f"/cases/{case_id}"))["state"] == "closed"


@pytest.mark.parametrize("preset", PRESETS)
async def test_the_page_shows_every_rule_with_its_article(
    city: City,
    browse: Browse,  # noqa: F811
    preset: str,
) -> None:
    """R112: what was chosen can be read where it is used, with its source."""
    levels = await organise(city, preset)
    leader = await browse(Role.LEADER)

    html = await page(leader, "/cases/organisation")

    assert levels.organisation.title in html
    for rule in levels.organisation.rules.values():
        assert rule.words in html
        assert rule.article in html or rule.article == "-"


async def ready(city: City) -> str:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    await city.inspect(case_id, passed=True)
    return str(case_id)


async def login_of_the_seat(session: AsyncSession) -> str:
    users = (await session.scalars(select(UserRow))).all()
    (found,) = [user.login for user in users if user.roles == ["seat"]]
    return found

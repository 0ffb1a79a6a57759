"""Who works for a district sees its own and acts on its own: in every list, by every act."""

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select

from case_bridge.cases import disputes
from case_bridge.cases.case import Actor
from case_bridge.cases.model import NoticeRow, ReferralRow
from case_bridge.cases.notice import NoticeKind
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.organisation import DEFAULT, Question
from case_bridge.cases.repository import Cases
from case_bridge.evaluation.service import fold_facts
from case_bridge.extraordinary import service as extraordinary
from case_bridge.later.request import Application, LaterKind
from case_bridge.later.service import apply_for, approve_request, verify_request
from case_bridge.units.service import sign_frontage
from case_bridge.units.unit import Unit, UnitClass
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.ids import CaseId
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.routing import Route
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.people import user
from tests.integration.case_bridge.cases.two_levels import Levels, organise
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.web.test_pages import PASSWORD, Client, asked

PEOPLE = (Role.SEAT, Role.DISPATCHER, Role.SHIFT_LEADER, Role.LEADER, Role.SUPERVISOR)
PARTS = (PART, places_part(MapOptions()))
ROUTES: tuple[Route, ...] = tuple(route for part in PARTS for route in part.routes)
LISTS = sorted(
    {
        route.path
        for route in ROUTES
        if route.method == "GET" and "{" not in route.path and "live" not in route.path
    }
)
PAGES = sorted(
    route.path
    for route in ROUTES
    if route.method == "GET" and route.path.count("{") == 1 and "{case_id}" in route.path
)
ACTS = sorted({route.path for route in ROUTES if route.method == "POST" and "{" in route.path})


async def someone_of(city: City, unit: str, aiohttp_client: Any) -> Client:
    """A browser of somebody who holds every post of a district."""
    app = make_app(
        city.database,
        PARTS,
        WebOptions(b"a secret of thirty-two bytes, at least"),
        clock=city.clock,
        signals=MemorySignals(),
    )
    client: Client = await aiohttp_client(app)
    async with city.database.begin() as uow:
        await accounts.create_user(
            uow,
            login=unit,
            password=PASSWORD,
            display_name=unit,
            roles=PEOPLE,
            unit_id=city.units[unit],
            actor="test",
            now=city.clock(),
        )
    answer = await client.post("/login", json={"login": unit, "password": PASSWORD})
    assert answer.status == 200
    return client


async def at_street(levels: Levels) -> CaseId:
    """A case of the district 城东区 that its street has in hand."""
    case_id = await levels.filed()
    await levels.hand_down(case_id)
    await levels.dispatch(case_id, actor=levels.below)
    return case_id


async def apply_below(city: City, case_id: CaseId, kind: LaterKind) -> UUID:
    later = city.clock() + timedelta(days=20)
    application = Application(
        kind=kind,
        reason="等待配件",
        unit_leader="所长",
        until=None if kind is LaterKind.EXTENSION else later,
        extension=None,
    )
    async with city.database.begin() as uow:
        return await apply_for(
            uow, case_id, application, actor=city.handler("street"), now=city.clock()
        )


async def parts_of_the_east(city: City, levels: Levels) -> tuple[list[str], dict[str, UUID]]:
    """One case of the east under everything that a list shows; numbers and ids of it all."""
    first, on_shelf = await at_street(levels), await at_street(levels)
    request_id = await apply_below(city, first, LaterKind.SHELVING)
    shelved_id = await apply_below(city, on_shelf, LaterKind.SHELVING)
    now = city.clock()
    async with city.database.begin() as uow:
        await verify_request(uow, shelved_id, text="属实", actor=levels.below, now=now)
        leader: Actor = levels.leader
        await approve_request(uow, shelved_id, actor=leader, now=now)
        case = await Cases(uow.session).get(first, lock=True)
        await Notices(uow.session).put(
            case,
            NoticeKind.PHONE,
            key="call",
            unit_id=None,
            text=f"请电话通知 {case.number}",
            issued_by="系统",
            reply_by=None,
            now=now,
        )
        await disputes.refer_case(
            uow, first, body="城管执法局", facts="擅自拆除", actor=levels.below, now=now
        )
        shop = Unit(
            code="shop", name="城东面馆", unit_class=UnitClass.FRONTAGE, phone="0359-0000000"
        )
        await sign_frontage(
            uow,
            number="MQ-1",
            shop=shop,
            address="人民路1号",
            duties="门前卫生三包",
            signed_on=date(2026, 1, 1),
            district=levels.east,
        )
        problem_id = await extraordinary.mark(
            uow, CaseId(first), reason="塌陷原因不明", is_major=False, actor=user("城东"), now=now
        )
    async with city.database.read() as session:
        notice_id = (await session.scalars(select(NoticeRow.id))).one()
        referral_id = (await session.scalars(select(ReferralRow.id))).one()
    numbers = [(await city.case(each)).number for each in (first, on_shelf)]
    ids = {
        "case_id": first,
        "request_id": request_id,
        "notice_id": notice_id,
        "referral_id": referral_id,
        "problem_id": problem_id,
    }
    return [*numbers, "门前卫生三包"], {name: UUID(str(value)) for name, value in ids.items()}


async def read_the_figures(city: City, west: Client, east: Client, secrets: list[str]) -> None:
    """Behind the numbers of the assessment and of the screen stand one's own cases alone."""
    async with city.database.begin() as uow:
        await fold_facts(uow)
    query = {"kind": "unit", "key": str(city.units["street"]), "counter": "filed"}
    told = [
        await (await who.get("/evaluation/rows", params=query | {"period": "2026-03"})).text()
        for who in (west, east)
    ]
    assert [secret for secret in secrets if secret in told[0]] == []
    assert secrets[0] in told[1]
    for who in (west, east):
        picture = await asked(who, "/command")
        assert picture["inspectors"] == []
        assert picture["figures"]["on_duty"] == 0
        assert not {"calls", "tickets"} & picture["figures"].keys()
        assert (await who.get("/command")).status == 200
        assert (await who.get("/command/rows?figure=calls")).status == 403


async def test_nobody_of_a_district_sees_or_acts_on_what_is_another_districts(
    city: City, aiohttp_client: Any
) -> None:
    """R28, R30: every list that there is, and every act; a new one is covered by being there."""
    levels = await organise(city, "qinzhou")
    # Its regulation knows no shelving: that of 002i does.
    shelving = {Question.SHELVES: DEFAULT.rules[Question.SHELVES]}
    rules = MappingProxyType({**levels.organisation.rules, **shelving})
    async with city.database.begin() as uow:
        organisation = replace(levels.organisation, rules=rules)
        await Cases(uow.session).put_organisation(organisation, now=city.clock())
    secrets, ids = await parts_of_the_east(city, levels)
    west = await someone_of(city, "west", aiohttp_client)
    east = await someone_of(city, "east", aiohttp_client)

    seen, shown = [], set()
    for path in LISTS:
        for kind in ("text/html", "application/json"):
            answers = [await who.get(path, headers={"Accept": kind}) for who in (west, east)]
            assert all(answer.status < 500 for answer in answers), path
            theirs, own = [await answer.text() for answer in answers]
            seen += [(path, secret) for secret in secrets if secret in theirs]
            shown |= {path for secret in secrets if secret in own}
    refused = {}
    for path in ACTS:
        names = [name for name in ids if f"{{{name}}}" in path]
        if len(names) == 1 and path.count("{") == 1:
            target = path.replace(f"{{{names[0]}}}", str(ids[names[0]]))
            refused[path] = (
                await west.post(
                    target, json={"text": "看看", "reason": "看看"}, allow_redirects=False
                )
            ).status

    for path in PAGES:
        target = path.replace("{case_id}", str(ids["case_id"]))
        refused[path] = (await west.get(target, allow_redirects=False)).status

    await read_the_figures(city, west, east, secrets)
    assert sorted({path for path, _ in seen}) == []
    assert shown >= {
        "/cases/all",
        "/cases/approvals",
        "/cases/pool",
        "/cases/notices",
        "/cases/frontage",
        "/extraordinary",
    }
    assert {path: status for path, status in refused.items() if status not in {403, 422}} == {}
    assert len(refused) > 25
    assert refused["/cases/later/{request_id}/verify"] == 403
    assert refused["/cases/notices/{notice_id}/answer"] == 403
    after = await asked(east, f"/cases/{ids['case_id']}")
    assert after["state"] == "dispatched"
    assert all(each["answered_at"] is None for each in after["notices"] if each["kind"] == "phone")

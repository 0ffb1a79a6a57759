"""The list of cases: found by what they are, kept under a name, taken away as a file."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from case_bridge.cases.case import CaseSource
from case_bridge.web.case_export import CaseExport
from case_bridge.web.routes import PART
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel.ids import CaseId
from hotline.reports.exports import service as exports
from hotline.reports.exports.model import ExportRow, ExportState
from hotline.reports.exports.service import ExportOptions
from hotline.tickets import search
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.tickets.handlers import ticket_lists_part
from hotline.web.tickets.options import TicketListOptions
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import PEOPLE
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import COVER, WASTE, City
from tests.integration.case_bridge.web.test_pages import (
    PASSWORD,
    Client,
    asked,
    make_user,
    page,
    press,
)

Browse = Callable[..., Awaitable[Client]]
PHONE = "13800138000"


@pytest.fixture
def options(tmp_path: Path) -> ExportOptions:
    return ExportOptions(tmp_path / "exports", {"cases": CaseExport()})


@pytest.fixture
async def browse(city: City, aiohttp_client: Any, options: ExportOptions) -> Browse:
    """Open a browser of somebody who has just signed in; the login is their roles and unit."""
    part = ticket_lists_part(TicketListOptions(people=PEOPLE, exports=options))

    async def open_client(login: str, *roles: Role, unit: str | None = None) -> Client:
        key = WebOptions(b"a secret of thirty-two bytes, at least")
        app = make_app(city.database, (PART, part), key, clock=city.clock, signals=MemorySignals())
        client: Client = await aiohttp_client(app)
        await make_user(city, login, roles, city.units[unit] if unit else None)
        answer = await client.post("/login", json={"login": login, "password": PASSWORD})
        assert answer.status == 200
        return client

    return open_client


async def found(client: Client, **query: Any) -> set[str]:
    answer = await asked(client, f"/cases/all?{urlencode(query)}")
    return {line["case_id"] for line in answer["cases"]}


async def with_unit(city: City, unit: str, **changes: Any) -> CaseId:
    case_id = await city.registered_case(**changes)
    await city.file(case_id)
    await city.dispatch(case_id, unit)
    return case_id


async def test_cases_are_found_by_what_they_are_and_when(city: City, browse: Browse) -> None:
    """R87, issue C 11: filters of the list of cases, each alone and together."""
    waste = {"category": WASTE.key, "condition": "", "subject": "垃圾成堆", "body": "桶外满地"}
    old = await city.registered_case(source=CaseSource.MEDIA, **waste)
    city.clock.advance(timedelta(days=1))
    handled = await with_unit(city, "drain")
    city.clock.advance(timedelta(hours=1))
    cleaned = await with_unit(city, "clean", **waste)
    boss = await browse("boss", Role.SHIFT_LEADER)
    today = f"{city.clock():%Y-%m-%d}"

    assert await found(boss, words="垃圾") == {str(old), str(cleaned)}
    assert await found(boss, words="人民路12号 井盖") == {str(handled)}
    assert await found(boss, source="media") == {str(old)}
    assert await found(boss, category=COVER.key) == {str(handled)}
    assert await found(boss, condition="HAZARD") == {str(handled)}
    assert await found(boss, unit=city.units["clean"]) == {str(cleaned)}
    assert await found(boss, since=today) == {str(handled), str(cleaned)}
    assert await found(boss, since=today, words="垃圾") == {str(cleaned)}
    assert await found(boss, due="near") == {str(handled), str(cleaned)}
    assert await found(boss, state="registered", words="井盖") == set()
    city.clock.advance(timedelta(hours=1, minutes=30))
    assert await found(boss, due="overdue") == {str(handled)}
    assert await found(boss, due="running") == {str(cleaned)}
    for wrong in ("due=never", "unit=x", "since=x", "category=x", "words=1380013800"):
        await page(boss, f"/cases/all?{wrong}", status=422)


@pytest.mark.parametrize("sort", ["newest", "oldest", "due"])
async def test_pages_go_on_where_the_last_one_ended(city: City, browse: Browse, sort: str) -> None:
    """Issue C 11: keyset pages; no case twice, none left out, in every order."""
    for _ in range(53):
        case_id = await city.registered_case()
        if sort == "due":
            await city.file(case_id)
            await city.dispatch(case_id)
    boss = await browse("boss", Role.SUPERVISOR)

    first = await asked(boss, f"/cases/all?sort={sort}&words={quote('井盖')}")
    after = quote(first["next"])
    rest = await asked(boss, f"/cases/all?sort={sort}&words={quote('井盖')}&after={after}")

    numbers = [line["number"] for line in first["cases"] + rest["cases"]]
    assert (len(first["cases"]), rest["next"], len(set(numbers))) == (50, None, 53)
    if sort != "due":
        ordered = [line["registered_at"] for line in first["cases"] + rest["cases"]]
        assert ordered == sorted(ordered, reverse=sort == "newest")
    other = "oldest" if sort == "newest" else "newest"
    await page(boss, f"/cases/all?sort={other}&after={after}", status=422)


async def test_a_unit_lists_its_own_cases_and_a_district_its_own(
    city: City, browse: Browse
) -> None:
    """R28, issue C 11: whatever the address asks for, it is narrowed to who asks."""
    levels = await organise(city, "qinzhou")
    below = await levels.filed()
    await levels.hand_down(below)
    ours = await with_unit(city, "clean", category=WASTE.key, condition="")
    drain = await browse("drain", Role.UNIT, unit="drain")
    clean = await browse("clean", Role.UNIT, unit="clean")
    east = await browse("east", Role.DISPATCHER, unit="east")
    boss = await browse("boss", Role.LEADER)

    assert await found(boss) == {str(below), str(ours)}
    assert await found(boss, district=levels.east) == {str(below)}
    assert await found(clean) == {str(ours)}
    assert await found(drain) == await found(drain, unit=city.units["clean"]) == set()
    assert await found(east) == {str(below)}
    assert await found(east, district=levels.west) == set()
    number = (await city.case(ours)).number
    await page(drain, f"/cases/all?number={number}", status=403)
    await page(await browse("nobody", Role.UNIT), "/cases/all", status=403)


async def test_a_view_of_cases_is_kept_and_shared_but_shows_each_their_own(
    city: City, browse: Browse
) -> None:
    """R28, issue C 11: saved views keep the question, never the answer."""
    ours = await with_unit(city, "clean", category=WASTE.key, condition="")
    clean = await browse("clean", Role.UNIT, unit="clean")
    drain = await browse("drain", Role.UNIT, unit="drain")

    where = await press(
        clean,
        "/lists/cases/views",
        "/cases/all?state=dispatched",
        name="待办",
        query="state=dispatched&after=x",
        role="unit",
    )

    assert where == "/cases/all?state=dispatched"
    assert (await city.case(ours)).number in await page(clean, where)
    html = await page(drain, "/cases/all")
    assert f'href="{where}">待办</a>' in html
    assert (await city.case(ours)).number not in await page(drain, where)
    remove = (await page(clean, where)).partition('action="/lists/cases/views/')[2]
    path = "/lists/cases/views/" + remove.partition('"')[0]
    assert await press(clean, path, "/cases/all") == "/cases/all"
    assert "待办</a>" not in await page(drain, "/cases/all")


async def written(city: City, options: ExportOptions) -> UUID:
    """Carry out the export that is owed; return the file's id."""
    async with city.database.read() as session:
        wanted = select(ExportRow.id).where(ExportRow.state == ExportState.WAITING)
        export_id = (await session.scalars(wanted)).one()
    await exports.write_export(city.database, export_id, options=options, now=city.clock())
    return export_id


async def test_a_file_of_cases_holds_what_the_person_sees_masked_and_audited(
    city: City, browse: Browse, options: ExportOptions
) -> None:
    """R28, R88, issue C 11: export of cases with progress, as CSV and XLSX."""
    await with_unit(city, "drain")
    ours = await with_unit(
        city, "clean", category=WASTE.key, condition="", subject="=垃圾", body=f"请打{PHONE}"
    )
    clean = await browse("clean", Role.UNIT, unit="clean")
    boss = await browse("boss", Role.SHIFT_LEADER)
    ask, on = "/lists/cases/exports", "/cases/all"

    assert await press(clean, ask, on, format="csv", query="") == "/lists/exports"
    assert 'hx-trigger="every 2s"' in await page(clean, "/lists/exports")
    export_id = await written(city, options)
    answer = await clean.get(f"/lists/exports/{export_id}/file")
    content = (await answer.read()).decode("utf-8-sig")
    head, line = csv.reader(io.StringIO(content))
    case = dict(zip(head, line, strict=True))

    assert 'filename="cases-' in answer.headers["Content-Disposition"]
    assert case["案卷编号"] == (await city.case(ours)).number
    assert (case["问题"], case["责任单位"], case["是否超期"]) == ("'=垃圾", "环卫处", "否")
    assert PHONE not in content
    assert (await boss.get(f"/lists/exports/{export_id}/file")).status == 404

    await press(boss, ask, on, format="xlsx", query=urlencode({"words": "井盖"}))
    sheet_id = await written(city, options)
    content_of_sheet = await (await boss.get(f"/lists/exports/{sheet_id}/file")).read()
    sheet = load_workbook(io.BytesIO(content_of_sheet)).active
    assert sheet is not None
    assert (sheet.title, sheet.max_row) == ("案卷", 2)
    async with city.database.read() as session:
        acts = await session.scalars(
            select(AuditRow.action).where(AuditRow.action.like("cases.%")).order_by(AuditRow.seq)
        )
        assert list(acts) == ["cases.export", "cases.export_taken"] * 2


async def test_nobody_takes_cases_away_unmasked_and_a_seat_not_at_all(
    city: City, browse: Browse
) -> None:
    """R88: what cases say of people stays masked, whoever asks."""
    boss, seat = await browse("boss", Role.SHIFT_LEADER), await browse("seat", Role.SEAT)
    fields = {"format": "csv", "query": "", "unmasked": "on", "export_reason": "核对"}

    for client in (boss, seat):
        html = await page(client, "/cases/all")
        token = html.partition('name="form_token" value="')[2].partition('"')[0]
        answer = await client.post("/lists/cases/exports", data={"form_token": token} | fields)
        assert answer.status == 403
    assert 'action="/lists/cases/exports"' not in await page(seat, "/cases/all")


async def test_common_words_are_walked_in_order_with_the_same_answer(
    city: City, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue C 11: more hits than are read at once change the way, not the list."""
    for _ in range(4):
        await city.registered_case()
    await city.registered_case(subject="垃圾", body="", place="解放路")
    boss = await browse("boss", Role.LEADER)
    few = await asked(boss, f"/cases/all?words={quote('井盖')}")
    monkeypatch.setattr(search, "FEW", 2)

    many = await asked(boss, f"/cases/all?words={quote('井盖')}")

    assert [line["number"] for line in many["cases"]] == [line["number"] for line in few["cases"]]
    assert len(many["cases"]) == 4

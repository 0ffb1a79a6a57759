"""Bulletin, meeting pack and yearly file as page, workbook and PDF; satisfaction behind them."""

import io
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook

from case_bridge.evaluation import service
from case_bridge.evaluation.period import Period, PeriodKind
from case_bridge.evaluation.running import usual_period
from case_bridge.evaluation.surveys import Axis, Said, survey_by, survey_rows
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.month import (
    MARCH,
    hire_a_contractor,
    publish_all,
    work_a_month,
)
from tests.integration.case_bridge.evaluation.test_pages import asked, browse, page
from tests.integration.case_bridge.evaluation.test_service import add_callback

__all__ = ["browse"]

Browse = Callable[..., Awaitable[TestClient[web.Request, web.Application]]]


async def ask_citizens(city: City) -> None:
    """Two by web, one by mail about the drains; one whom nobody of a unit could help."""
    answers = [(Channel.WEB, 1, 1), (Channel.WEB, 2, 5), (Channel.MAIL, None, None)]
    for channel, solved, satisfaction in answers:
        ticket_id = await city.transferred_ticket(channel=channel)
        await city.run_jobs()
        await city.finish(await city.case_of(ticket_id))
        await add_callback(city, ticket_id, solved=solved, satisfaction=satisfaction)
    await add_callback(city, await city.transferred_ticket(), satisfaction=2)
    async with city.database.begin() as uow:
        await service.fold_facts(uow)


async def book_of(client: TestClient[web.Request, web.Application], path: str) -> Any:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    assert answer.content_type.endswith("spreadsheetml.sheet")
    return load_workbook(io.BytesIO(await answer.read()))


async def test_r80_satisfaction_is_told_apart_by_unit_and_channel(city: City) -> None:
    """R80: who was asked, who answered, and the 95 % interval, of each."""
    await ask_citizens(city)
    async with city.database.read() as session:
        by_unit = await survey_by(session, MARCH, Axis.UNIT)
        by_channel = await survey_by(session, MARCH, Axis.CHANNEL)

    units = {each.key: each.found for each in by_unit}
    drains = units[str(city.units["drain"])]
    assert (drains.asked, drains.answered, drains.satisfied, drains.rated) == (3, 2, 1, 2)
    assert drains.interval is not None
    assert drains.interval.low < 0.5 < drains.interval.high
    assert (units[""].asked, units[""].rate) == (1, 1.0)
    assert {each.key: each.found.asked for each in by_channel} == {"web": 3, "mail": 1}


async def test_r80_every_number_opens_exactly_its_answers(city: City) -> None:
    """R80: by unit and channel, page by page; nobody is named."""
    await ask_citizens(city)
    async with city.database.read() as session:
        for axis in Axis:
            for group in await survey_by(session, MARCH, axis):
                found = group.found
                for said, number in (
                    (Said.ASKED, found.asked),
                    (Said.ANSWERED, found.answered),
                    (Said.RATED, found.rated),
                    (Said.SATISFIED, found.satisfied),
                    (Said.DISSATISFIED, found.rated - found.satisfied),
                    (Said.SOLVED, found.solved_yes),
                    (Said.UNSOLVED, found.solved_no),
                ):
                    rows, after = await survey_rows(session, MARCH, said, axis=axis, key=group.key)
                    assert len(rows) == number, (axis, group.key, said)
                    assert after is None


async def test_r80_long_lists_of_answers_come_in_pages(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R80: the cursor leads on, without doubles."""
    await ask_citizens(city)
    monkeypatch.setattr("case_bridge.evaluation.surveys.PAGE_SIZE", 3)
    async with city.database.read() as session:
        first, after = await survey_rows(session, MARCH, Said.ASKED)
        second, end = await survey_rows(session, MARCH, Said.ASKED, after=after)

    assert (len(first), len(second), end) == (3, 1, None)
    assert len({row.callback_id for row in (*first, *second)}) == 4


async def test_r80_the_pages_of_satisfaction(city: City, browse: Browse) -> None:
    """R80: on the page and in the bulletin, with the way to the answers."""
    await ask_citizens(city)
    leader = await browse(Role.LEADER)

    html = await page(leader, "/evaluation/satisfaction?period=2026-03")
    assert "排水公司" in html
    assert "未经单位处置" in html
    assert "电子邮件" in html
    assert "/evaluation/satisfaction/rows?period=2026-03&amp;said=asked&amp;by=unit" in html
    rows = "/evaluation/satisfaction/rows?period=2026-03&said=dissatisfied"
    assert "非常不满意" in await page(leader, rows)
    assert [each["satisfaction"] for each in (await asked(leader, rows))["asked"]] == [5]
    assert "满意度（按渠道）" in await page(leader, "/evaluation/bulletin?period=2026-03")
    for wrong in ("said=x", "by=x", "after=x"):
        await page(leader, f"/evaluation/satisfaction/rows?period=2026-03&{wrong}", status=422)


async def test_r80_what_was_done_about_a_negative_rating(city: City, browse: Browse) -> None:
    """R80: GB/T 39734: listed with its day until an assessor says what was done; once."""
    await ask_citizens(city)
    leader, assessor = await browse(Role.LEADER), await browse(Role.SUPERVISOR)
    where = "/evaluation/satisfaction"
    assert "登记整改" not in await page(leader, where)
    html = await page(assessor, where)
    act = re.search(rf'action="({where}/[0-9a-f-]+/correct)"', html)
    form = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert act
    assert form
    fields = {"form_token": form[1], "text": "已上门说明并返工"}

    empty = await assessor.post(act[1], data=fields | {"text": " "})
    done = await assessor.post(act[1], data=fields, allow_redirects=False)
    again = await assessor.post(act[1], data=fields)

    assert (empty.status, done.status, again.status) == (422, 303, 409)
    assert "没有待整改的评价" in await page(assessor, where)


async def test_r72_the_bulletin_as_a_workbook(city: City, browse: Browse) -> None:
    """R72, R78: figures to reckon with, charts, and what each figure means in which version."""
    await work_a_month(city)
    await ask_citizens(city)
    assessor = await browse(Role.SUPERVISOR)

    book = await book_of(assessor, "/evaluation/bulletin?period=2026-03&format=xlsx")

    assert {"总体情况", "责任单位", "区域", "满意度", "指标含义与版本"} <= set(book.sheetnames)
    units = list(book["责任单位"].iter_rows(values_only=True))
    best = dict(zip(units[0], units[1], strict=True))
    assert best["名次"] == 1
    assert isinstance(best["综合得分"], int | float)
    assert book["责任单位"].cell(2, units[0].index("综合得分") + 1).number_format == "0.00"
    for sheet in book:
        assert (sheet.freeze_panes, sheet.print_title_rows) == ("A2", "$1:$1")
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert len(book["责任单位"]._charts) == 1
    assert len(book["满意度按单位"]._charts) == 1
    meanings = {row[0]: row for row in book["指标含义与版本"].iter_rows(values_only=True)}
    assert meanings["综合得分（责任单位）"][2] == "suning-003 第1版"
    assert meanings["结案率"][1:3] == ("结案数 ÷ 应结案数", "v2")
    assert meanings["按期结案数"][1]
    survey = dict(zip(*book["满意度"].iter_rows(values_only=True), strict=True))
    assert (survey["回访"], survey["满意"], survey["已评满意度"]) == (4, 2, 3)
    assert survey["置信区间下限"] < survey["满意率"] < survey["置信区间上限"]


async def test_r82_the_meeting_pack_as_a_workbook(city: City, browse: Browse) -> None:
    """R82: what is to be decided goes into the pack, case by case."""
    await work_a_month(city)
    leader = await browse(Role.LEADER)

    book = await book_of(leader, "/evaluation/meeting?period=2026-Q1&format=xlsx")

    rows = list(book["提请研究的问题"].iter_rows(min_row=2, values_only=True))
    assert {row[0] for row in rows} == {"超期未结案数", "返工案卷数"}
    assert all(row[2] and row[3] == "排水公司" for row in rows)
    assert all(isinstance(row[5], datetime) for row in rows)


async def test_r72_r74_r91_the_yearly_file(city: City, browse: Browse) -> None:
    """R72, R74, R91: the year month by month, with what follows from a score below C."""
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    await publish_all(city)
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, "/evaluation/yearly?period=2026")

    assert "年度考核评价卷" in html
    assert 'href="/evaluation/bulletin?period=2026-03">2026年3月</a>' in html
    assert "年终考核一票否决" in html
    book = await book_of(assessor, "/evaluation/yearly?period=2026&format=xlsx")
    months = list(book["走势"].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[4]) for row in months] == [("2026-03", 3)]
    await page(assessor, "/evaluation/yearly?period=2026-03", status=422)
    await page(assessor, "/evaluation/bulletin?period=2026-03&format=doc", status=422)


@pytest.mark.parametrize("paper", ["bulletin", "meeting", "yearly"])
async def test_r72_a_paper_as_pdf(city: City, browse: Browse, paper: str) -> None:
    """R72: where WeasyPrint and Pango are there."""
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)

    answer = await assessor.get(f"/evaluation/{paper}?period=2026&format=pdf")

    body = await answer.read()
    assert answer.content_type == "application/pdf"
    assert body.startswith(b"%PDF-")
    assert body.count(b"/Type /Page\n") + body.count(b"/Type /Page/") + body.count(b"%%EOF") >= 1
    assert len(body) > 10_000


async def test_without_a_printer_the_page_says_what_to_install(
    city: City, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, "/evaluation/bulletin?period=2026-03&format=pdf", status=501)

    assert "hotline[pdf]" in html
    assert "libpango" in html


async def test_the_running_month_is_shown_while_the_last_one_is_empty(
    city: City, browse: Browse
) -> None:
    """A new house has no last month: its assessors see the running one, and that it runs."""
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, "/evaluation")

    assert "2026年3月" in html
    assert "本期尚未结束" in html
    async with city.database.read() as session:
        found = await usual_period(session, PeriodKind.MONTH, now=city.clock() + timedelta(days=31))
    assert found == Period.parse("2026-03")


async def test_r81_a_contractor_is_assessed_by_its_inspectors(city: City, browse: Browse) -> None:
    """R81: how a collecting contractor keeps its contract, and the cases behind each number."""
    await hire_a_contractor(city)
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)

    found = await asked(assessor, "/evaluation?period=2026-03&kind=contractor")

    (contractor,) = found["results"]
    assert (contractor["name"], contractor["score"]) == ("环卫处", "100.00")
    counters = contractor["counters"]
    assert counters["check_due"] == counters["checked_on_time"] == 3
    rows = f"/evaluation/rows?period=2026-03&kind=contractor&key={contractor['key']}"
    assert len((await asked(assessor, f"{rows}&counter=check_due"))["cases"]) == 3

"""The pages of assessors and of the public."""

import csv
import io
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from case_bridge.cases.repository import Cases
from case_bridge.web.routes import PART
from config.data_files import DATA
from config.organisation_tables import load_organisations
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.month import publish_all, work_a_month
from tests.integration.case_bridge.evaluation.test_service import add_callback

Client = TestClient[web.Request, web.Application]
PASSWORD = "an invented password"


@pytest.fixture
async def browse(city: City, aiohttp_client: Any) -> Callable[..., Awaitable[Client]]:
    """Open a browser of a person with the given roles."""

    async def open_client(*roles: Role) -> Client:
        options = WebOptions(b"a secret of thirty-two bytes, at least")
        app = make_app(city.database, (PART,), options, clock=city.clock, signals=MemorySignals())
        client: Client = await aiohttp_client(app)
        if roles:
            login = f"u-{uuid4().hex[:8]}"
            async with city.database.begin() as uow:
                await accounts.create_user(
                    uow,
                    login=login,
                    password=PASSWORD,
                    display_name="考核员戊",
                    roles=roles,
                    unit_id=None,
                    actor="test",
                    now=city.clock(),
                )
            answer = await client.post("/login", json={"login": login, "password": PASSWORD})
            assert answer.status == 200
        return client

    return open_client


async def page(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status == status, await answer.text()
    return await answer.text()


async def asked(client: Client, path: str) -> Any:
    answer = await client.get(path, headers={"Accept": "application/json"})
    assert answer.status == 200, await answer.text()
    return await answer.json()


def token(html: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', html)
    assert found
    return found[1]


async def test_r71_r74_an_assessor_sees_the_ranking_and_how_it_comes_about(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R71, R74: places, scores, grades, the formula, and the consequences below C."""
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, "/evaluation?period=2026-03")

    assert html.index("环卫处") < html.index("排水公司")
    assert "80.00" in html
    assert "未达C档" in html
    assert "按期结案数 ÷ 应结案数 × 40" in html
    assert "缓办案件：不计入" in html
    assert "<svg" in html
    assert " style=" not in html  # the policy forbids it
    link = re.search(r'href="(/evaluation/object\?[^"]+)">排水公司', html)
    assert link
    html = await page(assessor, link[1].replace("&amp;", "&"))
    assert "1 ÷ 3 × 40" in html
    assert "年终考核一票否决" in html
    assert "行风评议满意度降低5%<" in html


async def test_each_number_opens_its_cases(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    await work_a_month(city)
    leader = await browse(Role.LEADER)
    html = await page(leader, "/evaluation?period=2026-03")

    links = re.findall(r'href="(/evaluation/rows\?[^"]+)" aria-label="(\S+) (\S+) (\d+)"', html)

    assert {(name, label, int(number)) for _, name, label, number in links} >= {
        ("排水公司", "应结案数", 3),
        ("排水公司", "返工案卷数", 1),
        ("环卫处", "结案数", 1),
    }
    for link, name, label, number in links:
        address = link.replace("&amp;", "&")
        assert len((await asked(leader, address))["cases"]) == int(number)
        html = await page(leader, address)
        assert name in html
        assert label in html
        assert html.count('<td class="number"><a href="/cases/') == int(number)


@pytest.mark.parametrize("kind", ["unit", "department", "region", "post", "inspector", "centre"])
async def test_r79_every_kind_has_its_page(
    city: City, browse: Callable[..., Awaitable[Client]], kind: str
) -> None:
    """R79: several levels, the people, and the centre itself."""
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, f"/evaluation?period=2026-03&kind={kind}")

    assert 'class="list figures"' in html
    found = await asked(assessor, f"/evaluation?period=2026-03&kind={kind}")
    assert found["results"]


async def test_r79_the_ranking_says_who_assesses_whom(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R79: the levels of assessment as the city's organisation has them, with their article."""
    assessor = await browse(Role.SUPERVISOR)
    organisation = load_organisations(DATA, [])["jincheng"]
    async with city.database.begin() as uow:
        await Cases(uow.session).put_organisation(organisation, now=city.clock())

    html = await page(assessor, "/evaluation?period=2026-03")

    assert len(organisation.assessment) > 1
    for level in organisation.assessment:
        assert f"{level.by} → {level.of}" in html
        assert level.article in html


async def test_an_assessor_reckons_in_another_way(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)
    own = {
        "period": "2026-03",
        "view": "now",
        "definition": "own",
        "formula": "结案数 ÷ 应结案数 × 100",
        "ties": "mean",
    }

    found = await asked(assessor, f"/evaluation?{urlencode(own)}")

    assert {each["name"]: each["score"] for each in found["results"]} == {
        "环卫处": "100.00",
        "排水公司": "66.67",
    }
    assert found["options"]["ties"] == "mean"
    wrong = urlencode(own | {"formula": "结案 ÷ 0"})
    html = await page(assessor, f"/evaluation?{wrong}", status=422)
    assert "结案" in html


@pytest.mark.parametrize(
    "query", ["period=2026-13", "kind=people", "ties=lot&definition=suning-003", "definition=x"]
)
async def test_what_cannot_be_read_is_refused(
    city: City, browse: Callable[..., Awaitable[Client]], query: str
) -> None:
    assessor = await browse(Role.SUPERVISOR)

    await page(assessor, f"/evaluation?{query}", status=422)


async def test_publishing_freezes_and_a_correction_needs_a_reason(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    assessor, leader = await browse(Role.SUPERVISOR), await browse(Role.LEADER)
    assert "公布这一排名" not in await page(leader, "/evaluation?period=2026-03")
    html = await page(assessor, "/evaluation?period=2026-03")
    form = {"form_token": token(html), "period": "2026-03", "kind": "unit"}

    answer = await assessor.post("/evaluation/publish", data=form, allow_redirects=False)

    assert answer.status == 303
    html = await page(leader, "/evaluation?period=2026-03")
    assert "已公布" in html
    assert "第1次" in html
    assert (await assessor.post("/evaluation/publish", data=form)).status == 422
    refused = await leader.post("/evaluation/publish", data=form)
    assert refused.status == 403
    html = await page(leader, "/evaluation/compare?period=2026-03&kind=unit")
    assert "重新计算的结果与公布的相同" in html


async def test_r72_r77_the_bulletin_can_be_read_and_published_whole(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R72, R77: a periodic bulletin from the system's own figures."""
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    assessor = await browse(Role.SUPERVISOR)
    html = await page(assessor, "/evaluation/bulletin?period=2026-03")
    assert "未公布" in html
    assert "<dt>结案率</dt><dd>75.00%</dd>" in html  # 3 of 4 closed

    answer = await assessor.post(
        "/evaluation/publish",
        data={"form_token": token(html), "period": "2026-03", "kind": "all"},
        allow_redirects=False,
    )

    assert answer.headers["Location"] == "/evaluation/bulletin?period=2026-03"
    assert "未公布" not in await page(assessor, "/evaluation/bulletin?period=2026-03")


async def test_r82_the_meeting_gets_results_and_what_is_to_be_decided(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R82: unit state, automatic results, problems for decision."""
    await work_a_month(city)
    leader = await browse(Role.LEADER)

    found = await asked(leader, "/evaluation/meeting?period=2026-Q1")

    assert len(found["to_decide"]["overdue_open"]) == 1
    assert len(found["to_decide"]["reworked"]) == 1
    assert [each["name"] for each in found["rankings"]["unit"]["results"]] == ["环卫处", "排水公司"]
    assert "提请研究的问题" in await page(leader, "/evaluation/meeting?period=2026-Q1")


async def test_r78_figures_leave_as_csv_that_no_spreadsheet_executes(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R78: results feed other systems."""
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)
    formula = urlencode({"definition": "own", "formula": "-结案数"})

    answer = await assessor.get(f"/evaluation?period=2026-03&{formula}&format=csv")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))

    head, first = rows[0], rows[1]
    assert dict(zip(head, first, strict=True))["应结案数"] in {"1", "3"}
    assert ["公式", "'-结案数"] in rows
    assert dict(zip(head, first, strict=True))["综合得分"].startswith("-")


async def test_r83_r84_the_public_sees_published_figures_and_no_person(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R83, R84: regular statistics for everybody, without personal data."""
    await work_a_month(city)
    visitor = await browse()
    assert "还没有公布的统计" in await page(visitor, "/statistics")
    await add_callback(city, await city.transferred_ticket(), satisfaction=5)
    city.clock.advance(timedelta(days=30))
    await publish_all(city)

    html = await page(visitor, "/statistics")
    found = await asked(visitor, "/statistics?period=2026-03")

    assert found["city"]["closed"] == 3
    assert "2026年3月" in html
    assert found["satisfaction"] == {"asked": 1, "answered": 1, "rated": None, "satisfied": None}
    assert "作出评价的不足5人，不公布评价结果。" in html
    for secret in ("人民路12号", "值班长甲", "监督员丙", "巡查发现"):
        assert secret not in html
    assert (await visitor.get("/evaluation", allow_redirects=False)).status in {303, 401}


async def test_r21_r85_standards_are_public_with_conditions_and_limits(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    """R21, R85: what is taken up, under which condition, in what time."""
    visitor = await browse()

    html = await page(visitor, "/statistics/standards?kind=facility")

    assert "污水井盖" in html
    assert "缺失、移位或破裂：2紧急工作时" in html
    assert "暴露生活垃圾" not in html
    assert "暴露生活垃圾" in await page(visitor, "/statistics/standards?kind=incident")


async def test_the_pages_speak_english_too(
    city: City, browse: Callable[..., Awaitable[Client]]
) -> None:
    await work_a_month(city)
    assessor = await browse(Role.SUPERVISOR)
    assessor.session.cookie_jar.update_cookies({"hotline_language": "en"})

    html = await page(assessor, "/evaluation?period=2026-03")

    assert "<h1>Evaluation</h1>" in html
    assert "Closed on time" in html
    assert "Below C" in html
    told = await page(assessor, "/evaluation/bulletin?period=2026-03")
    assert "95 % interval of the share of the satisfied" in told
    assert "满意率的" not in told

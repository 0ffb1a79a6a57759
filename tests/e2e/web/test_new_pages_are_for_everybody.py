"""Pages of many rooms in one Chromium: axe, the Tab key alone, at the desk and on a phone."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize

from case_bridge.extraordinary.service import decide, mark
from case_bridge.plans.model import PlanKind
from case_bridge.plans.service import Plan, write_plan
from case_bridge.resources.model import ResourceKind
from case_bridge.resources.service import Resource, add_resource
from case_bridge.standards import service as standards
from case_bridge.threats.model import ThreatKind
from case_bridge.threats.service import Threat, record_threat
from case_bridge.web.case_export import CaseExport
from case_bridge.web.routes import PART as CASES
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.telephony import service as telephony
from hotline.kernel import outbox
from hotline.kernel.ids import CaseId, new_id
from hotline.reports.exports.service import ExportOptions
from hotline.reports.exports.tickets import TicketExport
from hotline.web.labels import label
from hotline.web.supervision.handlers import PART as SUPERVISION
from hotline.web.tickets.handlers import ticket_lists_part
from hotline.web.tickets.options import TicketListOptions
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.operations_house import OPERATIONS
from tests.fakes.web_house import PEOPLE, WebHouse
from tests.integration.case_bridge.cases.two_levels import organise
from tests.integration.case_bridge.city import City, build_city
from tests.integration.case_bridge.standards.test_service import SHIPPED, newer
from tests.integration.hotline.contacts.telephony.test_service import refusal, report

SIZES: Mapping[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}

KEYS_OF_A_DATE = 4
"""A field for a date takes one key each for year, month, day and calendar."""

READ_BY_AXE = (
    "/operations/status",
    "/operations/owed?job=submit_case",
    "/operations/configuration",
    "/cases/all",
    "/cases/desk",
    "/cases/dispatch",
    "/cases/new",
    "/cases/approvals",
    "/cases/supervision",
    "/cases/pool",
    "/cases/notices",
    "/cases/frontage",
    "/levels",
    "/return-calls",
    "/thresholds",
    "/lists/exports",
    "/statistics",
)
"""Pages of the same making as those that are walked by Tab."""

STOPS = """() => {
  for (const renewal of ['htmx:before:request', 'htmx:before:swap']) {
    document.addEventListener(renewal, event => event.preventDefault());
  }
  const stops = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter(each => !each.disabled && each.tabIndex >= 0 && each.checkVisibility())
    .filter(each => each.type !== 'radio' || each.checked);
  stops.forEach((each, number) => each.dataset.stop = number);
  return stops.length;
}"""
"""Marks everything that a keyboard must be able to reach; says how much there is.

A page that renews itself stands still meanwhile: what is new has no mark.
"""

HERE = """() => {
  const here = document.activeElement, style = getComputedStyle(here);
  return [here.dataset.stop ?? null, style.outlineStyle !== 'none' || style.boxShadow !== 'none'];
}"""
"""Which mark has the focus, and whether one sees that."""


@pytest.fixture
async def house(house: WebHouse, tmp_path: Path) -> WebHouse:
    """The house with its lists, supervision, operations and the case system."""
    files = ExportOptions(tmp_path, {"tickets": TicketExport(label), "cases": CaseExport()})
    lists = ticket_lists_part(TicketListOptions(people=PEOPLE, exports=files))
    house.parts = (*house.parts, lists, OPERATIONS, SUPERVISION, CASES)
    return house


async def furnish(house: WebHouse, clock: FakeClock) -> tuple[str, str, str]:
    """Let something be on every page; return the paths of two cases, of one, and of a ticket."""
    city = await build_city(house.database, clock)
    await organise(city, "chongqing")
    kept = await city.registered_case()
    ticket_id = await city.transferred_ticket()
    merged = await city.registered_case(subject="井盖丢失", body="人民路12号的井没有盖子")
    await surround(city, await city.registered_case())
    async with house.database.begin() as uow:
        await standards.load_shipped(uow, SHIPPED, now=clock())
        await standards.load_shipped(uow, newer(), now=clock())
        process_id = await calls.start_process(uow, "voice", now=clock())
        told = report(clock())
        await telephony.report(uow, process_id, told, [refusal(clock())], now=clock())
        payload = {"ticket_id": str(new_id()), "round": 1}
        effect = outbox.Effect("submit_case", "dead", payload, clock())
        (owed,) = await outbox.put(uow.session, [effect], now=clock())
        held = await outbox.claim(uow.session, owed, now=clock())
        assert held is not None
        await outbox.bury(uow.session, held, error="KeyError")
    return f"/cases/{merged}/merge/{kept}", f"/cases/{kept}", f"/tickets/{ticket_id}"


async def surround(city: City, case_id: CaseId) -> None:
    """Enter a video point, a plan, an extraordinary problem and a threat."""
    by = {"actor": "t", "now": city.clock()}
    point = Resource(
        kind=ResourceKind.VIDEO,
        code="V-1",
        name="人民路路口",
        owner="公安局",
        address="https://video.example.org/1",
        longitude=111.0,
        latitude=35.0,
    )
    written = Plan(kind=PlanKind.EMERGENCY, category="*", title="通用预案", text="先围挡")
    assert city.inspector.user_id is not None
    threat = Threat(
        kind=ThreatKind.INSULT,
        happened_at=city.clock(),
        place="人民路12号",
        text="辱骂监督员",
        inspector_id=city.inspector.user_id,
    )
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    async with city.database.begin() as uow:
        await add_resource(uow, point, **by)
        await write_plan(uow, city.units["drain"], written, **by)
        await record_threat(uow, threat, **by)
        problem = await mark(uow, case_id, reason="塌陷原因不明", is_major=True, **by)
        await decide(uow, problem, responsible="某施工公司", grounds="挖断水管", **by)


async def tab_reaches_everything(page: Page, name: str) -> None:
    """Walk with Tab alone: everything is reached, and one sees where one is."""
    number = await page.evaluate(STOPS)
    assert number > 0, name
    missed = {str(each) for each in range(number)}
    unseen = set(missed)
    for _ in range(number * KEYS_OF_A_DATE):
        await page.keyboard.press("Tab")
        stop, is_seen = await page.evaluate(HERE)
        missed.discard(stop)
        if is_seen:
            unseen.discard(stop)
        if not missed:
            break
    assert not missed, f"{name}: Tab does not reach {await words_of(page, missed)}"
    assert not unseen, f"{name}: no focus is seen on {await words_of(page, unseen)}"


async def words_of(page: Page, stops: set[str]) -> str:
    found = [page.locator(f"[data-stop='{each}']") for each in sorted(stops)]
    return ", ".join([await each.evaluate("each => each.outerHTML") for each in found])


async def test_each_page_is_read_by_axe_and_walked_by_tab_at_the_desk_and_on_a_phone(
    house: WebHouse, browser: Browser, clock: FakeClock
) -> None:
    """WCAG 2.2 AA: nothing to be found by a machine, no trap for the keyboard, no sideways page."""
    side_by_side, case, ticket = await furnish(house, clock)
    await house.user("boss", Role.SHIFT_LEADER, Role.SUPERVISOR, Role.SYSTEM_ADMIN)
    page = browser.page
    await browser.sign_in("boss")
    paths = {
        "standards": "/standards",
        "organisation": "/cases/organisation",
        "side-by-side": side_by_side,
        "tickets": "/tickets",
        "dead-letters": "/operations/dead-letters",
        "lines": "/lines",
        "resources": "/resources",
        "plans": "/plans",
        "extraordinary": "/extraordinary",
        "threats": "/field/threats",
        "structure": "/structure",
    }

    for path in (*READ_BY_AXE, case, ticket):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        await browser.looks_right(path.strip("/").replace("/", "-"))

    await page.get_by_text("案卷正在生成").wait_for()
    await page.route("**/card", lambda route: route.fulfill(status=404, body="<h1>没有找到</h1>"))
    async with page.expect_response("**/card") as refused:
        await page.reload()
    await (await refused.value).finished()
    await page.evaluate("new Promise(done => setTimeout(done))")  # what is put in would be there
    assert await page.inner_text("#case") == ""

    for size, viewport in SIZES.items():
        await page.set_viewport_size(viewport)
        for name, path in paths.items():
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            await browser.looks_right(f"{name}-{size}")
            wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            assert not wide, f"{name} is wider than a {size}"
            await tab_reaches_everything(page, f"{name}, {size}")

"""Every page of the whole application in one Chromium: axe, the Tab key alone, desk and phone."""

import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, ViewportSize
from sqlalchemy import select

from case_bridge.evaluation.service import fold_facts
from case_bridge.extraordinary.service import decide, mark
from case_bridge.field.model import TaskRow
from case_bridge.field.service import enlist_inspector
from case_bridge.plans.model import PlanKind
from case_bridge.plans.service import Plan, write_plan
from case_bridge.resources.model import ResourceKind
from case_bridge.resources.service import Resource, add_resource
from case_bridge.standards import service as standards
from case_bridge.threats.model import ThreatKind
from case_bridge.threats.service import Threat, record_threat
from config.embedded import EmbeddedValkey
from config.place_tables import load_demo_places
from config.roles.web import application
from config.runtime import Runtime, Servers, open_runtime
from config.settings import load_settings
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.telephony import service as telephony
from hotline.kernel import outbox
from hotline.kernel.ids import CallId, CaseId, new_id
from hotline.queues import service as queues
from hotline.web.app import all_routes
from hotline.web.keys import PARTS
from hotline.web.routing import Route
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.e2e.web.examples import rare_pages
from tests.fakes.people import user
from tests.fakes.web_house import PASSWORD, WebHouse
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

NOT_PAGES = frozenset(
    {
        *("health.live", "health.ready", "metrics", "static", "language", "shared"),
        *("board.live", "command.live", "desk.live"),
        *("desk.categories", "desk.directory", "desk.snapshot"),
        *("desk.tickets.find", "desk.tickets.read"),
        *("announcements.sound", "callbacks.words.sound", "recordings.sound", "tickets.message"),
        *("cases.compare", "cases.conditions", "cases.evidence", "cases.links", "cases.near"),
        *("cases.ticket_card", "tickets.attachment", "tickets.callbacks"),
        *("exchange.files", "exchange.schema", "exchange.state", "exports.file", "standards.file"),
        *("field.session", "field.worker"),
        *("places.locate", "places.map_data", "places.search", "places.track"),
    }
)
"""Files, sockets, answers to programs, and pieces that a page fetches: it is read with them."""

READ_ELSEWHERE: Mapping[str, str] = {
    "announcements.one": "test_a_shift_leader_at_the_board",
    "callback": "test_a_citizen_on_the_public_pages",
    "evaluation.compare": "test_an_assessor_reads_the_results",
    "exchange.message": "test_a_shift_leader_talks_with_other_houses",
    "receipt": "test_a_citizen_on_the_public_pages",
}
"""Pages that nothing here leads to, and where axe reads them."""

WIDE = "document.documentElement.scrollWidth > window.innerWidth"

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


@dataclass
class WholeHouse(WebHouse):
    """The whole application, put together as the web process does it."""

    runtime: Runtime | None = None
    served: list[web.Application] = field(default_factory=list)

    def app(self) -> web.Application:
        assert self.runtime is not None
        self.served.append(application(self.runtime))
        return self.served[-1]

    @property
    def pages(self) -> dict[str, Route]:
        """Every route that a browser may open, by name."""
        routes = all_routes(self.served[0][PARTS])
        return {route.name: route for route in routes if route.method == "GET"}


@pytest.fixture
async def house(
    database_url: str, house: WebHouse, clock: FakeClock, tmp_path: Path
) -> AsyncGenerator[WholeHouse, None]:
    """The application with everything that it has, over a Valkey of its own."""
    valkey = EmbeddedValkey(tmp_path / "valkey")
    servers = Servers(database_url=database_url, redis_url=valkey.start())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HOTLINE_PICTURES", raising=False)  # the tests' own, no setting
        settings = load_settings({"data": tmp_path})
    async with open_runtime(settings, servers, clock=clock) as runtime:
        yield WholeHouse(house.database, clock, house.signals, runtime=runtime)
    valkey.stop()


async def furnish(house: WebHouse, clock: FakeClock) -> tuple[City, str, str]:
    """Let something be on every page; return the city, and paths of two cases and of a ticket."""
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
    return city, f"/cases/{merged}/merge/{kept}", f"/tickets/{ticket_id}"


async def one_call(house: WebHouse) -> tuple[CallId, set[str]]:
    """A citizen rings at a seat; return the call, and the addresses of why it is this one."""
    user_id = await house.user("seat", Role.SEAT, seat="8001")
    async with house.database.begin() as uow:
        now = house.clock()
        await queues.sign_in(uow, house.seats["8001"], user_id, now=now)
        await queues.make_available(uow, house.seats["8001"], now=now)
    call_id = await house.ring()
    async with house.database.read() as session:
        contact = (await queues.seat_view(session, house.seats["8001"])).contact
    assert contact is not None
    return call_id, {f"/calls/{call_id}/offers", f"/offers/{contact.offer_id}"}


async def surround(city: City, case_id: CaseId) -> None:
    """Enter a video point, a plan, an extraordinary problem and a threat."""
    by = {"actor": user("基础数据员"), "now": city.clock()}
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
    _, side_by_side, ticket = await furnish(house, clock)
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

    await page.goto(ticket)
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
            assert not await page.evaluate(WIDE), f"{name} is wider than a {size}"
            await tab_reaches_everything(page, f"{name}, {size}")
            await menus_stay_within(page, size)


async def menus_stay_within(page: Page, size: str) -> None:
    """Open every group of the menu: its entries lie within the window."""
    for group in await page.locator(".menu summary").all():
        await group.click()
        assert not await page.evaluate(WIDE), f"{await group.inner_text()} leaves the {size}"
        await group.click()


@dataclass
class Reader:
    """Reads page after page with axe, and follows their links to pages that need more."""

    browser: Browser
    pages: Mapping[str, Route]
    read: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    async def read_as(self, roles: Iterable[Role], *, first: Iterable[str] = ()) -> None:
        """Read what these roles may open and nobody has read, and whatever their links lead to."""
        held = set(roles)
        mine = [each for each in self.pages.values() if each.admits(held)]
        links = {each.path for each in mine if "{" not in each.path} | set(first)
        tried: set[str] = set()
        while fresh := sorted(links - tried):
            for link in fresh:
                tried.add(link)
                route = self._route_of(link, mine)
                if route is not None and route.name not in self.read:
                    links |= await self._read(route, link)

    def _route_of(self, link: str, among: Iterable[Route]) -> Route | None:
        path = link.partition("?")[0].partition("#")[0]
        found = [each for each in among if re.fullmatch(_pattern(each.path), path)]
        return min(found, key=lambda each: each.path.count("{"), default=None)

    async def _read(self, route: Route, link: str) -> set[str]:
        page = self.browser.page
        answer = await page.request.get(link, max_redirects=0)
        if answer.status != 200 or "<main" not in await answer.text():
            return set()
        await page.goto(link)
        await page.wait_for_selector("h1")  # some pages are made by their scripts
        self.wrong += filter(None, [await self.browser.wrong_with(f"every-{route.name}")])
        self.read.add(route.name)
        found = await page.locator("a[href]").evaluate_all(
            "each => each.map(link => link.getAttribute('href'))"
        )
        return {link for link in found if link.startswith("/") and not link.startswith("//")}


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))


@pytest.mark.timeout(400)  # some eighty pages; on a machine that does other things, minutes
async def test_axe_reads_every_page_that_a_browser_can_open(
    house: WholeHouse, browser: Browser, clock: FakeClock, tmp_path: Path
) -> None:
    """WCAG 2.2 AA on each: whoever adds a page adds it here, or says where it is read."""
    call_id, of_a_call = await one_call(house)
    city, side_by_side, _ = await furnish(house, clock)
    await load_demo_places(house.database, now=clock())
    async with house.database.read() as session:
        (task_id,) = await session.scalars(select(TaskRow.id))
    first = {
        side_by_side,
        "/operations/owed?job=submit_case",
        f"/field/tasks/{task_id}",
        "/places/grids/139900001001001",
        *of_a_call,
        *await rare_pages(house, call_id, tmp_path / "recordings"),
    }
    people = {
        "boss": (Role.SHIFT_LEADER, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER),
        "unit": (Role.UNIT,),
        "inspector": (Role.INSPECTOR,),
        "system": (Role.SYSTEM_ADMIN,),
        "security": (Role.SECURITY_ADMIN,),
        "audit": (Role.AUDIT_ADMIN,),
    }
    for login, roles in people.items():
        async with house.database.begin() as uow:
            user_id = await accounts.create_user(
                uow,
                login=login,
                password=PASSWORD,
                display_name=f"测试{login}",
                roles=roles,
                unit_id=city.units["drain"] if Role.UNIT in roles else None,
                actor="test",
                now=clock(),
            )
            if Role.INSPECTOR in roles:
                day = date(2026, 1, 5)
                await enlist_inspector(uow, user_id, name="测试监督员", trained_on=day)
    async with house.database.begin() as uow:
        await fold_facts(uow)
    reader = Reader(browser, house.pages)

    await reader.read_as(())
    for login, roles in people.items():
        await browser.page.context.clear_cookies()
        await browser.sign_in(login)
        await reader.read_as(roles, first=first)

    assert reader.wrong == []
    unread = set(house.pages) - reader.read
    assert sorted(unread) == sorted(NOT_PAGES | set(READ_ELSEWHERE))

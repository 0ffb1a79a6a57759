"""The inspector's telephone in Chromium: no network, no house, nothing lost, nothing doubled."""

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
from aiohttp import web
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect
from sqlalchemy import func, select

from case_bridge.cases.model import CaseHistoryRow, EvidenceRow
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.field import roster
from case_bridge.field.model import TaskRow
from case_bridge.field.service import enlist_inspector
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART as CASES_PART
from config.place_tables import load_demo_places
from hotline.accounts.roles import Role
from hotline.kernel.db import Database
from hotline.kernel.ids import CaseId, UserId
from hotline.web.pages import OWN_STATIC
from tests.conftest import FakeClock
from tests.e2e.web.conftest import ARGUMENTS, CHROMIUM, Browser
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import WebHouse
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.conftest import city  # noqa: F401 - a fixture

PHONE = {"width": 390, "height": 844}
PHOTO = b"\xff\xd8\xff\xe0 a photo of a cover"
TRAINED = date(2026, 1, 5)


@dataclass
class Street:
    """A house that can be switched off, and telephones before it."""

    house: WebHouse
    city: City
    context: BrowserContext
    pictures: Path | None
    port: int = 0
    _runner: web.AppRunner | None = None
    people: dict[str, UserId] = field(default_factory=dict)

    async def house_up(self) -> None:
        self._runner = web.AppRunner(self.house.app(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def house_down(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def inspector(self, login: str) -> UserId:
        user_id = await self.house.user(login, Role.INSPECTOR)
        async with self.house.database.begin() as uow:
            assert self.city.inspector.user_id is not None
            await enlist_inspector(uow, self.city.inspector.user_id, name="休息", on_duty=False)
            await enlist_inspector(uow, user_id, name=login, trained_on=TRAINED)
            await roster.begin_duty(uow, user_id, now=self.city.clock())
        self.people[login] = user_id
        return user_id

    async def handled_case(self) -> CaseId:
        """A case that the unit has handled, and that waits for the inspector."""
        case_id = await self.city.registered_case(longitude=115.9055, latitude=38.3155)
        await self.city.file(case_id)
        await self.city.dispatch(case_id)
        await self.city.handle(case_id)
        return case_id

    async def telephone(self, login: str) -> Browser:
        page = await self.context.new_page()
        phone = Browser(page, self.pictures)
        page.set_default_timeout(30_000)
        await page.goto(f"{self.base}/login")
        await page.fill("#login", login)
        await page.fill("#password", "an invented password")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("form[action='/logout']")
        return phone

    async def list_kept(self, page: Page) -> None:
        """Open the list of tasks and wait until the telephone keeps their pages."""
        await page.goto(f"{self.base}/field/tasks")
        kept = "html[data-kept]:not([data-kept='0'])"
        await page.wait_for_selector(kept, state="attached", timeout=30_000)

    async def passes(self, case_id: CaseId) -> int:
        async with self.house.database.read() as session:
            return (
                await session.scalar(
                    select(func.count()).where(
                        CaseHistoryRow.case_id == case_id,
                        CaseHistoryRow.trigger == CaseTrigger.PASS,
                    )
                )
            ) or 0


@pytest.fixture
async def street(
    database: Database,
    clock: FakeClock,
    city: City,  # noqa: F811
    request: pytest.FixtureRequest,
) -> AsyncGenerator[Street, None]:
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    if not (OWN_STATIC / "built" / "field-worker.js").exists():
        pytest.fail("the pages are not built: make pages")
    parts = (CASES_PART, places_part(MapOptions()))
    house = WebHouse(database, clock, MemorySignals(), parts=parts)
    await load_demo_places(database, now=clock())
    folder = os.environ.get("HOTLINE_PICTURES")
    options: dict[str, Any] = getattr(request, "param", {})
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await chromium.new_context(viewport=PHONE, locale="zh-CN", **options)
        context.set_default_timeout(30_000)
        opened = Street(house, city, context, Path(folder) if folder else None)
        await opened.house_up()
        yield opened
        await chromium.close()
        await opened.house_down()


def photo(name: str) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": PHOTO + name.encode()}


async def report(page: Page, text: str) -> None:
    """Fill in the result of the inspection and hand it in."""
    await page.wait_for_load_state()  # without its script it is an ordinary form
    await page.check("input[name=passed][value=true]")
    await page.fill("#text", text)
    await page.set_input_files("#photo_before", photo("1.jpg"))
    await page.set_input_files("#photo_after", [photo("2.jpg"), photo("3.jpg")])
    await page.click("form[data-result] button:not([type])")


async def until_sent(page: Page) -> None:
    await page.wait_for_selector("html[data-waiting='0']", state="attached")


async def test_a_result_without_a_network_is_kept_and_sent_once_later(street: Street) -> None:
    """R106, R64: the telephone opens its tasks offline, keeps the result, and sends it later."""
    user_id = await street.inspector("zhang")
    case_id = await street.handled_case()
    phone = await street.telephone("zhang")
    page = phone.page
    await street.list_kept(page)
    await phone.looks_right("field-tasks")

    await street.house_down()
    await street.context.set_offline(True)
    await page.goto(f"{street.base}/field/tasks")
    await page.click("ul.tasks a")
    assert "补装井盖并设置警示" in await page.inner_text("main")
    await report(page, "井盖已补装，与要求一致")
    await page.wait_for_selector("#waiting .notice")
    assert "已保存在本机" in await page.inner_text("#waiting")
    await phone.looks_right("field-offline")
    await page.reload()
    await page.wait_for_selector("#waiting .notice")
    assert (await street.city.case(case_id)).state is CaseState.INSPECTING

    await street.house_up()
    await street.context.set_offline(False)
    await until_sent(page)

    assert (await street.city.case(case_id)).state is CaseState.READY_TO_CLOSE
    assert await street.passes(case_id) == 1
    async with street.house.database.read() as session:
        names = await session.scalars(
            select(EvidenceRow.name)
            .where(EvidenceRow.case_id == case_id, EvidenceRow.media_type == "image/jpeg")
            .order_by(EvidenceRow.name)
        )
        assert list(names) == ["处置前 1.jpg", "处置后 2.jpg", "处置后 3.jpg"]
        task = (await session.scalars(select(TaskRow).where(TaskRow.case_id == case_id))).one()
        assert task.inspector_id == user_id
        assert task.grid_code is not None


@pytest.mark.parametrize("street", [{"service_workers": "block"}], indirect=True)
async def test_an_answer_that_got_lost_makes_no_second_result(street: Street) -> None:
    """R106: the house took it, the telephone never heard: the same key is sent again."""
    await street.inspector("zhang")
    case_id = await street.handled_case()
    page = (await street.telephone("zhang")).page
    lost: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        if lost:
            await route.continue_()
            return
        answer = await route.fetch()
        assert answer.status == 200
        lost.append(route.request.url)
        await route.abort("connectionreset")

    await page.route("**/field/tasks/*/result", lose_the_first_answer)
    await page.goto(f"{street.base}/field/tasks")
    await page.click("ul.tasks a")
    await report(page, "已看过")
    await page.wait_for_selector("#waiting .notice")
    assert lost
    assert await street.passes(case_id) == 1

    await page.evaluate("dispatchEvent(new Event('online'))")
    await until_sent(page)

    assert await street.passes(case_id) == 1
    async with street.house.database.read() as session:
        count = await session.scalar(
            select(func.count()).where(
                EvidenceRow.case_id == case_id, EvidenceRow.media_type == "image/jpeg"
            )
        )
        assert count == 3


async def test_a_result_that_comes_too_late_is_refused_and_told(street: Street) -> None:
    """R106: a check result for a case that went on: a clear refusal, and an unchanged truth."""
    await street.inspector("zhang")
    case_id = await street.handled_case()
    phone = await street.telephone("zhang")
    page = phone.page
    await street.list_kept(page)
    await street.context.set_offline(True)
    await page.click("ul.tasks a")
    await street.house_down()
    await report(page, "已看过")
    await page.wait_for_selector("#waiting .notice")
    await reassign(street, case_id)

    await street.house_up()
    await street.context.set_offline(False)
    await page.wait_for_selector("#waiting .notice.bad")
    told = await page.inner_text("#waiting")
    assert "未被接收" in told
    assert "已看过" in told
    await phone.looks_right("field-refused")
    assert await street.passes(case_id) == 0
    await page.click("#waiting button")
    await until_sent(page)


async def reassign(street: Street, case_id: CaseId) -> None:
    """A colleague takes the task over meanwhile."""
    async with street.house.database.begin() as uow:
        task = (await uow.session.scalars(select(TaskRow).where(TaskRow.case_id == case_id))).one()
        task.inspector_id, task.inspector_name = uuid4(), "同事"


async def test_a_colleague_on_the_same_telephone_does_not_send_what_is_not_theirs(
    street: Street,
) -> None:
    """R106: a result goes out under the name of who wrote it, or waits."""
    await street.inspector("zhang")
    await street.inspector("li")
    case_id = await street.handled_case()
    async with street.house.database.read() as session:
        task = (await session.scalars(select(TaskRow).where(TaskRow.case_id == case_id))).one()
    names = {user_id: login for login, user_id in street.people.items()}
    assert task.inspector_id is not None
    own = names[UserId(task.inspector_id)]
    other = next(login for login in street.people if login != own)
    page = (await street.telephone(own)).page
    await street.list_kept(page)
    await street.house_down()
    await street.context.set_offline(True)
    await page.click("ul.tasks a")
    await report(page, "已看过")
    await page.wait_for_selector("#waiting .notice")
    await street.context.clear_cookies()
    await street.house_up()
    await street.context.set_offline(False)
    again = page.locator("#waiting a", has_text="重新登录")
    await expect(again).to_have_attribute(
        "href", "/login?next=" + quote(urlsplit(page.url).path, "")
    )

    page = (await street.telephone(other)).page
    await page.goto(f"{street.base}/field/tasks")
    await page.wait_for_selector("#waiting .notice")
    assert "其他人员" in await page.inner_text("#waiting")
    assert "已看过" not in await page.inner_text("#waiting")
    assert await street.passes(case_id) == 0

    await street.context.clear_cookies()
    page = (await street.telephone(own)).page
    await page.goto(f"{street.base}/field/tasks")
    await until_sent(page)
    assert await street.passes(case_id) == 1


@pytest.mark.parametrize(
    "street",
    [
        {
            "permissions": ["geolocation"],
            "geolocation": {"longitude": 115.9055, "latitude": 38.3155, "accuracy": 8},
        }
    ],
    indirect=True,
)
async def test_the_place_of_the_inspector_goes_with_the_result(street: Street) -> None:
    """R106: GPS; a result and its photos carry the position."""
    await street.inspector("zhang")
    case_id = await street.handled_case()
    page = (await street.telephone("zhang")).page
    await page.goto(f"{street.base}/field/tasks")
    await page.click("ul.tasks a")
    await expect(page.locator("[name=longitude]")).to_have_value("115.905500")
    await report(page, "已看过")
    await page.wait_for_url("**/field/tasks")
    async with street.house.database.read() as session:
        task = (await session.scalars(select(TaskRow).where(TaskRow.case_id == case_id))).one()
        assert (task.found_longitude, task.found_latitude) == (115.9055, 38.3155)

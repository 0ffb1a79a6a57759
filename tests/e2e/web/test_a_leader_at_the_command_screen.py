"""The command screen in Chromium: on a wall of 1920 × 1080, on a phone, live and by keyboard."""

from collections.abc import AsyncGenerator

import pytest

from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.service import register_case
from case_bridge.web.places_options import MapOptions
from case_bridge.web.places_routes import places_part
from case_bridge.web.routes import PART as CASES_PART
from config.place_tables import load_demo_places
from hotline.accounts.roles import Role
from hotline.kernel.db import Database
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import MemoryDoorbell, WebHouse


async def report(house: WebHouse, subject: str, longitude: float) -> None:
    async with house.database.begin() as uow:
        found = Report(
            source=CaseSource.INSPECTOR,
            subject=subject,
            body="",
            place="东关街道",
            longitude=longitude,
            latitude=38.3125,
        )
        await register_case(uow, found, now=house.clock())


@pytest.fixture
async def house(database_url: str, clock: FakeClock) -> AsyncGenerator[WebHouse, None]:
    """A city with its map, one case, and a leader."""
    signals = MemorySignals()
    database = Database.connect(database_url, clock=clock, doorbell=MemoryDoorbell(signals))
    house = WebHouse(database, clock, signals, parts=(CASES_PART, places_part(MapOptions())))
    await load_demo_places(database, now=clock())
    await house.user("leader", Role.LEADER)
    await report(house, "污水井盖缺失", 115.9065)
    yield house
    await database.close()


async def test_r99_the_screen_is_live_and_fits_the_wall(browser: Browser, house: WebHouse) -> None:
    """R99: nothing scrolls at 1920 × 1080; a new case appears by itself; numbers open by key."""
    page = browser.page
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await browser.sign_in("leader")
    await page.goto("/command")
    await page.wait_for_selector("#map[data-drawn='1']")
    await page.wait_for_selector("#screen-status:text-is('实时')")
    await page.wait_for_selector("#map[data-grids]:not([data-grids='0'])")
    await browser.looks_right("command-wall")
    size = await page.evaluate(
        "[document.documentElement.scrollWidth,"
        " document.querySelector('.screen').getBoundingClientRect().bottom]"
    )
    assert size[0] <= 1920
    assert size[1] <= 1080

    await report(house, "路灯不亮", 115.912)
    await page.wait_for_selector("#map[data-drawn='2']", timeout=30_000)
    assert await page.inner_text("[data-figure=open]") == "2"
    await page.focus("li.open a")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/command/rows?figure=open")
    assert await page.locator("tbody tr").count() == 2
    await browser.looks_right("command-rows")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/command")
    await page.wait_for_selector("#map[data-drawn='2']")
    await browser.looks_right("command-phone")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390

"""An assessor publishes March, a citizen reads it: in Chromium, judged by axe."""

import os
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from case_bridge.web.routes import PART
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.db import Database
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.city import SUBSCRIPTIONS, City, build_city
from tests.integration.case_bridge.evaluation.month import work_a_month
from tests.integration.case_bridge.evaluation.test_papers import ask_citizens

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "an invented password"


@pytest.fixture
async def city(database_url: str, clock: FakeClock) -> AsyncGenerator[City, None]:
    """A city in April, after a month of work, with one assessor."""
    database = Database.connect(database_url, clock=clock, subscriptions=SUBSCRIPTIONS)
    city = await build_city(database, clock)
    await work_a_month(city)
    await ask_citizens(city)
    clock.advance(timedelta(days=30))
    async with database.begin() as uow:
        await accounts.create_user(
            uow,
            login="assessor",
            password=PASSWORD,
            display_name="考核员戊",
            roles=[Role.SUPERVISOR],
            unit_id=None,
            actor="test",
            now=clock(),
        )
    yield city
    await database.close()


@pytest.fixture
async def screen(city: City) -> AsyncGenerator[Page, None]:
    """A browser before the case system's pages."""
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    options = WebOptions(b"a secret of thirty-two bytes, at least")
    app = make_app(city.database, (PART,), options, clock=city.clock, signals=MemorySignals())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(
            base_url=f"http://{host}:{port}",
            locale="zh-CN",
            viewport={"width": 1366, "height": 768},
        )
        page.set_default_timeout(10_000)
        yield page
        await browser.close()
    await runner.cleanup()


async def looks_right(page: Page, name: str) -> None:
    """Axe finds nothing and nothing runs off the side; a picture if HOTLINE_PICTURES asks."""
    await page.wait_for_load_state()
    if folder := os.environ.get("HOTLINE_PICTURES"):
        await page.screenshot(path=Path(folder) / f"evaluation-{name}.png", full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, f"{name} is wider than the window"


async def test_r72_r83_from_the_ranking_to_the_public_page(screen: Page, city: City) -> None:
    """R72, R83: reckoned, opened, published, compared, read by everybody."""
    await screen.goto("/login")
    await screen.fill("#login", "assessor")
    await screen.fill("#password", PASSWORD)
    await screen.keyboard.press("Enter")
    await screen.wait_for_selector("form[action='/logout']")
    await screen.goto("/evaluation?period=2026-03")
    await screen.click("main details summary")
    await looks_right(screen, "ranking")

    await screen.select_option("#ties", "mean")
    await screen.click("text=计算 >> nth=-1")
    await screen.wait_for_url("**ties=mean**")
    assert "取平均名次" in await screen.inner_text("main")
    await screen.click("a[aria-label^='排水公司 应结案数']")
    await looks_right(screen, "rows")
    await screen.goto("/evaluation?period=2026-03")
    await screen.click("th a:has-text('排水公司')")
    await looks_right(screen, "object")
    for name, path in (
        ("meeting", "/evaluation/meeting?period=2026-Q1"),
        ("yearly", "/evaluation/yearly?period=2026"),
        ("satisfaction", "/evaluation/satisfaction?period=2026-03"),
        ("rewards", "/rewards"),
    ):
        await screen.goto(path)
        await looks_right(screen, name)

    await screen.goto("/evaluation/bulletin?period=2026-03")
    async with screen.expect_navigation():
        await screen.click("text=公布全部对象")
    await looks_right(screen, "bulletin")
    await screen.goto("/evaluation/compare?period=2026-03")
    await looks_right(screen, "comparison")

    await screen.context.clear_cookies()
    for size in ({"width": 1366, "height": 768}, {"width": 390, "height": 844}):
        await screen.set_viewport_size(size)
        await screen.goto("/statistics")
        assert "2026年3月" in await screen.inner_text("main")
        await looks_right(screen, f"statistics-{size['width']}")
        await screen.goto("/statistics/standards")
        await looks_right(screen, f"standards-{size['width']}")

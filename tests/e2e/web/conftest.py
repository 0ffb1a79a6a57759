"""A real Chromium before the pages of a small house."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Request, async_playwright, expect

from hotline.kernel.db import Database
from hotline.web.pages import OWN_STATIC
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.public_house import public
from tests.fakes.web_house import PASSWORD, MemoryDoorbell, WebHouse

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1366, "height": 768}
LIMIT = 30_000
"""Milliseconds for anything to appear."""
expect.set_options(timeout=LIMIT)


class Browser:
    """One person's browser, and what went wrong in it."""

    def __init__(self, page: Page, pictures: Path | None) -> None:
        self.page = page
        self.trouble: list[str] = []
        self._pictures = pictures
        page.set_default_timeout(LIMIT)
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("requestfailed", self._note_failure)

    def _note_failure(self, request: Request) -> None:
        # What a page had asked for when its user went on to the next is broken off, not broken.
        if request.failure != "net::ERR_ABORTED":
            self.trouble.append(request.url)

    async def sign_in(self, login: str) -> None:
        await self.page.goto("/login")
        await self.page.fill("#login", login)
        await self.page.fill("#password", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("form[action='/logout']")
        await self.page.wait_for_load_state()  # its keys work once its scripts are there

    async def looks_right(self, name: str) -> None:
        """Axe finds nothing; kept as a picture where HOTLINE_PICTURES names a folder."""
        assert await self.wrong_with(name) == ""

    async def wrong_with(self, name: str) -> str:
        """What axe finds; kept as a picture where HOTLINE_PICTURES names a folder."""
        await self.page.wait_for_load_state()  # half a page has no title
        if self._pictures is not None:
            await self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)
        found = await Axe().run(self.page)
        return f"{name}: {found.generate_report()}" if found.violations_count else ""


@pytest.fixture
async def house(database_url: str, clock: FakeClock) -> AsyncGenerator[WebHouse, None]:
    """The house, with categories, whose database tells its screens of changes."""
    signals = MemorySignals()
    database = Database.connect(database_url, clock=clock, doorbell=MemoryDoorbell(signals))
    house = WebHouse(database, clock, signals, parts=(public(),))
    await house.categories()
    yield house
    await database.close()


@pytest.fixture
async def browser(house: WebHouse) -> AsyncGenerator[Browser, None]:
    """A browser before the house; the test fails if a script or a request of a page failed."""
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    if not (OWN_STATIC / "built" / "desk.js").exists():
        pytest.fail("the pages are not built: make pages")
    folder = os.environ.get("HOTLINE_PICTURES")
    runner = web.AppRunner(house.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        host, port = runner.addresses[0][:2]
        page = await chromium.new_page(
            viewport=SIZE, base_url=f"http://{host}:{port}", locale="zh-CN"
        )
        opened = Browser(page, Path(folder) if folder else None)
        yield opened
        await chromium.close()
    await runner.cleanup()
    assert opened.trouble == []

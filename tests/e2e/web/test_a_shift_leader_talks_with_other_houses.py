"""A shift leader looks at the exchange and at the reconciliation: in Chromium, judged by axe."""

import base64
import os
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright
from sqlalchemy import select

from case_bridge.bridge.differences import note_differences
from case_bridge.bridge.trouble import Finding, Trouble
from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.dialect import DIALECTS, NEUTRAL
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole
from case_bridge.exchange.receiving import receive
from case_bridge.exchange.talking import talk
from case_bridge.signing import KeyRing
from case_bridge.web.exchange_routes import exchange_part
from case_bridge.web.routes import PART
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.db import Database
from hotline.kernel.outbox import OutboxRow
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.city import City, build_city

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "an invented password"
EAST = Peer(
    name="east",
    role=PeerRole.SUBORDINATE,
    url="http://127.0.0.1:9",
    keys=KeyRing.of("k1:hmac:" + base64.b64encode(b"what city and east share, 32 byte").decode()),
    dialect=DIALECTS[NEUTRAL],
    unit_code="drain",
    timeout=timedelta(seconds=1),
)
OPTIONS = ExchangeOptions(name="city", peers={"east": EAST})


@pytest.fixture
async def city(database: Database, clock: FakeClock) -> City:
    """A city whose district is silent, with something unreadable and two differences."""
    city = await build_city(database, clock)
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    async with aiohttp.ClientSession() as session:
        await talk(database, OPTIONS, PeerClient("city", session, clock=clock), now=clock())
    await receive(database, OPTIONS, EAST, b'{"half": ', signature="", now=clock())
    ticket_id = await city.transferred_ticket()
    findings = [
        Finding(Trouble.NOT_ANSWERED, f"{ticket_id}/1", False, "案卷系统没有应答"),
        Finding(Trouble.NOT_OURS, "m-7/1", False, "案卷 m-7 无对应工单"),
        Finding(Trouble.NOT_HEARD, "m-1/2", True, "补收“立案”：已应用"),
    ]
    await note_differences(database, "http", findings, looked_for=frozenset(Trouble), now=clock())
    async with database.begin() as uow:
        await accounts.create_user(
            uow,
            login="leader",
            password=PASSWORD,
            display_name="值班长甲",
            roles=[Role.SHIFT_LEADER],
            unit_id=None,
            actor="test",
            now=clock(),
        )
    return city


@pytest.fixture
async def screen(city: City) -> AsyncGenerator[Page, None]:
    """A browser of the shift leader, who has signed in."""
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    options = WebOptions(b"a secret of thirty-two bytes, at least")
    parts = (PART, exchange_part(OPTIONS, None))
    app = make_app(city.database, parts, options, clock=city.clock, signals=MemorySignals())
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
        page.set_default_timeout(20_000)
        await page.goto("/login")
        await page.fill("#login", "leader")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("form[action='/logout']")
        yield page
        await browser.close()
    await runner.cleanup()


async def looks_right(page: Page, name: str) -> None:
    """Axe finds nothing and nothing runs off the side; a picture if HOTLINE_PICTURES asks."""
    for width in (1366, 390):
        await page.set_viewport_size({"width": width, "height": 768})
        if folder := os.environ.get("HOTLINE_PICTURES"):
            path = Path(folder) / f"exchange-{name}-{width}.png"
            await page.screenshot(path=path, full_page=True)
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{name} is wider than the window"
    await page.set_viewport_size({"width": 1366, "height": 768})


async def test_r93_what_waits_for_a_silent_platform_and_what_could_not_be_read(
    screen: Page, city: City
) -> None:
    """R93, R96: every message opens as it came; what is mended goes again."""
    await screen.goto("/exchange")
    text = await screen.inner_text("main")
    assert "无应答：east" in text
    await looks_right(screen, "journal")

    await screen.click("a:has-text('任务分派单')")
    assert "补装井盖并设置警示" in await screen.inner_text("pre")
    await looks_right(screen, "message")

    await screen.goto("/exchange?state=unreadable")
    await screen.click("a:has-text('未识读')")
    await screen.fill("#reason", "对方已更正接口")
    await screen.keyboard.press("Enter")
    await screen.wait_for_selector("main:has-text('无法识读')")


async def test_r93_a_case_is_reported_to_another_platform_by_its_number(
    screen: Page, city: City
) -> None:
    """R93: 问题登记单 and 问题核实单 by one form."""
    case_id = await city.registered_case(subject="跨区河道污染")
    number = (await city.case(case_id)).number
    await screen.goto("/exchange")
    await screen.fill("#number", number)
    await screen.select_option("#kind", "verify")
    await screen.fill("#text", "请到现场核实")
    await screen.keyboard.press("Enter")
    await screen.wait_for_selector(f"td:has-text('city:{number}')")

    assert "问题核实单" in await screen.inner_text("main")
    assert (await city.case(case_id)).state == "verifying"


async def test_r92_a_difference_is_explained_and_stays_on_the_page(
    screen: Page, city: City
) -> None:
    """R92: the act that mends each kind; the history says how it ended."""
    await screen.goto("/reconciliation")
    await looks_right(screen, "reconciliation")
    async with screen.expect_navigation():
        await screen.click("button:has-text('立即再送')")
    async with city.database.read() as session:
        keys = (await session.scalars(select(OutboxRow.key))).all()
    assert any(":mend:" in key for key in keys)
    await screen.fill("input[aria-label='了结说明 m-7/1']", "对方自行登记，与热线无关")
    await screen.keyboard.press("Enter")
    await screen.wait_for_selector(
        "section:has-text('已了结') td:has-text('对方自行登记，与热线无关')"
    )

    assert "值班长甲" in await screen.inner_text("main")

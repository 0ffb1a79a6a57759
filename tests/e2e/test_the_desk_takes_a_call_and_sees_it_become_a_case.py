"""The whole house at once: `hotline serve`, a citizen's phone, a seat's phone, Chromium as desk.

Log in, take the call, write and save the ticket by keyboard alone, see it become a case.
"""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from channels.voice.phone import Phone, PhoneOptions
from config.demo.people import PASSWORD
from config.demo.running import Listening, running
from tests.e2e.web.conftest import ARGUMENTS, CHROMIUM

LIMIT = 30_000


PICTURES = os.environ.get("HOTLINE_PICTURES")


async def looks_right(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def sign_in(page: Page, base: str, login: str) -> None:
    await page.goto(f"{base}/login")
    await page.wait_for_selector("#login:focus")
    await page.keyboard.type(login)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("form[action='/logout']")


async def test_by_keyboard_alone_a_call_becomes_a_ticket_and_a_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2, R12, R16: from the ringing phone to the filed case."""
    monkeypatch.delenv(
        "HOTLINE_PICTURES", raising=False
    )  # the hotline refuses what it does not know
    if not CHROMIUM.exists():
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package chromium is missing")
    listening = Listening.anywhere()
    base = f"http://{listening.http}"
    async with (
        running(tmp_path, listening, {}),
        Phone.open(PhoneOptions(user="13800001234")) as citizen,
        Phone.open(PhoneOptions(user="1001")) as seat_phone,
        async_playwright() as playwright,
    ):
        await seat_phone.register(f"sip:{listening.sip}", password=PASSWORD)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
        page = await context.new_page()
        page.set_default_timeout(LIMIT)
        await sign_in(page, base, "seat1")
        await page.goto(f"{base}/desk")
        await page.wait_for_selector("#seat-state:text('签出')")
        await page.keyboard.press("Alt+3")
        await page.wait_for_selector("#seat-state:text('空闲')")

        call = await citizen.dial(f"sip:12319@{listening.sip}")
        seat_call = await seat_phone.next_call(timeout=60)
        await page.wait_for_selector(".call.answered")
        assert await page.inner_text("#caller") == "138****1234"
        await page.keyboard.press("Alt+b")
        await page.keyboard.type("青年路井盖缺失")
        await page.keyboard.press("Alt+c")
        await page.keyboard.type("jinggai")
        await page.wait_for_selector("[role=option][aria-selected=true]")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.type("人行道上的上水井盖不见了，很危险。")
        await page.keyboard.press("Control+s")
        await page.wait_for_selector("text=已保存：")
        await looks_right(page, "house_desk_saved")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_selector("#ticket-state:text('已转办')")
        await call.hang_up()
        await seat_call.wait_over()
        await page.wait_for_selector("#seat-state:text('话后处理')")

        leader = await (await browser.new_context(locale="zh-CN")).new_page()
        leader.set_default_timeout(LIMIT)
        await sign_in(leader, base, "leader")
        await leader.goto(f"{base}/cases/desk")
        await leader.get_by_role("link", name=re.compile("青年路井盖缺失|\\d{11}")).first.click()
        await leader.wait_for_selector("text=青年路井盖缺失")
        await looks_right(leader, "house_case_registered")
        await browser.close()

"""A shift leader sets skills and alarm limits by keyboard: in Chromium, judged by axe."""

import pytest

from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.queues import service as queues
from hotline.web.supervision.handlers import PART
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.queues.floor import SmallFloor


@pytest.fixture
async def house(house: WebHouse) -> WebHouse:
    """The house with the pages of supervision."""
    house.parts = (*house.parts, PART)
    return house


async def test_levels_are_typed_and_saved_without_a_mouse(
    house: WebHouse, browser: Browser, clock: FakeClock
) -> None:
    """Issue B 2: the sheet of skills; NF9: by keyboard alone."""
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    floor = SmallFloor(house.database, clock(), process_id)
    seats = [await floor.seat(f"80{number:02}") for number in range(1, 7)]
    for seat_id, level in zip(seats, (3, 9, 1), strict=False):
        async with house.database.begin() as uow:
            await queues.set_skills(uow, seat_id, {"business.gas": level, "dialect.min": 2})
    await house.user("leader", Role.SHIFT_LEADER)
    page = browser.page
    await browser.sign_in("leader")

    await page.goto("/skills?kind=language&name=en")
    await browser.looks_right("skills")
    await page.get_by_label("8001 语言 en").focus()
    await page.keyboard.type("7")
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.type("4")
    await page.keyboard.press("Enter")
    await page.get_by_text("已保存，2个坐席有变动。").wait_for()
    assert await page.get_by_label("8001 语言 en").input_value() == "7"
    assert await page.get_by_label("8002 语言 en").input_value() == "4"
    await page.set_viewport_size({"width": 390, "height": 844})
    await browser.looks_right("skills-phone")

    await page.goto("/thresholds")
    await browser.looks_right("thresholds-phone")
    await page.get_by_label("排队人数超过").fill("0")
    await page.keyboard.press("Enter")
    await page.get_by_text("请填1到10000之间的整数").wait_for()
    await page.set_viewport_size({"width": 1366, "height": 768})
    await browser.looks_right("thresholds-refused")
    await page.get_by_label("排队人数超过").fill("9")
    await page.keyboard.press("Enter")
    await page.get_by_text("看板已按新的阈值告警").wait_for()
    assert browser.trouble == []

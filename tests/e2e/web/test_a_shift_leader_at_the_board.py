"""A shift leader at the board: what is under way, and numbers that open their rows."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from hotline.accounts.roles import Role
from hotline.contacts.announcements import service as announcements
from hotline.contacts.announcements.service import AnnouncementDraft
from hotline.contacts.calls import service as calls
from hotline.kernel.ids import SeatId
from hotline.queues import phone_transfers
from hotline.queues import service as queues
from hotline.queues.control.states import TargetKind, TransferMode
from hotline.queues.distributor import MISSED
from hotline.queues.phone_directory import Target
from hotline.queues.values import QueuePolicy
from hotline.web.announcements.handlers import announcements_part
from hotline.web.announcements.options import AnnouncementOptions
from hotline.web.supervision.handlers import PART
from hotline.web.supervision.waiting import waiting_part
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.queues.floor import SmallFloor


@pytest.fixture
async def house(house: WebHouse) -> WebHouse:
    """The house with the pages of supervision."""
    options = AnnouncementOptions(prompts={}, fit=bytes)
    house.parts = (*house.parts, PART, waiting_part(QueuePolicy()), announcements_part(options))
    return house


async def talk(floor: SmallFloor, seat_id: SeatId) -> None:
    async with floor.database.begin() as uow:
        await queues.make_available(uow, seat_id, floor.now)
    await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await queues.answer_offer(uow, offer.offer_id, now=floor.now)


async def stays_in_hand(house: WebHouse, floor: SmallFloor, page: Page) -> None:
    """What is half typed about a seat outlives its moves, in the rows of one state too."""
    resting = await floor.seat("8003", phone=False)
    row = page.get_by_role("row").filter(has_text="8003")
    await row.get_by_role("button", name="强制状态 8003").press("Enter")
    await expect(page.locator("#force-state")).to_be_focused()
    await page.get_by_label("原因").fill("临时培训")
    await page.get_by_role("button", name="空闲", exact=False).first.press("Enter")
    await page.get_by_label("原因").focus()

    async with house.database.begin() as uow:
        await queues.take_break(uow, resting, MISSED, floor.now)

    await row.get_by_text("小休 未接来电").wait_for()
    await expect(page.get_by_label("原因")).to_be_focused()
    await expect(page.get_by_label("原因")).to_have_value("临时培训")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="显示全部坐席").press("Enter")


async def test_transfers_and_parked_callers_are_seen_and_a_number_opens_its_seats(
    house: WebHouse, browser: Browser, clock: FakeClock
) -> None:
    """Issue B 6: the board shows calls that are on their way; each number opens its rows."""
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    floor = SmallFloor(house.database, clock(), process_id)
    first = await floor.seat("8001")
    await talk(floor, first)
    await floor.seat("8002", phone=False)
    moving, resting = await floor.call("13800001234"), await floor.call("13900005678")
    async with house.database.begin() as uow:
        await phone_transfers.begin_transfer(
            uow,
            moving,
            seat_id=first,
            mode=TransferMode.CONSULT,
            target=Target(kind=TargetKind.NUMBER, key="13700001111", name="13700001111"),
            card={},
            now=clock(),
        )
        draft = AnnouncementDraft(
            text="人民路停水",
            sound=b"RIFF",
            from_at=clock(),
            until_at=clock() + timedelta(hours=2),
        )
        await announcements.switch_on(uow, draft, actor="leader", now=clock())
        await phone_transfers.park(uow, resting, first, limit=timedelta(minutes=3), now=clock())
    await floor.caller()
    await house.user("leader", Role.SHIFT_LEADER)
    page = browser.page
    await browser.sign_in("leader")

    await page.goto("/board")
    region = page.get_by_role("region", name="转接与停泊")
    await region.get_by_text("*701").wait_for()
    await region.get_by_text("外线号码").wait_for()
    assert "13700001111" not in await page.content()
    await browser.looks_right("board-moving")
    await page.get_by_role("button", name="通话").press("Enter")
    seats = page.get_by_role("region", name="坐席")
    await seats.get_by_role("button", name="显示全部坐席").wait_for()
    assert await seats.get_by_role("row").filter(has_text="8002").count() == 0
    assert await seats.get_by_role("row").filter(has_text="8001").count() == 1
    await page.get_by_role("status").get_by_text("人民路停水").wait_for()
    await page.set_viewport_size({"width": 390, "height": 844})
    await browser.looks_right("board-moving-phone")
    await seats.get_by_role("button", name="显示全部坐席").press("Enter")
    await seats.get_by_role("row").filter(has_text="8002").wait_for()
    await stays_in_hand(house, floor, page)
    await page.get_by_role("link", name="大屏视图").press("Enter")
    await page.locator(".wall-seats").get_by_text("8001").wait_for()
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await browser.looks_right("board-wall")
    await page.locator(".wall-figures").get_by_role("button", name="通话").press("Enter")
    await seats.get_by_role("button", name="显示全部坐席").press("Enter")
    await page.get_by_role("link", name="等待人数 1", exact=True).click()
    await page.get_by_role("heading", name="排队来电").wait_for()
    await page.get_by_text("空闲坐席的话机不在线").wait_for()
    await browser.looks_right("waiting-phone")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await browser.looks_right("waiting")
    await page.goto("/announcements")
    await page.get_by_role("heading", name="开启公告").wait_for()
    await browser.looks_right("announcements")
    await page.get_by_role("link", name="人民路停水").click()
    await page.get_by_text("没有来电").wait_for()
    await browser.looks_right("announcement")
    assert browser.trouble == []

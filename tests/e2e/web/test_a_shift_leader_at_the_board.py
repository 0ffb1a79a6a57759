"""A shift leader at the board: what is under way, and numbers that open their rows."""

from datetime import timedelta

import pytest

from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.kernel.ids import SeatId
from hotline.queues import phone_transfers
from hotline.queues import service as queues
from hotline.queues.control.states import TargetKind, TransferMode
from hotline.queues.phone_directory import Target
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


async def talk(floor: SmallFloor, seat_id: SeatId) -> None:
    async with floor.database.begin() as uow:
        await queues.make_available(uow, seat_id, floor.now)
    await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await queues.answer_offer(uow, offer.offer_id, now=floor.now)


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
        await phone_transfers.park(uow, resting, first, limit=timedelta(minutes=3), now=clock())
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
    await page.set_viewport_size({"width": 390, "height": 844})
    await browser.looks_right("board-moving-phone")
    await seats.get_by_role("button", name="显示全部坐席").press("Enter")
    await seats.get_by_role("row").filter(has_text="8002").wait_for()
    assert browser.trouble == []

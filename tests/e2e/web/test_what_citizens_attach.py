"""Photos and papers of citizens on the screens of those who work on them."""

import pytest
from playwright.async_api import Page

from case_bridge.cases.case import Attachment as Evidence
from case_bridge.web.routes import PART as CASES
from hotline.accounts.roles import Role
from hotline.contacts.contact import Attachment
from hotline.intake.form import WebForm
from hotline.intake.service import receive
from hotline.kernel.ids import TicketId
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.photos import png
from tests.fakes.public_house import INTAKE
from tests.fakes.web_house import WebHouse
from tests.integration.case_bridge.city import build_city

PHOTO = png(320, 240)
PHONE = {"width": 390, "height": 844}
DRAWN = "[...document.querySelectorAll('.files img')].every(each => each.naturalWidth === 320)"


@pytest.fixture
async def house(house: WebHouse) -> WebHouse:
    """The house with the case system."""
    house.parts = (*house.parts, CASES)
    return house


async def ticket_with_files(house: WebHouse) -> TicketId:
    form = WebForm(
        nonce="a nonce of the page",
        subject="井盖丢失",
        body="人民路12号门前井盖不见了",
        attachments=(
            Attachment("从东面看.png", "image/png", PHOTO),
            Attachment("从西面看.png", "image/png", png(320, 240, blue=250)),
            Attachment("情况说明.pdf", "application/pdf", b"%PDF-1.7"),
        ),
    )
    contact = form.to_contact(now=house.clock())
    received = await receive(house.database, contact, options=INTAKE, now=house.clock())
    assert received.ticket_id
    return received.ticket_id


async def sees_photos(page: Page, number: int) -> None:
    await page.locator(".files").scroll_into_view_if_needed()
    await page.wait_for_function(f"document.querySelectorAll('.files img').length === {number}")
    await page.wait_for_function(DRAWN)


async def test_a_seat_sees_the_photos_of_a_ticket_at_the_desk_and_on_its_page(
    house: WebHouse, browser: Browser
) -> None:
    """R15; WCAG 2.2 AA: small pictures with names, at the desk and on a phone."""
    ticket_id = await ticket_with_files(house)
    await house.user("wang", Role.SEAT, seat="801")
    await browser.sign_in("wang")
    page = browser.page
    await page.wait_for_selector("#seat-state")
    await page.click(".work .line-button")
    await sees_photos(page, 2)
    await browser.looks_right("desk_attachments")
    async with page.expect_popup() as opened:
        await page.click("text=从东面看.png")
    photo = await opened.value
    await photo.wait_for_function("document.images[0]?.naturalWidth === 320")
    await photo.close()

    await page.goto(f"/tickets/{ticket_id}")
    await sees_photos(page, 2)
    await browser.looks_right("ticket_attachments")
    await page.set_viewport_size(PHONE)
    await sees_photos(page, 2)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(wide)
    await browser.looks_right("ticket_attachments_phone")


async def test_a_dispatcher_sees_the_photos_on_the_case(
    house: WebHouse, browser: Browser, clock: FakeClock
) -> None:
    """R15: origin, time and fingerprint beside the picture."""
    city = await build_city(house.database, clock)
    photo = Evidence(name="附件1.png", media_type="image/png", content=PHOTO)
    case_id = await city.registered_case(attachments=(photo,))
    await house.user("li", Role.DISPATCHER)
    await browser.sign_in("li")
    await browser.page.goto(f"/cases/{case_id}")
    await sees_photos(browser.page, 1)
    await browser.looks_right("case_attachments")

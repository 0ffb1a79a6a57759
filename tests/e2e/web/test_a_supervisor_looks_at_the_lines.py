"""A supervisor looks at the lines: in Chromium, judged by axe, at the desk and on a phone."""

from datetime import timedelta

import pytest

from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.telephony import service as telephony
from hotline.web.supervision.handlers import PART
from tests.conftest import FakeClock
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import WebHouse
from tests.integration.hotline.contacts.telephony.test_service import refusal, report

RENEW = """typed => new Promise(done => {
  const lines = document.querySelector('#lines');
  if (typed) lines.insertAdjacentHTML('beforeend', '<label>x<input></label>');
  const field = lines.querySelector('input');
  if (typed) field.value = typed;
  addEventListener('htmx:finally:request', event => done(field.isConnected), { once: true });
  if (!typed) field.value = '';
  htmx.trigger(lines, 'every');
})"""
"""The next renewal now, with a field in it that holds `typed`; says whether the field is left."""


@pytest.fixture
async def house(house: WebHouse) -> WebHouse:
    """The house with the pages of supervision."""
    house.parts = (*house.parts, PART)
    return house


async def test_the_page_renews_itself_and_every_number_opens_its_rows(
    house: WebHouse, browser: Browser, clock: FakeClock
) -> None:
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
        told = report(clock())
        await telephony.report(uow, process_id, told, [refusal(clock())], now=clock())
    await house.user("boss", Role.SUPERVISOR)
    page = browser.page
    await browser.sign_in("boss")

    await page.goto("/lines")
    await page.get_by_text("1 / 9").wait_for()
    await browser.looks_right("lines")
    await page.get_by_role("link", name="1 / 9").focus()
    clock.advance(timedelta(seconds=2))
    async with house.database.begin() as uow:
        told = report(clock(), calls_now=9)
        await telephony.report(uow, process_id, told, [], now=clock())
    await page.get_by_text("9 / 9").wait_for()
    await page.get_by_text("线路已满").first.wait_for()
    assert await page.evaluate("document.activeElement.textContent") == "9 / 9"
    assert await page.evaluate(RENEW, "half a word") is True
    assert await page.evaluate(RENEW, "") is False
    await page.set_viewport_size({"width": 390, "height": 844})
    await browser.looks_right("lines-phone")
    await page.get_by_role("link", name="9 / 9").press("Enter")
    await page.get_by_role("heading", name="一天内被拒绝的通话").wait_for()
    await page.get_by_text("486").wait_for()
    await browser.looks_right("line")

    assert browser.trouble == []

"""A shift leader before a list of tickets: by keyboard, kept as a view, taken away as a file."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ViewportSize
from sqlalchemy import select

from case_bridge.web.routes import PART as CASES
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.kernel import outbox
from hotline.kernel.ids import TicketId, new_id
from hotline.reports.exports import service as exports
from hotline.reports.exports.model import ExportRow
from hotline.reports.exports.service import ExportOptions
from hotline.reports.exports.tickets import TicketExport
from hotline.tickets import service
from hotline.tickets.ticket import RequestKind, TicketDraft
from hotline.web.labels import label
from hotline.web.tickets.handlers import ticket_lists_part
from hotline.web.tickets.options import TicketListOptions
from tests.e2e.web.conftest import Browser
from tests.fakes.operations_house import OPERATIONS
from tests.fakes.web_house import PEOPLE, WebHouse

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def options(house: WebHouse, tmp_path: Path) -> ExportOptions:
    """The house with the lists; before the browser opens."""
    made = ExportOptions(tmp_path / "exports", {"tickets": TicketExport(label)})
    lists = ticket_lists_part(TicketListOptions(people=PEOPLE, exports=made))
    house.parts = (*house.parts, lists, OPERATIONS, CASES)
    return made


async def opened(house: WebHouse, subject: str, **fields: Any) -> TicketId:
    draft = TicketDraft(
        channel=Channel.WEB,
        request_kind=RequestKind.COMPLAINT,
        subject=subject,
        body="已经三天了，请尽快处理",
        reply_channel=Channel.WEB,
        reply_to=None,
        address="莲池市荷香路12号",
        **fields,
    )
    async with house.database.begin() as uow:
        ticket_id = await service.open_ticket(uow, draft, now=house.clock())
        await service.transfer_ticket(uow, ticket_id, actor="user:a", now=house.clock())
    return ticket_id


async def test_r62_from_the_words_to_the_receipt_of_the_deadline(
    house: WebHouse, options: ExportOptions, browser: Browser
) -> None:
    """R62, issue C 4 and 11: found by words and keyboard; the due time tells how it came about."""
    for number in range(60):
        await opened(house, f"{number}号路灯不亮")
    cover = await opened(house, "井盖缺失", category_code="S:incident:0110")
    await house.user("boss", Role.SHIFT_LEADER)
    page = browser.page
    await browser.sign_in("boss")

    await page.goto("/tickets")
    await browser.looks_right("tickets")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    focused = "document.activeElement.closest('tr').rowIndex"
    assert await page.evaluate(focused) == 2
    await page.keyboard.press("k")
    assert await page.evaluate(focused) == 1
    await page.keyboard.press("/")
    await page.keyboard.type("荷香路井盖")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**words=*")
    await page.get_by_text("共 1 件").wait_for()
    await page.locator(f"a[href='/tickets/{cover}#deadline']").click()
    await page.locator("pre#deadline").wait_for(state="visible")
    await browser.looks_right("ticket-deadline")

    await page.goto("/tickets?state=transferred")
    await page.locator("#next").click()
    await page.get_by_text("续页").wait_for()
    await page.fill("#name", "在办")
    await page.get_by_role("button", name="保存", exact=True).click()
    await page.get_by_role("link", name="在办").wait_for()

    await page.get_by_role("button", name="导出", exact=True).click()
    await page.locator("progress").wait_for()
    await browser.looks_right("exports")
    async with house.database.read() as session:
        export_id = (await session.scalars(select(ExportRow.id))).one()
    await exports.write_export(house.database, export_id, options=options, now=house.clock())
    await page.get_by_role("link", name="下载").wait_for()

    await page.set_viewport_size(PHONE)
    await page.goto("/tickets")
    await browser.looks_right("tickets-phone")
    wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide


@pytest.mark.usefixtures("options")
async def test_a_dead_letter_is_owed_again_from_its_page(house: WebHouse, browser: Browser) -> None:
    """Issue C 12: dead letters on a page."""
    async with house.database.begin() as uow:
        payload = {"ticket_id": str(new_id()), "round": 1}
        effect = outbox.Effect("submit_case", "dead", payload, house.clock())
        (owed,) = await outbox.put(uow.session, [effect], now=house.clock())
        held = await outbox.claim(uow.session, owed, now=house.clock())
        assert held is not None
        await outbox.bury(uow.session, held, error="KeyError")
    await house.user("boss", Role.SHIFT_LEADER)
    page = browser.page
    await browser.sign_in("boss")

    await page.goto("/operations/dead-letters")
    await browser.looks_right("dead-letters")
    await page.fill("input[name='reason']", "案卷系统已恢复")
    await page.get_by_role("button", name="再次办理").click()
    await page.get_by_text("没有未完成的事项").wait_for()

"""A seat writes up a call by keyboard alone, loses the network, and goes on."""

import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.kernel.ids import TicketId
from hotline.queues import service as queues
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, TicketDraft
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import NUMBER, PASSWORD, WebHouse


async def sit_down(house: WebHouse, browser: Browser) -> Page:
    await house.user("wang", Role.SEAT, seat="801")
    await browser.sign_in("wang")
    page = browser.page
    await page.wait_for_selector("#seat-state:text('签出')")
    await page.keyboard.press("Alt+3")
    await page.wait_for_selector("#seat-state:text('空闲')")
    return page


async def answer_call(house: WebHouse, page: Page) -> None:
    await house.ring()
    await page.wait_for_selector(".call.ringing")
    await house.pick_up("801")
    await page.wait_for_selector(".call.answered")
    await page.wait_for_selector("h2:text('本次来电的新工单')")


async def test_a_call_becomes_a_transferred_ticket_without_touching_the_mouse(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await browser.looks_right("desk_available")
    await house.ring()
    await page.wait_for_selector(".call.ringing")
    assert await page.inner_text("#caller") == "138****1234"
    assert "来电" in await page.title()
    await browser.looks_right("desk_ringing")
    await house.pick_up("801")
    await page.wait_for_selector("h2:text('本次来电的新工单')")

    keys = page.keyboard
    await keys.press("Alt+b")
    await keys.type("人民路井盖丢失")
    await keys.press("Alt+c")
    await keys.type("jinggai")
    await page.wait_for_selector("[role=option][aria-selected=true]")
    await browser.looks_right("desk_category")
    await keys.press("Enter")
    await keys.press("Tab")
    await keys.press("ArrowDown")
    await keys.press("Tab")
    await keys.type("人民路1号门前上水井盖丢失，夜间危险。")
    await keys.press("Tab")
    await keys.type("人民路1号")
    await keys.press("Control+s")
    await page.wait_for_selector("text=已保存：")
    await browser.looks_right("desk_saved")
    await keys.press("Control+Enter")
    await page.wait_for_selector("#ticket-state:text('已转办')")
    await browser.looks_right("desk_transferred")

    async with house.database.read() as session:
        ticket_id = (await session.scalars(select(TicketRow.id))).one()
        view = await reading.ticket_view(session, TicketId(ticket_id))
    assert (view.state, view.subject, view.address) == (
        TicketState.TRANSFERRED,
        "人民路井盖丢失",
        "人民路1号",
    )
    assert (view.category and view.category.code, view.condition) == ("0101", "HAZARD")
    assert view.body == "人民路1号门前上水井盖丢失，夜间危险。"


async def test_two_matters_of_one_call_are_two_tickets_of_that_call(
    house: WebHouse, browser: Browser
) -> None:
    """What is begun, saved or typed of every matter is kept, told apart and found again."""
    page = await sit_down(house, browser)
    await answer_call(house, page)
    keys = page.keyboard
    await keys.press("Alt+b")
    await keys.type("人民路井盖丢失")
    await keys.press("Alt+n")
    await expect(page.locator("#subject")).to_have_value("")
    await expect(page.locator("#ticket-heading")).to_have_text("本次来电的新工单")
    await keys.type("解放路路灯不亮")
    matters = page.locator(".matters button")
    await expect(matters).to_have_text(
        [re.compile(r"井盖[\s\S]*未保存"), re.compile(r"路灯[\s\S]*未保存")]
    )
    await page.reload()
    await expect(page.locator("#subject")).to_have_value("解放路路灯不亮")
    await keys.press("Control+s")
    await expect(matters).to_have_text(
        [re.compile(r"路灯[\s\S]*受理"), re.compile(r"井盖[\s\S]*未保存")]
    )
    await browser.looks_right("desk_matters")
    last, bar = [
        await page.locator(each).bounding_box() for each in ("#reply_to", ".ticket > .actions")
    ]
    assert last is not None
    assert bar is not None
    assert last["y"] + last["height"] <= bar["y"]  # no field hides behind the buttons

    await matters.get_by_text("井盖").click()
    await expect(page.locator("#subject")).to_have_value("人民路井盖丢失")
    await keys.press("Control+s")

    await expect(matters).to_have_text(
        [re.compile(r"路灯[\s\S]*受理"), re.compile(r"井盖[\s\S]*受理")]
    )
    async with house.database.read() as session:
        rows = (await session.scalars(select(TicketRow).order_by(TicketRow.serial))).all()
    assert [row.subject for row in rows] == ["解放路路灯不亮", "人民路井盖丢失"]
    assert None not in {row.call_id for row in rows}
    assert len({row.call_id for row in rows}) == 1
    assert {row.reply_to for row in rows} == {NUMBER}


async def test_what_is_not_about_the_call_keeps_the_callers_number_out(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)
    await page.click("text=与来电无关")
    await expect(page.locator("#ticket-heading")).to_have_text("新工单")
    await page.keyboard.type("昨天的信件")
    await page.select_option("#reply_channel", "web")

    await page.keyboard.press("Control+s")

    await page.wait_for_selector("text=已保存：")
    async with house.database.read() as session:
        row = (await session.scalars(select(TicketRow))).one()
    assert (row.call_id, row.citizen_id, row.reply_to) == (None, None, None)


async def test_escape_closes_the_small_forms_and_gives_the_focus_back(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)
    for opens, field in (("#ask-why", "#why"), ("#ask-abuse", "#abuse")):
        await page.focus(opens)
        await page.keyboard.press("Enter")
        await expect(page.locator(field)).to_be_focused()

        await page.keyboard.press("Escape")

        await expect(page.locator(field)).to_have_count(0)
        await expect(page.locator(opens)).to_be_focused()
    await page.keyboard.press("Alt+b")
    await page.keyboard.press("Alt+p")
    await expect(page.locator("#pause-why")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#pause-why")).to_have_count(0)
    await expect(page.locator("#subject")).to_be_focused()


async def test_the_help_opens_by_key_and_closes_by_key(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)

    await page.keyboard.press("?")
    await page.wait_for_selector("dialog[open]")
    await browser.looks_right("desk_help")
    await page.keyboard.press("Escape")

    await page.wait_for_selector("dialog[open]", state="detached")


async def test_a_question_mark_in_a_text_is_a_question_mark(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await page.keyboard.press("Alt+b")

    await page.keyboard.type("what?")

    assert await page.input_value("#subject") == "what?"
    assert await page.locator("dialog[open]").count() == 0


async def test_a_desk_without_a_microphone_says_so_and_may_be_tried_again(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)

    for _ in range(2):
        await page.click("input[name=phone][value=page]")
        await page.wait_for_selector("[role=alert]:has-text('麦克风')")
        await expect(page.locator("input[name=phone][value=sip]")).to_be_checked()


async def test_a_break_is_taken_and_ended_by_keyboard(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)

    await page.keyboard.press("Alt+2")
    await page.wait_for_selector(".reasons button:focus")
    await browser.looks_right("desk_break")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await page.wait_for_selector("#seat-state:text('小休（休息）')")
    await page.keyboard.press("Alt+1")
    await page.wait_for_selector("#seat-state:text('空闲')")


async def test_tab_walks_through_the_whole_desk_and_out(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)
    await page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        seen.append(
            await page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )

    assert {"subject", "category", "body", "reply_channel"} <= set(seen)
    assert seen.count("subject") >= 2  # around, not stuck


async def test_typed_text_outlives_a_lost_network_and_a_reload(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)
    await page.keyboard.press("Alt+b")
    await page.keyboard.type("路灯不亮")
    await page.context.set_offline(True)
    await page.keyboard.press("Control+s")
    await page.wait_for_selector("[role=alert]:has-text('网络不通')")
    browser.trouble.clear()  # the request that could not leave
    await page.context.set_offline(False)

    await page.reload()

    await page.wait_for_selector("h2:text('本次来电的新工单')")
    assert await page.input_value("#subject") == "路灯不亮"
    await page.keyboard.press("Control+s")
    await page.wait_for_selector("text=已保存：")
    assert await page.locator("text=有新来电").count() == 0
    async with house.database.read() as session:
        assert (await session.scalars(select(TicketRow.call_id))).one() is not None


async def test_a_session_that_ends_is_begun_again_over_the_page_and_nothing_typed_is_lost(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await page.keyboard.press("Alt+b")
    await page.keyboard.type("没有来电的新工单")
    await page.reload()  # a ticket of no call is in hand again too
    await page.wait_for_selector("#seat-state")
    await expect(page.locator("#subject")).to_have_value("没有来电的新工单")
    await page.keyboard.press("Alt+r")
    await page.keyboard.type("写了一半的答复")
    await page.context.clear_cookies()

    await page.keyboard.press("Control+s")

    await page.wait_for_selector("#again-password:focus")
    await page.keyboard.type("not the password")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#again-problem:text('密码不正确')")
    await browser.looks_right("desk_sign_in_again")
    await page.keyboard.press("Escape")  # nobody gets past it
    await page.fill("#again-password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open]", state="detached")
    assert await page.input_value("#subject") == "没有来电的新工单"
    assert await page.input_value("#question") == "写了一半的答复"
    await page.reload()
    await expect(page.locator("#question")).to_have_value("写了一半的答复")
    await page.keyboard.press("Alt+n")
    await page.locator("#drafts").get_by_text("没有来电的新工单").click()
    await expect(page.locator("#question")).to_have_value("写了一半的答复")


async def test_each_call_has_a_wrap_up_of_its_own(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)
    await page.keyboard.press("Alt+w")
    await page.fill("#wrap-up-note", "第一个电话")
    async with house.database.begin() as uow:
        contact = (await queues.seat_view(uow.session, house.seats["801"])).contact
    assert contact is not None
    await house.hang_up(contact.call_id)
    await page.reload()
    await expect(page.locator("#wrap-up-note")).to_have_value("第一个电话")
    await page.keyboard.press("Alt+1")
    await page.wait_for_selector("#seat-state:text('空闲')")

    await answer_call(house, page)

    await page.keyboard.press("Alt+w")
    await expect(page.locator("#wrap-up-note")).to_have_value("")


async def test_a_second_call_does_not_take_away_what_is_being_typed(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    await page.keyboard.press("Alt+b")
    await page.keyboard.type("一件旧事")

    await house.ring()
    await house.pick_up("801")

    await page.wait_for_selector("text=有新来电，当前工单尚未保存")
    assert await page.input_value("#subject") == "一件旧事"
    await page.keyboard.press("Alt+n")
    await page.wait_for_selector("h2:text('本次来电的新工单')")
    assert await page.input_value("#subject") == ""


async def test_a_mistake_is_shown_at_its_field(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)

    await page.keyboard.press("Control+s")

    await page.wait_for_selector("#subject[aria-invalid=true]:focus")
    assert await page.inner_text("#subject-problem") == "请填写此项。"
    assert "请按提示修改" in await page.inner_text("[role=alert]")
    await browser.looks_right("desk_mistake")


async def test_a_ticket_from_the_web_waits_in_the_list_and_is_answered(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    draft = TicketDraft(
        channel=Channel.WEB,
        request_kind=RequestKind.INQUIRY,
        subject="几点开门",
        body="办事大厅几点开门？",
        reply_channel=Channel.WEB,
        reply_to=None,
    )
    async with house.database.begin() as uow:
        ticket_id = await tickets.open_ticket(uow, draft, now=house.clock())
    await page.wait_for_selector(".work .line-button")

    await page.keyboard.press("Alt+l")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#ticket-heading:focus")
    await browser.looks_right("desk_waiting_ticket")
    await page.keyboard.press("Alt+r")
    await page.keyboard.type("工作日9时至17时。")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await page.wait_for_selector("#ticket-state:text('归档')")
    async with house.database.read() as session:
        view = await reading.ticket_view(session, ticket_id)
    assert (view.state, view.result) == (TicketState.CLOSED, "工作日9时至17时。")


async def test_a_number_is_shown_for_a_reason(house: WebHouse, browser: Browser) -> None:
    page = await sit_down(house, browser)
    await answer_call(house, page)
    await page.click("text=查看完整号码")
    await page.keyboard.type("核对身份")

    await page.keyboard.press("Enter")

    await page.wait_for_selector("#caller:text('13800001234')")


async def test_a_returned_ticket_shows_why_and_its_citizen_is_rung_back(
    house: WebHouse, browser: Browser
) -> None:
    page = await sit_down(house, browser)
    draft = TicketDraft(
        channel=Channel.WEB,
        request_kind=RequestKind.COMPLAINT,
        subject="路灯不亮",
        body="北大街路灯不亮",
        reply_channel=Channel.VOICE,
        reply_to="13800001234",
    )
    async with house.database.begin() as uow:
        ticket_id = await tickets.open_ticket(uow, draft, now=house.clock())
        await tickets.transfer_ticket(uow, ticket_id, actor="user:x", now=house.clock())
        await tickets.return_ticket(uow, ticket_id, reason="地址不详", now=house.clock())
        number = (await reading.ticket_view(uow.session, ticket_id)).number

    await page.fill("#find", number)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".timeline >> text=地址不详")
    await page.click(".ticket >> text=查看完整号码")
    await page.keyboard.type("请市民补充地址")
    await browser.looks_right("desk_returned")
    await page.click("button:text-is('查看')")

    await page.wait_for_selector("#reply-number:text('13800001234')")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_board_shows_the_floor(house: WebHouse, browser: Browser, language: str) -> None:
    await house.seat("801")
    await house.user("leader", Role.SHIFT_LEADER)
    await browser.sign_in("leader")
    await browser.page.goto(f"/language/{language}?next=/board")

    await browser.page.wait_for_selector("table")

    await browser.looks_right(f"board_{language}")

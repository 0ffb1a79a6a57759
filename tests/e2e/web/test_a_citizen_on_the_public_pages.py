"""A citizen reports a matter, looks it up, and says whether it is solved."""

from playwright.async_api import Page, ViewportSize

from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.service import schedule_callback
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import Outcome
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import WebHouse

PHONE: ViewportSize = {"width": 390, "height": 844}


async def resolve(house: WebHouse, number: str) -> None:
    async with house.database.begin() as uow:
        ticket = await reading.ticket_by_number(uow.session, number)
        await tickets.transfer_ticket(uow, ticket.ticket_id, actor="user:x", now=house.clock())
        await tickets.resolve_ticket(
            uow,
            ticket.ticket_id,
            outcome=Outcome.SOLVED,
            result="井盖已补装，现场核查通过",
            now=house.clock(),
        )
        await uow.session.flush()
        await schedule_callback(
            uow, ticket.ticket_id, policy=CallbackPolicy.for_demo(), now=house.clock()
        )


async def look_up(page: Page, number: str, code: str) -> None:
    await page.goto("/status")
    await page.fill("#number", number)
    await page.fill("#code", code)
    await page.click("main button")
    await page.wait_for_selector("#words")


async def test_a_report_from_the_first_page_to_the_answered_questions(
    house: WebHouse, browser: Browser
) -> None:
    page = browser.page
    await page.goto("/")
    await browser.looks_right("home")
    await page.click("main >> text=反映问题 >> nth=-1")
    await page.wait_for_url("**/report")
    await page.click("button:has-text('提交')")
    await browser.looks_right("report")  # the browser itself asks for the text
    await page.fill("#body", "人民路与解放街交叉口上水井盖丢失，夜间骑车危险。")
    await page.fill("#address", "人民路与解放街交叉口")
    await page.click("button:has-text('提交')")
    await page.wait_for_selector("#problems")
    await browser.looks_right("report_with_a_problem")
    await page.fill("#phone", "13800001234")
    await page.click("button:has-text('提交')")
    number = await page.inner_text("#ticket-number")
    code = await page.inner_text("#query-code")
    await browser.looks_right("receipt")

    await look_up(page, number, code)
    await browser.looks_right("progress")
    await resolve(house, number)
    await look_up(page, number, code)
    await page.click("text=评价办理结果")
    await page.wait_for_selector("input[name=solved]")
    await browser.looks_right("questions")
    await page.check("input[name=solved][value='1']")
    await page.check("input[name=satisfaction][value='1']")
    await page.click("button:has-text('提交评价')")
    await page.wait_for_selector("#thanks")
    await browser.looks_right("thanks")

    async with house.database.read() as session:
        assert (await reading.ticket_by_number(session, number)).state is TicketState.CLOSED


async def test_the_form_works_without_scripts_on_a_phone_by_keyboard(
    house: WebHouse, browser: Browser
) -> None:
    await browser.page.goto("/report")
    assert browser.page.context.browser
    context = await browser.page.context.browser.new_context(
        java_script_enabled=False, viewport=PHONE
    )
    page = await context.new_page()
    await page.goto(browser.page.url)
    await page.focus("#body")
    await page.keyboard.type("路灯不亮")
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.locator("#phone:focus").count():
            break
    await page.keyboard.type("13800001234")
    await page.keyboard.press("Enter")

    number = await page.inner_text("#ticket-number")

    assert len(number) == 14
    await context.close()


async def test_pages_fit_a_phone(house: WebHouse, browser: Browser) -> None:
    page = browser.page
    await page.set_viewport_size(PHONE)
    for path in ("/", "/report", "/status", "/login"):
        await page.goto(path)
        await browser.looks_right(f"phone{path.replace('/', '_')}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], path


async def test_the_english_pages(house: WebHouse, browser: Browser) -> None:
    page = browser.page
    await page.goto("/report")

    await page.click("text=English")

    await page.wait_for_selector("html[lang=en]")
    await browser.looks_right("report_en")
    assert await page.inner_text("h1") == "Report a problem"

"""The administrators before their pages, and a seat that wraps a call up; all by keyboard."""

import pytest
from playwright.async_api import ViewportSize
from sqlalchemy import select

from hotline.accounts.model import UserRow
from hotline.accounts.roles import Role
from hotline.contacts.model import CallDispositionRow
from hotline.queues import service as queues
from hotline.web.accounts.handlers import accounts_part
from hotline.web.accounts.options import AccountsOptions
from hotline.web.audit.handlers import PART as AUDIT
from tests.e2e.web.conftest import Browser
from tests.fakes.web_house import WebHouse

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def offices(house: WebHouse) -> None:
    """The house with the administrators' pages; before the browser opens."""

    async def units(_session: object) -> list[tuple[object, str]]:
        return []

    async def settle(_uow: object, _user_id: object) -> None:
        return None

    options = AccountsOptions(units=units, settle=settle)  # type: ignore[arg-type]
    house.parts = (*house.parts, accounts_part(options), AUDIT)


@pytest.mark.usefixtures("offices")
async def test_a_person_is_made_and_changes_the_one_time_password(
    house: WebHouse, browser: Browser
) -> None:
    """The security administrator lands on the users; the new person on the password page."""
    await house.user("sec", Role.SECURITY_ADMIN)
    await house.seat("801")
    page = browser.page
    await browser.sign_in("sec")
    assert page.url.endswith("/accounts")
    await browser.looks_right("accounts")

    await page.get_by_role("link", name="新建用户").click()
    await page.locator("#login:focus").wait_for()
    await page.keyboard.type("zhou")
    await page.keyboard.press("Tab")
    await page.keyboard.type("周敏")
    await page.get_by_label("坐席", exact=True).first.check()
    await browser.looks_right("account-new")
    await page.keyboard.press("Enter")
    code = page.locator(".big-number code")
    await code.wait_for()
    password = await code.inner_text()
    await browser.looks_right("one-time")
    await page.get_by_role("link", name="返回该用户").click()
    await page.get_by_text("待改密码").wait_for()
    await browser.looks_right("account")
    await page.set_viewport_size(PHONE)
    await browser.looks_right("account-phone")
    await page.get_by_role("button", name="退出").click()
    await page.locator("#password").wait_for()
    await page.wait_for_load_state("networkidle")
    await page.fill("#login", "zhou")
    await page.fill("#password", password)
    await page.keyboard.press("Enter")
    await page.locator("#old_password").wait_for()
    await browser.looks_right("password-phone")
    await page.fill("#old_password", password)
    await page.fill("#new_password", "quite another one")
    await page.fill("#again", "quite another one")
    await page.locator("#again").press("Enter")
    await page.wait_for_url(lambda url: url.partition("?")[0].endswith("/desk"))
    async with house.database.read() as session:
        row = (await session.scalars(select(UserRow).where(UserRow.login == "zhou"))).one()
    assert not row.must_change_password


@pytest.mark.usefixtures("offices")
async def test_the_audit_administrator_reads_and_verifies(
    house: WebHouse, browser: Browser
) -> None:
    """The audit administrator lands on the log, opens a row by keyboard and verifies the chain."""
    await house.user("aud", Role.AUDIT_ADMIN)
    page = browser.page
    await browser.sign_in("aud")
    assert page.url.endswith("/audit")
    await browser.looks_right("audit")

    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="校验链").wait_for()
    await browser.looks_right("audit-row")
    await page.goto("/audit")
    await page.get_by_role("button", name="校验").click()
    await page.get_by_text("日志完整").wait_for()
    await browser.looks_right("audit-verified")


async def test_a_seat_wraps_a_call_up_by_keyboard(house: WebHouse, browser: Browser) -> None:
    """Alt+W, a digit, Enter; what is missing is said beside its field."""
    user_id = await house.user("wang", Role.SEAT, Role.SHIFT_LEADER, seat="801")
    async with house.database.begin() as uow:
        await queues.sign_in(uow, house.seats["801"], user_id, house.clock())
        await queues.make_available(uow, house.seats["801"], house.clock())
    call_id = await house.ring()
    await house.pick_up("801")
    await house.hang_up(call_id)
    page = browser.page
    await browser.sign_in("wang")
    await page.locator("wrap-up-panel form").wait_for()

    await page.keyboard.press("Alt+w")
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    await page.locator("#wrap-up-note-problem").wait_for()
    await browser.looks_right("wrap-up-missing")
    await page.locator("#wrap-up-note:focus").wait_for()
    await page.keyboard.type("已告知办理地点")
    await page.keyboard.press("Enter")
    await page.locator("#wrap-up-kept", has_text="直接答复").wait_for()
    await browser.looks_right("wrap-up")

    async with house.database.read() as session:
        (row,) = (await session.scalars(select(CallDispositionRow))).all()
    assert (row.call_id, row.note) == (call_id, "已告知办理地点")
    await page.goto("/wrap-ups")
    await page.locator("td a").click()
    await page.get_by_role("cell", name="已告知办理地点").wait_for()
    await browser.looks_right("wrap-ups")

"""The public form: what a citizen sends is kept at once, and never lost (R1, R12)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from hotline.contacts.contact import Channel
from hotline.contacts.model import AttachmentRow, ContactRow
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState
from tests.fakes.web_house import WebHouse

Visit = Callable[..., Awaitable[TestClient[Any, Any]]]

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
REPORT = {
    "body": "人民路与解放街交叉口污水井盖丢失",
    "address": "人民路与解放街交叉口",
    "reply_channel": "voice",
    "phone": "13800001234",
}


async def open_form(client: TestClient[Any, Any]) -> dict[str, str]:
    page = await (await client.get("/report")).text()
    return {
        name: re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]
        for name in ("form_token", "nonce")
    }


async def send(client: TestClient[Any, Any], **changes: str) -> tuple[int, str]:
    """Fill in the form, send it, and follow to the receipt."""
    answer = await client.post("/report", data=await open_form(client) | REPORT | changes)
    return answer.status, await answer.text()


def read_receipt(page: str) -> tuple[str, str]:
    number = re.search(r'id="ticket-number">(\d{14})<', page)
    code = re.search(r'id="query-code">(\d{6})<', page)
    assert number, page
    assert code, page
    return number.group(1), code.group(1)


async def count(database: Database, kind: Any) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(kind)) or 0


async def test_r1_the_home_page_names_the_numbers_and_the_form(visit: Visit) -> None:
    page = await (await (await visit()).get("/")).text()

    assert 'href="tel:12319"' in page
    assert 'href="tel:12345"' in page
    assert 'href="/report"' in page
    assert 'href="/status"' in page


async def test_r12_a_report_is_registered_at_once_and_has_a_receipt(
    house: WebHouse, visit: Visit
) -> None:
    status, page = await send(await visit())

    assert status == 200
    number, _ = read_receipt(page)
    async with house.database.read() as session:
        ticket = await session.scalar(select(TicketRow).where(TicketRow.number == number))
    assert ticket is not None
    assert (ticket.state, ticket.channel, ticket.body, ticket.address) == (
        TicketState.OPEN,
        Channel.WEB,
        REPORT["body"],
        REPORT["address"],
    )
    assert "138****1234" in page
    assert "13800001234" not in page


async def test_number_and_code_of_the_receipt_open_the_status_page(visit: Visit) -> None:
    client = await visit()
    number, code = read_receipt((await send(client))[1])
    token = (await open_form(client))["form_token"]

    answer = await client.post(
        "/status", data={"number": number, "code": code, "form_token": token}
    )

    page = await answer.text()
    assert "已受理，等待办理" in page
    assert "诉求已受理" in page


async def test_sending_the_same_page_twice_is_one_report_with_one_receipt(
    house: WebHouse, visit: Visit
) -> None:
    client = await visit()
    fields = await open_form(client) | REPORT

    pages = await asyncio.gather(*(client.post("/report", data=fields) for _ in range(4)))

    receipts = {read_receipt(await page.text()) for page in pages}
    assert len(receipts) == 1
    assert await count(house.database, TicketRow) == 1


async def test_going_back_and_writing_something_else_is_another_report(
    house: WebHouse, visit: Visit
) -> None:
    client = await visit()
    fields = await open_form(client) | REPORT

    first = await client.post("/report", data=fields)
    second = await client.post("/report", data=fields | {"body": "另外，路灯也不亮"})

    assert read_receipt(await first.text()) != read_receipt(await second.text())
    assert await count(house.database, TicketRow) == 2


async def test_a_form_without_text_comes_back_with_everything_else_in_it(
    house: WebHouse, visit: Visit
) -> None:
    status, page = await send(await visit(), body="  ", address="北大街<7>号")

    assert status == 422
    assert "请填写您要反映的问题" in page
    assert "北大街&lt;7&gt;号" in page
    assert 'aria-invalid="true"' in page
    assert await count(house.database, ContactRow) == 0


async def test_an_unknown_category_is_not_a_lost_report(house: WebHouse, visit: Visit) -> None:
    status, page = await send(await visit(), category_code="no such thing")

    assert status == 200
    read_receipt(page)


async def test_a_category_of_the_list_is_kept(house: WebHouse, visit: Visit) -> None:
    await house.categories()
    client = await visit()
    form = await (await client.get("/report")).text()
    assert '<optgroup label="公用设施">' in form

    await send(client, category_code="S:facility:0101")

    async with house.database.read() as session:
        assert await session.scalar(select(TicketRow.category_id)) is not None


async def test_photos_are_kept_with_their_digest(house: WebHouse, visit: Visit) -> None:
    client = await visit()
    data = FormData()
    for name, value in (await open_form(client) | REPORT).items():
        data.add_field(name, value)
    for number in range(2):
        data.add_field("photos", JPEG, filename=f"{number}.jpg", content_type="image/jpeg")

    answer = await client.post("/report", data=data)

    assert answer.status == 200, await answer.text()
    assert await count(house.database, AttachmentRow) == 2


async def test_a_program_called_photo_is_refused_and_the_text_stays(
    house: WebHouse, visit: Visit
) -> None:
    client = await visit()
    data = FormData()
    for name, value in (await open_form(client) | REPORT).items():
        data.add_field(name, value)
    data.add_field("photos", b"MZ\x90", filename="a.jpg", content_type="image/jpeg")

    answer = await client.post("/report", data=data)

    page = await answer.text()
    assert answer.status == 422
    assert "只能上传照片" in page
    assert REPORT["body"] in page
    assert await count(house.database, ContactRow) == 0


async def test_the_trap_is_explained_not_silent(house: WebHouse, visit: Visit) -> None:
    status, page = await send(await visit(), website="https://example.org")

    assert status == 422
    assert "请将此栏留空" in page
    assert await count(house.database, ContactRow) == 0


async def test_an_anonymous_report_shows_no_number_and_still_has_its_receipt(
    house: WebHouse, visit: Visit
) -> None:
    status, page = await send(await visit(), anonymous="on", name="张三", reply_channel="web")

    assert status == 200
    read_receipt(page)
    assert "138" not in page
    async with house.database.read() as session:
        ticket = (await session.scalars(select(TicketRow))).one()
    assert (ticket.anonymous, ticket.citizen_id, ticket.reply_to) == (True, None, None)


async def test_one_source_may_not_flood_the_form_and_others_go_on(
    house: WebHouse, visit: Visit
) -> None:
    client = await visit()
    fields = await open_form(client)

    statuses = [(await client.post("/report", data=fields)).status for _ in range(31)]

    assert statuses == [422] * 30 + [429]
    other = await client.post(
        "/report", data=fields | REPORT, headers={"X-Forwarded-For": "192.0.2.2"}
    )
    assert other.status == 200


async def test_with_the_database_down_the_page_keeps_the_text_and_says_what_to_do(
    house: WebHouse, visit: Visit, clock: Clock
) -> None:
    working = house.database
    house.database = Database.connect("postgresql+asyncpg://nobody@127.0.0.1:1/none", clock=clock)
    client = await visit()

    status, page = await send(client, address="北大街7号")

    await house.database.close()
    house.database = working
    assert status == 503
    assert REPORT["body"] in page
    assert "北大街7号" in page
    assert "13800001234" in page
    assert "12345" in page
    assert "请稍后再按" in page
    # The page that came back can be sent again as it is.
    again = dict(re.findall(r'name="(form_token|nonce)" value="([^"]+)"', page))
    revived = await visit()
    fresh = (await open_form(revived))["form_token"]
    answer = await revived.post("/report", data=REPORT | again | {"form_token": fresh})
    assert answer.status == 200


@pytest.mark.parametrize("token", ["x", "ImEi.aaaaaa.bbbbbbbb"])
async def test_an_invented_receipt_shows_nothing(visit: Visit, token: str) -> None:
    answer = await (await visit()).get(f"/receipt/{token}")

    assert answer.status == 404
    assert "凭工单号和提取码" in await answer.text()


async def test_who_leaves_no_number_is_promised_no_call(visit: Visit) -> None:
    """R12: the receipt says how the answer reaches this citizen, and no other way."""
    _, by_phone = await send(await visit())
    _, by_page = await send(await visit(), reply_channel="web", phone="")

    assert "我们会按您选择的方式回访" in by_phone
    assert "我们会按您选择的方式回访" not in by_page
    assert "我们无法联系您" in by_page


async def test_a_page_that_has_grown_old_gives_back_what_was_typed(visit: Visit) -> None:
    client = await visit()
    form = await open_form(client)

    answer = await client.post("/report", data=REPORT | form | {"form_token": "0" * 64})

    page = await answer.text()
    assert answer.status == 403
    assert REPORT["body"] in page
    assert "<dt>您要反映什么问题？</dt>" in page
    assert form["nonce"] not in page

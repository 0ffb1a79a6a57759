"""The status page: honest to the right person, silent to others."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from hotline.callbacks.links import make_link_token
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.reading import callback_view
from hotline.callbacks.service import review_callback, schedule_callback
from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallbackId, TicketId
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import Outcome, RequestKind, TicketDraft
from hotline.web.rates import InProcess, RateLimit
from tests.conftest import FakeClock
from tests.fakes.public_house import LINKS, public
from tests.fakes.web_house import CODES, WebHouse, form_token

Visit = Callable[..., Awaitable[TestClient[Any, Any]]]


async def open_ticket(house: WebHouse) -> tuple[TicketId, str, str]:
    draft = TicketDraft(
        channel=Channel.WEB,
        request_kind=RequestKind.COMPLAINT,
        subject="井盖丢失",
        body="人民路井盖丢失",
        reply_channel=Channel.WEB,
        reply_to=None,
    )
    async with house.database.begin() as uow:
        ticket_id = await tickets.open_ticket(uow, draft, now=house.clock())
    async with house.database.read() as session:
        view = await reading.ticket_view(session, ticket_id)
        return ticket_id, view.number, await reading.query_code_of(session, ticket_id, CODES)


async def transfer(house: WebHouse, ticket_id: TicketId) -> None:
    async with house.database.begin() as uow:
        await tickets.transfer_ticket(uow, ticket_id, actor="user:x", now=house.clock())


async def resolve(house: WebHouse, ticket_id: TicketId) -> CallbackId:
    async with house.database.begin() as uow:
        await tickets.resolve_ticket(
            uow,
            ticket_id,
            outcome=Outcome.SOLVED,
            result="井盖已补装，现场核查通过",
            now=house.clock(),
        )
    async with house.database.begin() as uow:
        return await schedule_callback(
            uow, ticket_id, policy=CallbackPolicy.for_demo(), now=house.clock()
        )


async def state_of(house: WebHouse, ticket_id: TicketId) -> tuple[TicketState, int]:
    async with house.database.read() as session:
        view = await reading.ticket_view(session, ticket_id)
    return view.state, view.round


async def ask(client: TestClient[Any, Any], number: str, code: str) -> tuple[int, str]:
    token = await form_token(client, "/status")
    answer = await client.post(
        "/status", data={"number": number, "code": code, "form_token": token}
    )
    return answer.status, await answer.text()


async def test_a_ticket_that_was_handed_on_is_never_called_done(
    house: WebHouse, visit: Visit
) -> None:
    ticket_id, number, code = await open_ticket(house)
    await transfer(house, ticket_id)

    _, page = await ask(await visit(), number, code)

    assert "已转办，处理中" in page
    assert "办结" not in page.replace("应在此前办结", "")


async def test_a_wrong_code_and_an_unknown_number_are_one_answer(
    house: WebHouse, visit: Visit
) -> None:
    _, number, code = await open_ticket(house)
    wrong = "000000" if code != "000000" else "111111"
    client = await visit()

    told = [await ask(client, number, wrong), await ask(client, "20260311999999", code)]

    assert [status for status, _ in told] == [422, 422]
    assert all("工单号或提取码不正确" in page for _, page in told)
    assert all("井盖" not in page for _, page in told)


async def test_guessing_locks_the_ticket_even_for_the_right_code_for_a_while(
    house: WebHouse, visit: Visit, clock: FakeClock
) -> None:
    _, number, code = await open_ticket(house)
    wrong = "000000" if code != "000000" else "111111"
    client = await visit()
    for _ in range(5):
        await ask(client, number, wrong)

    status, page = await ask(client, number, code)

    assert status == 503
    assert "井盖" not in page
    clock.advance(timedelta(minutes=16))
    assert (await ask(client, number, code))[0] == 200


async def test_many_sources_together_may_not_try_all_tickets(house: WebHouse, visit: Visit) -> None:
    """Six digits are few for somebody with many addresses and every ticket's number."""
    house.parts = (public(all_guesses=InProcess(RateLimit(2, timedelta(hours=1)))),)
    _, number, code = await open_ticket(house)

    guesses = [
        (await ask(await visit(f"192.0.2.{n}"), f"2026031100{n:04}", "000000"))[0] for n in range(3)
    ]

    assert guesses == [422, 422, 429]
    assert (await ask(await visit("192.0.2.9"), number, code))[0] == 429


async def test_one_source_may_not_try_many_tickets(house: WebHouse, visit: Visit) -> None:
    client = await visit()

    statuses = [(await ask(client, f"2026031100{n:04}", "000000"))[0] for n in range(21)]

    assert statuses == [422] * 20 + [429]


async def test_the_code_stays_out_of_addresses(house: WebHouse, visit: Visit) -> None:
    _, number, code = await open_ticket(house)

    answer = await (await visit()).get(f"/status?number={number}&code={code}")

    assert "井盖" not in await answer.text()


async def test_from_the_status_page_a_citizen_answers_and_the_ticket_is_archived(
    house: WebHouse, visit: Visit
) -> None:
    ticket_id, number, code = await open_ticket(house)
    await transfer(house, ticket_id)
    callback_id = await resolve(house, ticket_id)
    client = await visit()
    _, page = await ask(client, number, code)
    path = page.split('href="/callback/')[1].split('"')[0]
    token = await form_token(client, f"/callback/{path}")

    answer = await client.post(
        f"/callback/{path}", data={"solved": "1", "satisfaction": "2", "form_token": token}
    )

    assert "您已确认问题解决" in await answer.text()
    assert (await state_of(house, ticket_id))[0] is TicketState.CLOSED
    async with house.database.read() as session:
        view = await callback_view(session, callback_id)
    assert (view.solved, view.satisfaction) == (1, 2)


async def test_not_solved_sends_the_ticket_back_to_work_on_the_spot(
    house: WebHouse, visit: Visit
) -> None:
    ticket_id, number, code = await open_ticket(house)
    await transfer(house, ticket_id)
    path = f"/callback/{make_link_token(LINKS, await resolve(house, ticket_id), now=house.clock())}"
    client = await visit()
    assert "评价办理结果" in (await ask(client, number, code))[1]

    answer = await client.post(
        path, data={"solved": "2", "form_token": await form_token(client, path)}
    )

    assert "已退回重新办理" in await answer.text()
    assert await state_of(house, ticket_id) == (TicketState.TRANSFERRED, 2)
    assert "评价办理结果" not in (await ask(client, number, code))[1], "there is none yet"


async def test_who_says_not_solved_may_say_why(house: WebHouse, visit: Visit) -> None:
    """R69, R80: up to 500 characters, kept with the callback; a longer text is not lost."""
    ticket_id, _, _ = await open_ticket(house)
    await transfer(house, ticket_id)
    callback_id = await resolve(house, ticket_id)
    path = f"/callback/{make_link_token(LINKS, callback_id, now=house.clock())}"
    client = await visit()

    async def answer(words: str) -> ClientResponse:
        token = await form_token(client, path)
        return await client.post(path, data={"solved": "2", "words": words, "form_token": token})

    too_long = await answer("很" * 501)
    await answer("井盖又松了，\r\n夜里很响")

    assert too_long.status == 422
    assert "很" * 501 in await too_long.text()
    async with house.database.read() as session:
        view = await callback_view(session, callback_id)
    assert (view.solved, view.words) == (2, "井盖又松了，\n夜里很响")
    assert await state_of(house, ticket_id) == (TicketState.TRANSFERRED, 2)


async def test_an_old_letter_opens_the_question_of_the_round_that_is_on(
    house: WebHouse, visit: Visit
) -> None:
    """R69: nobody was reached, another complainant reopened it, and it was done anew. Who finds
    the first letter then is asked about what is true now, and a "no" is not lost."""
    ticket_id, _, _ = await open_ticket(house)
    await transfer(house, ticket_id)
    first = await resolve(house, ticket_id)
    path = f"/callback/{make_link_token(LINKS, first, now=house.clock())}"
    client = await visit()
    house.clock.advance(CallbackPolicy.for_demo().answer_within)
    async with house.database.begin() as uow:
        await review_callback(uow, first, attempt_no=0, now=house.clock())
    async with house.database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="其他诉求人", now=house.clock())

    at_work = await (await client.get(path)).text()
    await resolve(house, ticket_id)
    answer = await client.post(
        path, data={"solved": "2", "form_token": await form_token(client, path)}
    )

    assert "正在重新办理" in at_work
    assert 'name="solved"' not in at_work
    assert "已退回重新办理" in await answer.text()
    assert await state_of(house, ticket_id) == (TicketState.TRANSFERRED, 3)


async def test_opening_a_link_changes_nothing(house: WebHouse, visit: Visit) -> None:
    ticket_id, _, _ = await open_ticket(house)
    await transfer(house, ticket_id)
    path = f"/callback/{make_link_token(LINKS, await resolve(house, ticket_id), now=house.clock())}"

    page = await (await (await visit()).get(path)).text()

    assert "井盖已补装" in page
    assert (await state_of(house, ticket_id))[0] is TicketState.RESOLVED


async def test_without_the_first_answer_the_page_asks_again_and_keeps_the_second(
    house: WebHouse, visit: Visit
) -> None:
    ticket_id, _, _ = await open_ticket(house)
    await transfer(house, ticket_id)
    path = f"/callback/{make_link_token(LINKS, await resolve(house, ticket_id), now=house.clock())}"
    client = await visit()

    answer = await client.post(
        path, data={"satisfaction": "3", "form_token": await form_token(client, path)}
    )

    page = await answer.text()
    assert answer.status == 422
    assert "请选择问题是否已经解决" in page
    assert 'name="satisfaction" value="3" checked' in page


async def test_an_invented_or_expired_link_opens_nothing(
    house: WebHouse, visit: Visit, clock: FakeClock
) -> None:
    ticket_id, _, _ = await open_ticket(house)
    await transfer(house, ticket_id)
    token = make_link_token(LINKS, await resolve(house, ticket_id), now=house.clock())
    client = await visit()
    clock.advance(LINKS.valid_for)

    for path, status in (("/callback/invented", 404), (f"/callback/{token}", 410)):
        answer = await client.get(path)
        page = await answer.text()

        assert answer.status == status
        assert "链接不完整或已失效" in page
        assert "token" not in page, "no word of the inside"
        assert "角色" not in page, "a citizen has none"

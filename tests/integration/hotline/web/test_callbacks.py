"""What complainants were told and said stands beside the ticket; the rest is a person's task."""

import wave
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.callbacks import reading
from hotline.callbacks import service as callbacks
from hotline.callbacks.attempts import attempt
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.spoken import has_spoken, keep_spoken
from hotline.callbacks.states import CallbackState, Question
from hotline.callbacks.untold import untold
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.states import OrderState
from hotline.contacts.contact import Channel, MessageState, ReturnedLetter
from hotline.contacts.messages import record_return
from hotline.contacts.model import MessageRow
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.ids import CallbackId, TicketId, UserId
from hotline.queues import service as queues
from hotline.recordings import service as recordings
from hotline.recordings.states import RecordingClass
from hotline.sla.calendar import CalendarYear
from hotline.tickets import reading as tickets
from hotline.tickets.calendars import save_calendar
from hotline.tickets.states import TicketState
from hotline.web.callbacks.handlers import PART
from hotline.web.recordings.handlers import recordings_part
from hotline.web.recordings.options import RecordingsOptions
from tests.fakes.web_house import WebHouse, form_token
from tests.integration.hotline.tickets.drafts import CALENDAR, resolved_ticket

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.VOICE, Channel.MAIL}),
)
CITIZEN = "zhang@example.org"


@pytest.fixture(autouse=True)
async def people(house: WebHouse) -> None:
    house.parts = (PART,)
    await house.user("wang", Role.SEAT, seat="801")
    await house.user("leader", Role.SHIFT_LEADER)
    await house.user("unit", Role.UNIT)


async def asked(house: WebHouse, **changes: Any) -> tuple[TicketId, CallbackId]:
    """A letter went to a citizen of a resolved ticket."""
    fields = {"reply_channel": Channel.MAIL, "reply_to": CITIZEN, **changes}
    ticket_id = await resolved_ticket(house.database, house.clock(), **fields)
    async with house.database.begin() as uow:
        callback_id = await callbacks.schedule_callback(
            uow, ticket_id, policy=OPTIONS.policy, now=house.clock()
        )
    await attempt(house.database, callback_id, attempt_no=1, options=OPTIONS, now=house.clock())
    return ticket_id, callback_id


async def not_reached(house: WebHouse, **changes: Any) -> tuple[TicketId, CallbackId]:
    ticket_id, callback_id = await asked(house, **changes)
    async with house.database.begin() as uow:
        await callbacks.record_message_end(
            uow, reference=f"callback:{callback_id}:1", is_sent=False, now=house.clock()
        )
    return ticket_id, callback_id


async def post(client: TestClient[Any, Any], path: str, **data: str) -> Any:
    token = await form_token(client, "/untold")
    return await client.post(path, data={"form_token": token, **data}, allow_redirects=False)


async def task_of(house: WebHouse) -> str:
    async with house.database.read() as session:
        (task,) = await untold(session)
    return f"/untold/{task.untold_id}"


async def test_a_seat_tells_by_hand_and_the_answer_counts(house: WebHouse, browse: Browse) -> None:
    """R69: "not solved", said to a person, sends the ticket back to work on the spot."""
    ticket_id, callback_id = await not_reached(house)
    client = await browse("wang")
    page = await (await client.get("/untold")).text()

    done = await post(
        client, f"{await task_of(house)}/settle", note="已电话告知", solved="2", satisfaction="5"
    )
    again = await (await client.get("/untold")).text()

    assert f"/tickets/{ticket_id}" in page
    assert CITIZEN not in page
    assert (done.status, done.headers["Location"]) == (303, "/untold?settled=1")
    assert f"/tickets/{ticket_id}" not in again
    async with house.database.read() as session:
        ticket = await tickets.ticket_view(session, ticket_id)
        callback = await reading.callback_view(session, callback_id)
        acts = list(await session.scalars(select(AuditRow.action)))
    assert (ticket.state, ticket.round) == (TicketState.TRANSFERRED, 2)
    assert (callback.state, callback.solved, callback.satisfaction) == (
        CallbackState.ANSWERED,
        2,
        5,
    )
    assert "untold.settle" in acts


async def test_two_seats_settle_a_task_once_and_never_without_a_word(
    house: WebHouse, browse: Browse
) -> None:
    await not_reached(house)
    client = await browse("wang")
    task = await task_of(house)

    answers = [
        (await post(client, f"{task}/settle", note=" ")).status,
        (await post(client, f"{task}/settle", note="不再联系", solved="3")).status,
        (await post(client, f"{task}/settle", note="不再联系")).status,
        (await post(client, f"{task}/settle", note="不再联系")).status,
        (await post(client, f"/untold/{uuid4()}/settle", note="不再联系")).status,
    ]

    assert answers == [422, 422, 303, 409, 404]


async def test_whoever_answers_after_all_is_no_task_any_more(
    house: WebHouse, browse: Browse
) -> None:
    _, callback_id = await not_reached(house)
    client = await browse("wang")
    task = await task_of(house)

    async with house.database.begin() as uow:
        await callbacks.record_answer(
            uow, callback_id, question=Question.SOLVED, answer=1, via="link", now=house.clock()
        )

    async with house.database.read() as session:
        assert await untold(session) == []
    assert (await post(client, f"{task}/settle", note="不再联系")).status == 409


async def test_the_whole_address_is_shown_on_demand_and_logged(
    house: WebHouse, browse: Browse
) -> None:
    """R88."""
    await not_reached(house)
    client = await browse("wang")

    shown = await post(client, f"{await task_of(house)}/number")

    assert CITIZEN in await shown.text()
    async with house.database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action)))
    assert "number.unmask" in acts


async def test_who_asked_for_confidence_is_seen_by_the_shift_leader_only(
    house: WebHouse, browse: Browse
) -> None:
    """R88."""
    await not_reached(house, confidential=True)
    seat, leader = await browse("wang"), await browse("leader")
    path = f"{await task_of(house)}/number"

    refused, shown = await post(seat, path), await post(leader, path)

    assert (refused.status, shown.status) == (403, 200)
    assert CITIZEN in await shown.text()


async def test_a_ticket_shows_what_was_sent_asked_and_answered(
    house: WebHouse, browse: Browse
) -> None:
    """R69, R80: a letter that came back is seen at once; nobody can answer for the citizen."""
    ticket_id, callback_id = await asked(house)
    async with house.database.begin() as uow:
        message = (await uow.session.scalars(select(MessageRow))).one()
        await callbacks.record_words(uow, callback_id, "井盖又松了")
        await callbacks.record_answer(
            uow, callback_id, question=Question.SATISFACTION, answer=4, now=house.clock()
        )
    async with house.database.begin() as uow:
        row = await uow.session.get_one(MessageRow, message.id)
        row.state = MessageState.SENT
        letter = ReturnedLetter(message.trace, frozenset({CITIZEN}), "5.1.1")
        assert await record_return(uow, letter, now=house.clock())
    client = await browse("wang")

    card = await (await client.get(f"/tickets/{ticket_id}/callbacks")).text()

    assert "井盖又松了" in card
    assert "不满意" in card
    assert "被退回 5.1.1" in card
    assert CITIZEN not in card
    assert "/callback/" not in card
    whole = await (await client.get(f"/tickets/{ticket_id}")).text()
    assert f'hx-get="/tickets/{ticket_id}/callbacks"' in whole


async def test_who_calls_before_the_callback_is_asked_there_and_then_and_not_rung_again(
    house: WebHouse, browse: Browse
) -> None:
    """R69: told once, asked once; "not solved" sends the ticket back to work on the spot."""
    ticket_id, callback_id = await asked(house, reply_channel=Channel.VOICE, reply_to="13800001234")
    client, unit = await browse("wang"), await browse("unit")
    card, path = f"/tickets/{ticket_id}/callbacks", f"/tickets/{ticket_id}/callbacks/{callback_id}"

    offered = await (await client.get(card)).text()
    nothing = await post(client, f"{path}/answer", solved="")
    strange = await post(client, f"/tickets/{uuid4()}/callbacks/{callback_id}/answer", solved="1")
    foreign = await unit.post(f"{path}/answer", data={"solved": "1"})
    done = await post(client, f"{path}/answer", solved="2", satisfaction="4")
    again = await post(client, f"{path}/answer", solved="1")

    assert f'action="{path}/answer"' in offered
    assert "/answer" not in await (await client.get(card)).text()
    assert [each.status for each in (nothing, strange, foreign)] == [422, 404, 403]
    assert (done.status, done.headers["Location"]) == (303, f"/tickets/{ticket_id}")
    assert again.status == 409
    async with house.database.read() as session:
        callback = await reading.callback_view(session, callback_id)
        ticket = await tickets.ticket_view(session, ticket_id)
        order = (await session.scalars(select(CallOrderRow))).one()
        acts = list(await session.scalars(select(AuditRow.action)))
    assert (callback.state, callback.solved, callback.satisfaction) == (
        CallbackState.ANSWERED,
        2,
        4,
    )
    assert (ticket.state, ticket.round) == (TicketState.TRANSFERRED, 2)
    assert order.state is OrderState.EXPIRED, "the call that waited for a line is not made"
    assert "callback.answer" in acts


async def test_a_callback_that_waits_for_the_end_of_a_holiday_says_so(
    house: WebHouse, browse: Browse
) -> None:
    """R69: nobody is rung on a public holiday; the day of the call explains itself."""
    days = {date(2026, 3, day): "春节" for day in (11, 12, 13)}
    year = CalendarYear(2026, "1", "a notice", days, {})
    async with house.database.begin() as uow:
        await save_calendar(uow, replace(CALENDAR, years=(year,)), now=house.clock())

    ticket_id, callback_id = await asked(house, reply_channel=Channel.VOICE, reply_to="13800001234")

    card = await (await (await browse("wang")).get(f"/tickets/{ticket_id}/callbacks")).text()
    async with house.database.read() as session:
        callback = await reading.callback_view(session, callback_id)
    assert callback.due_at == datetime(2026, 3, 14, 9, tzinfo=SHANGHAI)
    assert callback.attempts == ()
    assert "春节：放假期间不打回访电话" in card


async def test_callbacks_are_not_for_units_and_not_of_other_tickets(
    house: WebHouse, browse: Browse
) -> None:
    ticket_id, callback_id = await not_reached(house)
    client, unit = await browse("wang"), await browse("unit")
    words = f"/callbacks/{callback_id}/words"

    assert (await unit.get(f"/tickets/{ticket_id}/callbacks")).status == 403
    assert (await client.get(f"/tickets/{uuid4()}/callbacks")).status == 404
    assert (await client.get(f"/tickets/{ticket_id}{words}")).status == 404  # nothing was said
    assert (await client.get(f"/tickets/{uuid4()}{words}")).status == 404
    assert (await client.get(f"/tickets/{ticket_id}{words}/sound")).status == 404


async def seated(house: WebHouse) -> None:
    async with house.database.begin() as uow:
        await queues.sign_in(uow, house.seats["801"], UserId(uuid4()), house.clock())


async def spoken(house: WebHouse, folder: Path, callback_id: CallbackId, level: int) -> UUID:
    """Two seconds of sound, recorded in the callback."""
    call_id = await house.ring()
    async with house.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path="w.wav", kind=RecordingClass.MESSAGE, now=house.clock()
        )
        await keep_spoken(uow, callback_id, recording_id)
    with wave.open(str(folder / "w.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(np.full(2 * 2 * 8000, level, dtype="<i2").tobytes())
    await recordings.finish_recording(
        house.database, recording_id, folder=folder, now=house.clock()
    )
    return recording_id


async def test_what_a_complainant_said_is_heard_by_who_may_and_every_listening_is_logged(
    house: WebHouse, browse: Browse, tmp_path: Path
) -> None:
    """R80, R88."""
    house.parts = (PART, recordings_part(RecordingsOptions(tmp_path)))
    await seated(house)
    ticket_id, callback_id = await asked(house)
    recording_id = await spoken(house, tmp_path, callback_id, 4000)
    assert await has_spoken(house.database, callback_id, recording_id, folder=tmp_path)
    client, unit = await browse("wang"), await browse("unit")
    page = f"/tickets/{ticket_id}/callbacks/{callback_id}/words"

    card = await (await client.get(f"/tickets/{ticket_id}/callbacks")).text()
    closed = (await client.get(f"{page}/sound?listening={uuid4()}")).status
    opened = await post(client, page)
    where = opened.headers["Location"]
    shown = await (await client.get(where)).text()
    sound = await client.get(f"{page}/sound?{where.partition('?')[2]}")

    assert page in card
    assert (closed, opened.status, sound.status) == (403, 303, 200)
    assert f"{page}/sound?listening=" in shown
    assert len(await sound.read()) == 2 * 4 * 8000 + 44
    assert (await unit.get(page)).status == 403
    async with house.database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action)))
    assert acts.count("recording.listen") == 1


async def test_silence_is_no_reason_that_anybody_gave(house: WebHouse, tmp_path: Path) -> None:
    await seated(house)
    _, callback_id = await asked(house)
    recording_id = await spoken(house, tmp_path, callback_id, 0)

    said = await has_spoken(house.database, callback_id, recording_id, folder=tmp_path)

    async with house.database.read() as session:
        view = await reading.callback_view(session, callback_id)
    assert (said, view.spoken_id) == (False, None)

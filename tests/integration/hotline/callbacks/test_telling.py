from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.states import UntoldKind
from hotline.callbacks.telling import tell_answer, tell_cancellation
from hotline.callbacks.untold import UntoldView, note_failed_letter, untold
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallDraft
from hotline.contacts.contact import Channel
from hotline.contacts.model import MessageRow
from hotline.kernel.db import Database
from hotline.kernel.ids import CallId
from hotline.tickets import service
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import open_ticket, owed

OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.VOICE, Channel.MAIL, Channel.SMS}),
)


TEXTS = frozenset({Channel.VOICE, Channel.MAIL})
"""An installation without a gateway for text messages."""


async def talk(
    database: Database, now: datetime, *, ended_at: datetime | None, connected: bool = True
) -> CallId:
    """A call that came in a minute ago."""
    started = now - timedelta(minutes=1)
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=started)
        draft = CallDraft(
            process_id=process_id,
            direction=CallDirection.INBOUND,
            line="12319",
            number="13800001234",
            number_hash="x",
            to_number="12319",
            sip_call_id="",
            contact_id=None,
            flow="main",
            flow_digest="x",
        )
        call_id = await calls.open_call(uow, draft, now=started)
        row = await uow.session.get_one(CallRow, call_id)
        row.connected_at = started if connected else None
        row.ended_at = ended_at
    return call_id


async def answered(
    database: Database,
    clock: FakeClock,
    *,
    options: CallbackOptions = OPTIONS,
    **changes: Any,
) -> tuple[list[MessageRow], list[UntoldView]]:
    """Return what is sent, and what is left to a person, when a ticket is answered directly."""
    ticket_id = await open_ticket(database, clock(), **changes)
    async with database.begin() as uow:
        await service.answer_ticket(
            uow, ticket_id, answer="周一至周五办理", actor="user:test", now=clock()
        )
    for _ in range(2):
        async with database.begin() as uow:
            await tell_answer(uow, ticket_id, options=options, now=clock())
    return await told(database)


async def told(database: Database) -> tuple[list[MessageRow], list[UntoldView]]:
    async with database.read() as session:
        return list(await session.scalars(select(MessageRow))), list(await untold(session))


async def test_whoever_wrote_is_answered_in_writing_once(
    database: Database, clock: FakeClock
) -> None:
    """R11."""
    (message,), left = await answered(
        database, clock, reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    assert message.address == "zhang@example.org"
    assert "周一至周五办理" in message.body
    assert left == []


@pytest.mark.parametrize("since", [None, timedelta(minutes=5)], ids=["talking", "just now"])
async def test_a_caller_has_heard_it_already(
    database: Database, clock: FakeClock, since: timedelta | None
) -> None:
    call_id = await talk(database, clock(), ended_at=clock() - since if since else None)

    assert await answered(database, clock, call_id=call_id) == ([], [])


@pytest.mark.parametrize(
    ("connected", "since"),
    [(True, timedelta(hours=3)), (False, timedelta(minutes=1))],
    ids=["the talk is long over", "only a message was left"],
)
async def test_a_caller_who_was_not_there_any_more_is_told_in_writing(
    database: Database, clock: FakeClock, connected: bool, since: timedelta
) -> None:
    """R11: an answer that is typed after the talk has been heard by nobody."""
    call_id = await talk(database, clock(), ended_at=clock() - since, connected=connected)

    (message,), left = await answered(database, clock, call_id=call_id)

    assert (message.channel, message.address) == (Channel.SMS, "13800001234")
    assert left == []


async def test_who_wrote_and_wants_a_call_is_left_to_a_person_where_no_letter_can_go(
    database: Database, clock: FakeClock
) -> None:
    """R11: a form with a telephone number, answered directly, was never told to anybody."""
    options = replace(OPTIONS, channels=TEXTS)

    sent, (task,) = await answered(database, clock, options=options, channel=Channel.WEB)

    assert sent == []
    assert task.kind is UntoldKind.ANSWER
    assert task.callback_id is None


async def test_who_left_no_address_reads_the_answer_on_the_page(
    database: Database, clock: FakeClock
) -> None:
    found = await answered(database, clock, reply_channel=Channel.WEB, reply_to=None)

    assert found == ([], [])


async def test_no_text_message_with_an_answer_rings_at_night(
    database: Database, clock: FakeClock
) -> None:
    clock.advance(timedelta(hours=13))  # 23:00

    await answered(database, clock, channel=Channel.WEB, reply_channel=Channel.SMS)

    (job,) = await owed(database, "send_message")
    assert job.due_at == clock() + timedelta(hours=10)


async def test_an_unanswered_ticket_tells_nothing(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(
        database, clock(), reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    async with database.begin() as uow:
        await tell_answer(uow, ticket_id, options=OPTIONS, now=clock())
        await tell_cancellation(uow, ticket_id, options=OPTIONS, now=clock())

    assert await told(database) == ([], [])


async def test_a_void_ticket_does_not_vanish_in_silence(
    database: Database, clock: FakeClock
) -> None:
    """R17: who reported it has a number, and waits."""
    ticket_id = await open_ticket(
        database, clock(), reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )
    async with database.begin() as uow:
        await service.cancel_ticket(
            uow, ticket_id, reason="与另一工单重复", actor="user:test", now=clock()
        )

    for _ in range(2):
        async with database.begin() as uow:
            await tell_cancellation(uow, ticket_id, options=OPTIONS, now=clock())

    (message,), left = await told(database)
    assert "已作废" in message.body
    assert "与另一工单重复" in message.body
    assert left == []


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("answer", UntoldKind.ANSWER),
        ("cancellation", UntoldKind.CANCELLATION),
        ("receipt", UntoldKind.RECEIPT),
    ],
)
async def test_a_letter_that_did_not_arrive_is_left_to_a_person_once(
    database: Database, clock: FakeClock, key: str, kind: UntoldKind
) -> None:
    ticket_id = await open_ticket(
        database, clock(), reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    for _ in range(2):
        async with database.begin() as uow:
            await note_failed_letter(
                uow, reference=f"ticket:{ticket_id}", key=f"{key}:{ticket_id}", now=clock()
            )

    _, (task,) = await told(database)
    assert (task.kind, task.ticket_id) == (kind, ticket_id)


async def test_a_text_receipt_that_fails_is_no_task_for_a_caller_who_heard_the_number(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        await note_failed_letter(
            uow, reference=f"ticket:{ticket_id}", key=f"receipt:{ticket_id}", now=clock()
        )
        await note_failed_letter(uow, reference="return:1", key="return:1", now=clock())

    assert await told(database) == ([], [])

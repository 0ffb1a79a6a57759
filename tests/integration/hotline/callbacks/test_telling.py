from typing import Any

from sqlalchemy import select

from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.telling import tell_answer
from hotline.contacts.contact import Channel
from hotline.contacts.model import MessageRow
from hotline.kernel.db import Database
from hotline.tickets import service
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import open_ticket

OPTIONS = CallbackOptions(
    links=LinkOptions(b"a secret of the installation", "https://city.example"),
    channels=frozenset({Channel.VOICE, Channel.MAIL}),
)


async def told(database: Database, clock: FakeClock, **changes: Any) -> list[MessageRow]:
    ticket_id = await open_ticket(database, clock(), **changes)
    async with database.begin() as uow:
        await service.answer_ticket(
            uow, ticket_id, answer="周一至周五办理", actor="user:test", now=clock()
        )
    for _ in range(2):
        async with database.begin() as uow:
            await tell_answer(uow, ticket_id, options=OPTIONS, now=clock())
    async with database.read() as session:
        return list(await session.scalars(select(MessageRow)))


async def test_whoever_wrote_is_answered_in_writing_once(
    database: Database, clock: FakeClock
) -> None:
    """R11."""
    (message,) = await told(
        database, clock, reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    assert message.address == "zhang@example.org"
    assert "周一至周五办理" in message.body


async def test_a_caller_has_heard_it_already(database: Database, clock: FakeClock) -> None:
    assert await told(database, clock) == []


async def test_an_unanswered_ticket_tells_nothing(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(
        database, clock(), reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    async with database.begin() as uow:
        await tell_answer(uow, ticket_id, options=OPTIONS, now=clock())

    async with database.read() as session:
        assert (await session.scalars(select(MessageRow))).all() == []

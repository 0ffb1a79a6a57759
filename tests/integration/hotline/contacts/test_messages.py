import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from channels.outbound import OutboundByChannel
from hotline.contacts import messages
from hotline.contacts.contact import (
    SECRET_MARK,
    SEND_LIMIT,
    Channel,
    DeliveryUnknown,
    MessageState,
    OutboundMessage,
    Undeliverable,
)
from hotline.contacts.messages import MessageView
from hotline.contacts.model import MessageRow
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock
from tests.fakes.memory_sender import MemorySender
from tests.integration.hotline.tickets.drafts import owed

MESSAGE = OutboundMessage(
    channel=Channel.MAIL,
    to="zhang@example.org",
    subject="已受理",
    body=f"提取码：{SECRET_MARK}",
    reference="ticket:1",
    key="receipt:1",
    secret="123456",
)


class Dying:
    """A relay whose worker is killed in the act."""

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        raise asyncio.CancelledError


class Hanging:
    """A relay that takes the message and never answers."""

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        await asyncio.Event().wait()


def outbound(*failures: Exception) -> tuple[OutboundByChannel, MemorySender]:
    sender = MemorySender(*failures)  # type: ignore[arg-type]
    return OutboundByChannel({Channel.MAIL: sender}), sender


async def queue(database: Database, now: datetime) -> UUID:
    async with database.begin() as uow:
        return await messages.queue_message(uow, MESSAGE, now=now)


async def view(database: Database) -> MessageView:
    async with database.read() as session:
        (found,) = await messages.messages_about(session, ["ticket:1"])
    return found


async def test_the_same_key_is_queued_and_sent_once(database: Database, clock: FakeClock) -> None:
    out, sender = outbound()

    first, second = await queue(database, clock()), await queue(database, clock())
    await messages.send_message(database, out, first, now=clock())
    await messages.send_message(database, out, second, now=clock())

    assert first == second
    assert len(sender.sent) == 1
    assert (await view(database)).state is MessageState.SENT
    assert len(await owed(database, "send_message")) == 1


async def test_the_secret_is_sent_and_then_forgotten(database: Database, clock: FakeClock) -> None:
    out, sender = outbound()
    message_id = await queue(database, clock())

    await messages.send_message(database, out, message_id, now=clock())

    async with database.read() as session:
        row = (await session.scalars(select(MessageRow))).one()
    assert sender.sent[0].body == "提取码：123456"
    assert row.secret is None
    assert "123456" not in row.body


async def test_a_relay_that_is_down_leaves_the_message_queued(
    database: Database, clock: FakeClock
) -> None:
    out, sender = outbound(Unavailable("the mail relay"))
    message_id = await queue(database, clock())

    with pytest.raises(Unavailable):
        await messages.send_message(database, out, message_id, now=clock())
    waiting = await view(database)
    await messages.send_message(database, out, message_id, now=clock())

    assert waiting.state is MessageState.QUEUED
    assert len(sender.sent) == 1


async def test_a_refused_message_is_not_tried_again(database: Database, clock: FakeClock) -> None:
    out, sender = outbound(Undeliverable(Channel.MAIL, "550"))
    message_id = await queue(database, clock())

    for _ in range(2):
        await messages.send_message(database, out, message_id, now=clock())

    assert sender.sent == []
    assert (await view(database)).state is MessageState.FAILED


async def test_a_message_of_unknown_fate_is_repeated_once(
    database: Database, clock: FakeClock
) -> None:
    unknown = DeliveryUnknown(Channel.MAIL)
    out, sender = outbound(unknown, unknown)
    message_id = await queue(database, clock())

    states = []
    for _ in range(4):
        await messages.send_message(database, out, message_id, now=clock())
        states.append((await view(database)).state)

    found = await view(database)
    assert states == ["unknown", "lost", "lost", "lost"]
    assert found.repeats == 1
    assert sender.sent == []
    assert len(await owed(database, "send_message")) == 2


async def test_a_message_whose_sender_died_is_repeated_once(
    database: Database, clock: FakeClock
) -> None:
    out, sender = outbound()
    message_id = await queue(database, clock())
    dying = OutboundByChannel({Channel.MAIL: Dying()})

    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await messages.send_message(database, dying, message_id, now=clock())
        clock.advance(2 * SEND_LIMIT)
    await messages.send_message(database, out, message_id, now=clock())

    assert sender.sent == []
    assert (await view(database)).state is MessageState.LOST


async def test_a_message_in_the_hands_of_another_worker_is_left_alone(
    database: Database, clock: FakeClock
) -> None:
    out, sender = outbound()
    message_id = await queue(database, clock())
    with pytest.raises(asyncio.CancelledError):
        await messages.send_message(
            database, OutboundByChannel({Channel.MAIL: Dying()}), message_id, now=clock()
        )

    with pytest.raises(Unavailable):
        await messages.send_message(
            database, out, message_id, now=clock.advance(timedelta(seconds=5))
        )

    assert sender.sent == []


async def test_the_sweeper_finds_a_message_whose_sender_died(
    database: Database, clock: FakeClock
) -> None:
    message_id = await queue(database, clock())
    with pytest.raises(asyncio.CancelledError):
        await messages.send_message(
            database, OutboundByChannel({Channel.MAIL: Dying()}), message_id, now=clock()
        )
    early = await messages.recover_messages(database, now=clock.advance(SEND_LIMIT))
    late = await messages.recover_messages(database, now=clock.advance(SEND_LIMIT))

    assert (early, late) == (0, 1)
    assert (await view(database)).state is MessageState.UNKNOWN
    assert len(await owed(database, "send_message")) == 2


async def test_the_sweeper_leaves_alone_what_another_worker_took_up_meanwhile(
    database: Database, clock: FakeClock
) -> None:
    out, sender = outbound()
    message_id = await queue(database, clock())
    with pytest.raises(asyncio.CancelledError):
        await messages.send_message(
            database, OutboundByChannel({Channel.MAIL: Dying()}), message_id, now=clock()
        )
    clock.advance(2 * SEND_LIMIT)
    await messages.send_message(database, out, message_id, now=clock())

    assert await messages.recover_messages(database, now=clock()) == 0
    assert len(sender.sent) == 1


async def test_a_sending_that_takes_too_long_is_of_unknown_fate(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "SEND_LIMIT", timedelta(milliseconds=20))
    message_id = await queue(database, clock())

    await messages.send_message(
        database, OutboundByChannel({Channel.MAIL: Hanging()}), message_id, now=clock()
    )

    assert (await view(database)).state is MessageState.UNKNOWN


class Slow:
    """A relay that answers after everybody has given the sender up."""

    def __init__(self, database: Database, clock: FakeClock, *failures: Exception) -> None:
        self.database = database
        self.clock = clock
        self.failures = list(failures)

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        self.clock.advance(2 * SEND_LIMIT)
        await messages.recover_messages(self.database, now=self.clock())
        if self.failures:
            raise self.failures.pop()


async def test_a_result_that_comes_after_the_sender_was_given_up_still_counts(
    database: Database, clock: FakeClock
) -> None:
    """R69: what is known to have left is not repeated."""
    message_id = await queue(database, clock())
    slow = OutboundByChannel({Channel.MAIL: Slow(database, clock)})

    await messages.send_message(database, slow, message_id, now=clock())
    again, sender = outbound()
    await messages.send_message(database, again, message_id, now=clock())

    assert (await view(database)).state is MessageState.SENT
    assert sender.sent == []


async def test_doubt_that_comes_after_the_sender_was_given_up_changes_nothing(
    database: Database, clock: FakeClock
) -> None:
    message_id = await queue(database, clock())
    slow = Slow(database, clock, DeliveryUnknown(Channel.MAIL))

    await messages.send_message(
        database, OutboundByChannel({Channel.MAIL: slow}), message_id, now=clock()
    )

    assert (await view(database)).state is MessageState.UNKNOWN
    assert len(await owed(database, "send_message")) == 2


async def test_a_result_is_not_taken_for_that_of_the_repeat(
    database: Database, clock: FakeClock
) -> None:
    message_id = await queue(database, clock())
    repeat = OutboundByChannel({Channel.MAIL: Dying()})

    class Slowest(Slow):
        async def send(self, message: OutboundMessage, *, now: datetime) -> None:
            await super().send(message, now=now)
            with pytest.raises(asyncio.CancelledError):
                await messages.send_message(database, repeat, message_id, now=clock())

    slowest = OutboundByChannel({Channel.MAIL: Slowest(database, clock)})
    await messages.send_message(database, slowest, message_id, now=clock())

    assert (await view(database)).state is MessageState.SENDING


async def test_a_channel_that_is_not_configured_refuses(
    database: Database, clock: FakeClock
) -> None:
    message_id = await queue(database, clock())

    await messages.send_message(database, OutboundByChannel({}), message_id, now=clock())

    assert (await view(database)).state is MessageState.FAILED


async def test_lists_mask_the_address(database: Database, clock: FakeClock) -> None:
    """R88."""
    await queue(database, clock())

    assert (await view(database)).address_masked == "z***@example.org"

"""The last rung of a return call: a message that we rang in vain."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd, CallResult
from hotline.contacts.contact import SECRET_MARK, Channel, OutboundMessage
from hotline.contacts.messages import queue_message
from hotline.contacts.model import MessageRow
from hotline.intake.rang_in_vain import tell_not_reached
from hotline.intake.receipts import MESSAGES_AN_HOUR, ReceiptOptions
from hotline.kernel.db import Database
from hotline.kernel.outbox import OutboxRow
from hotline.queues import service as queues
from hotline.queues.returns import service as returns
from hotline.queues.returns.policy import DEFAULT_RETURNS
from hotline.queues.returns.states import ReturnState
from hotline.tickets import reading
from hotline.tickets.query_code import QueryCodeOptions
from tests.conftest import FakeClock
from tests.integration.hotline.queues.floor import SmallFloor
from tests.integration.hotline.queues.returns.test_service import (
    caller_from,
    dial,
    end_order,
    owed,
    take_order,
)
from tests.integration.hotline.tickets.drafts import open_ticket

OPTIONS = ReceiptOptions(
    codes=QueryCodeOptions(b"a secret of the installation"),
    public_url="https://city.example",
    channels=frozenset({Channel.SMS}),
)
NO_SMS = replace(OPTIONS, channels=frozenset())


@pytest.fixture
async def floor(database: Database, clock: FakeClock) -> SmallFloor:
    """One free seat."""
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    floor = SmallFloor(database, clock(), process_id)
    await floor.seat("8001")
    return floor


async def rung_in_vain(floor: SmallFloor, number: str, *, ticket: bool = False) -> UUID:
    """Somebody who is rung three times and never answers."""
    call_id = await caller_from(floor, number)
    async with floor.database.begin() as uow:
        await queues.call_back_instead(uow, call_id, now=floor.now)
    if ticket:
        await open_ticket(floor.database, floor.now, call_id=call_id)
    for gap in (timedelta(0), *DEFAULT_RETURNS.gaps):
        floor.now += gap
        assert await dial(floor) == 1
        order, back = await take_order(floor)
        await end_order(floor, order, back, CallResult.NO_ANSWER, CallEnd.NOT_ANSWERED)
    [one] = await owed(floor)
    return one.return_id


async def told(floor: SmallFloor, return_id: UUID, options: ReceiptOptions = OPTIONS) -> bool:
    async with floor.database.begin() as uow:
        return await tell_not_reached(uow, return_id, options=options, now=floor.now)


async def message(floor: SmallFloor) -> MessageRow:
    async with floor.database.read() as session:
        return (await session.scalars(select(MessageRow))).one()


async def end(floor: SmallFloor, reference: str, *, is_sent: bool) -> returns.ReturnCall:
    async with floor.database.begin() as uow:
        await returns.record_told(uow, reference=reference, is_sent=is_sent, now=floor.now)
    [one] = await owed(floor)
    return one


async def test_whom_we_rang_in_vain_reads_that_we_rang(floor: SmallFloor) -> None:
    """Issue B 7: the ladder of return calls ends with a message, once, recorded as such."""
    return_id = await rung_in_vain(floor, "13800000001")
    async with floor.database.read() as session:
        due = await session.scalars(select(OutboxRow.job).where(OutboxRow.job == returns.TELL_JOB))
        assert list(due) == ["tell_not_reached"]

    assert await told(floor, return_id)
    assert await told(floor, return_id)  # the job runs again: the same message
    sent = await message(floor)
    assert (sent.channel, sent.address) == (Channel.SMS, "13800000001")
    assert "3月11日10:00的来电未能接通，我们已回拨3次" in sent.body
    assert "请拨12345" in sent.body
    assert "提取码" not in sent.body

    failed = await end(floor, sent.reference, is_sent=False)
    assert (failed.state, failed.why) == (ReturnState.NOT_REACHED, "message_failed")
    done = await end(floor, sent.reference, is_sent=True)
    assert (done.state, done.why) == (ReturnState.TOLD, "message_sent")
    assert await end(floor, "ticket:1", is_sent=True) == done
    assert not await told(floor, return_id)


async def test_the_ticket_of_the_call_is_named_with_its_code(floor: SmallFloor) -> None:
    return_id = await rung_in_vain(floor, "13800000001", ticket=True)

    assert await told(floor, return_id)

    sent = await message(floor)
    async with floor.database.read() as session:
        [call] = [c for c in await owed(floor) if c.return_id == return_id]
        [ticket] = await reading.tickets_of_call(session, call.call_id)
        code = await reading.query_code_of(session, ticket.ticket_id, OPTIONS.codes)
    assert f"工单编号{ticket.number}，提取码{SECRET_MARK}" in sent.body
    assert sent.secret == code


async def test_nothing_is_sent_to_a_landline_or_without_sms(floor: SmallFloor) -> None:
    landline = await rung_in_vain(floor, "01012345678")

    assert not await told(floor, landline)
    assert not await told(floor, landline, NO_SMS)


async def test_who_got_many_messages_within_the_hour_gets_no_further_one(
    floor: SmallFloor,
) -> None:
    """A stranger's number that rings and rings must not flood whoever it belongs to."""
    number = "13800000001"
    return_id = await rung_in_vain(floor, number)
    async with floor.database.begin() as uow:
        for each in range(MESSAGES_AN_HOUR):
            receipt = OutboundMessage(Channel.SMS, number, "", "", "ticket:1", f"receipt:{each}")
            await queue_message(uow, receipt, now=floor.now)

    assert not await told(floor, return_id)
    floor.now += timedelta(hours=1, seconds=1)
    assert await told(floor, return_id)

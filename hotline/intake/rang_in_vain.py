"""The last rung of a return call (回拨): a text message that we rang, and how to go on."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.values import CallView
from hotline.contacts.contact import SECRET_MARK, Channel, OutboundMessage
from hotline.contacts.messages import count_messages_to, queue_message
from hotline.intake.receipts import MESSAGES_AN_HOUR, ReceiptOptions
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.people.number import NumberKind, parse_number
from hotline.queues.returns import service as returns
from hotline.queues.returns.service import MESSAGE_REFERENCE, ReturnCall
from hotline.queues.returns.states import ReturnState
from hotline.tickets import reading

log = structlog.get_logger()


async def tell_not_reached(
    uow: UnitOfWork, return_id: UUID, *, options: ReceiptOptions, now: datetime
) -> bool:
    """Owe the message to whom we rang in vain; False if it cannot be sent, or is not wanted.

    Job: `tell_not_reached` {return_id}. Only to mobile numbers, where SMS is configured, and not
    to a number that got many messages within the hour.
    """
    owed = await returns.return_call(uow.session, return_id)
    number = parse_number(owed.number)
    is_mobile = number is not None and number.kind is NumberKind.MOBILE
    if owed.state is not ReturnState.NOT_REACHED or not is_mobile:
        return False
    if Channel.SMS not in options.channels:
        return False
    recent = await count_messages_to(uow.session, owed.number, since=now - timedelta(hours=1))
    if recent >= MESSAGES_AN_HOUR:
        log.warning("return_message_left_out", return_id=str(return_id), messages=recent)
        return False
    call = await calls.get_call(uow.session, owed.call_id)
    ticket, code = await _ticket(uow, call, options)
    reference = f"{MESSAGE_REFERENCE}:{return_id}"
    message = OutboundMessage(
        channel=Channel.SMS,
        to=owed.number,
        subject="回拨未接通",
        body=_body(owed, call, ticket, f"{options.public_url}/status"),
        reference=reference,
        key=reference,
        secret=code,
    )
    await queue_message(uow, message, now=now)
    return True


async def _ticket(
    uow: UnitOfWork, call: CallView, options: ReceiptOptions
) -> tuple[str | None, str | None]:
    """Return number and query code of the latest ticket that came of the call, if one did."""
    came = await reading.tickets_of_call(uow.session, call.call_id)
    if not came:
        return None, None
    code = await reading.query_code_of(uow.session, came[-1].ticket_id, options.codes)
    return came[-1].number, code


def _body(owed: ReturnCall, call: CallView, ticket: str | None, url: str) -> str:
    rang = call.started_at.astimezone(SHANGHAI)
    body = (
        f"您{rang.month}月{rang.day}日{rang:%H:%M}的来电未能接通，我们已回拨{owed.attempts}次，"
        f"没有联系上您。仍需办理请拨{call.line}。"
    )
    if ticket is None:
        return body
    return f"{body}您的工单编号{ticket}，提取码{SECRET_MARK}，查询：{url}"

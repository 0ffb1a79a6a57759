"""The receipt (受理回执): number, query code, and where to look; to whoever wrote."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from hotline.contacts.contact import SECRET_MARK, Channel, OutboundMessage
from hotline.contacts.messages import count_messages_to, queue_message
from hotline.contacts.service import contact_view
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import ContactId, TicketId
from hotline.people.number import NumberKind, parse_number
from hotline.tickets.model import TicketRow
from hotline.tickets.query_code import QueryCodeOptions, query_code
from hotline.tickets.repository import Tickets

log = structlog.get_logger()

MESSAGES_AN_HOUR = 10
"""To one address; more receipts than a person's reports would need."""


@dataclass(frozen=True, slots=True)
class ReceiptOptions:
    """The secret of query codes, the public pages, and the channels that are configured."""

    codes: QueryCodeOptions
    public_url: str
    """Such as `https://12345.example.org`, without a slash at the end."""
    channels: frozenset[Channel]
    hotline: str = "12319"
    """The number that citizens dial with questions."""


async def send_receipt(
    uow: UnitOfWork, ticket_id: TicketId, *, options: ReceiptOptions, now: datetime
) -> None:
    """Owe the receipt of a ticket to its citizen, once.

    By mail to whoever is answered by mail, by text message to mobile numbers where SMS is
    configured; the others see it on the page or hear it from the seat. Job: `send_receipt`
    {ticket_id}, from TicketOpened.

    An address that got many messages within the hour gets no further receipt: a machine that
    answers receipts would never stop, and a form filled in with a stranger's number must not
    flood them (RFC 3834 2).
    """
    ticket = await Tickets(uow.session).get(ticket_id)
    if ticket.reply_to is None:
        return
    channel = _channel(ticket, options)
    if channel is None:
        return
    recent = await count_messages_to(uow.session, ticket.reply_to, since=now - timedelta(hours=1))
    if recent >= MESSAGES_AN_HOUR:
        log.warning("receipt_left_out", ticket_id=str(ticket_id), messages_in_last_hour=recent)
        return
    code = query_code(options.codes, ticket_id, ticket.code_generation)
    message = OutboundMessage(
        channel=channel,
        to=ticket.reply_to,
        subject=f"工单 {ticket.number} 已受理",
        body=_body(ticket, channel, options),
        reference=f"ticket:{ticket_id}",
        key=f"receipt:{ticket_id}",
        secret=code,
        headers=await _thread(uow, ticket) if channel is Channel.MAIL else {},
    )
    await queue_message(uow, message, now=now)


def _channel(ticket: TicketRow, options: ReceiptOptions) -> Channel | None:
    if ticket.reply_channel is Channel.MAIL:
        wanted = Channel.MAIL
    else:
        number = parse_number(ticket.reply_to or "")
        if number is None or number.kind is not NumberKind.MOBILE:
            return None
        wanted = Channel.SMS
    return wanted if wanted in options.channels else None


def _body(ticket: TicketRow, channel: Channel, options: ReceiptOptions) -> str:
    url = f"{options.public_url}/status"
    if channel is Channel.SMS:
        return (
            f"您的诉求已受理，工单编号{ticket.number}，提取码{SECRET_MARK}。有结果会告诉您。"
            f"查询：{url} 咨询{options.hotline}"
        )
    opened = f"{ticket.opened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return (
        f"您好：\n\n"
        f"您反映的“{ticket.subject}”已于 {opened} 受理。\n\n"
        f"工单编号：{ticket.number}\n"
        f"提取码：{SECRET_MARK}\n"
        f"查询进度：{url}\n\n"
        f"接下来，工作人员会核对您的诉求并转交责任单位，办理期限在查询页上。\n"
        f"办结后，我们会以您选择的方式告知结果，请您评价；没有解决的，会重新办理。\n\n"
        f"请妥善保管提取码。如有疑问，请拨打 {options.hotline}，报工单编号即可。\n"
    )


async def _thread(uow: UnitOfWork, ticket: TicketRow) -> dict[str, str]:
    """Return the headers that put the receipt under the citizen's own mail."""
    if ticket.channel is not Channel.MAIL or ticket.contact_id is None:
        return {}
    contact = await contact_view(uow.session, ContactId(ticket.contact_id))
    message_id = contact.provider_id.partition(" ")[0]
    if not message_id.startswith("<"):
        return {}
    return {"In-Reply-To": message_id, "References": message_id}

"""What can be done with a ticket. Every function takes the caller's transaction."""

from datetime import datetime

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import TicketId, new_id
from hotline.tickets.checks import check_amendment, check_draft, check_reply, check_text
from hotline.tickets.events import (
    TicketAmended,
    TicketAnswered,
    TicketCancelled,
    TicketClosed,
    TicketOpened,
    TicketReminded,
    TicketReopened,
    TicketResolved,
    TicketReturned,
    TicketTransferred,
)
from hotline.tickets.model import TicketRow
from hotline.tickets.record import (
    add_words,
    apply_amendment,
    find_category,
    known_citizen,
    move,
    set_deadline,
    tell_screens,
    write_history,
)
from hotline.tickets.repository import Tickets
from hotline.tickets.states import TICKET, TicketState, TicketTrigger
from hotline.tickets.ticket import (
    SYSTEM,
    Actor,
    CloseReason,
    Outcome,
    TicketAmendment,
    TicketDraft,
)


async def open_ticket(
    uow: UnitOfWork, draft: TicketDraft, *, now: datetime, actor: Actor = SYSTEM
) -> TicketId:
    """Open a ticket (受理) and return its id; the same `origin_key` is the same ticket (R12).

    Raises:
        Invalid: if the draft names no subject, no way to answer, or an unknown category.
    """
    check_draft(draft)
    tickets = Tickets(uow.session)
    if draft.origin_key and (known := await tickets.find_by_origin(draft.origin_key)):
        return TicketId(known.id)
    category = await find_category(uow, draft.category_code, draft.condition)
    serial = await tickets.next_serial()
    ticket = TicketRow(
        id=new_id(),
        serial=serial,
        number=ticket_number(now, serial),
        origin_key=draft.origin_key,
        state=TICKET.initial,
        round=1,
        history_length=0,
        channel=draft.channel,
        contact_id=draft.contact_id,
        call_id=draft.call_id,
        citizen_id=known_citizen(draft),
        related_ticket_id=draft.related_ticket_id,
        request_kind=draft.request_kind,
        category_id=category.id if category else None,
        condition=draft.condition or None,
        urgency=draft.urgency,
        subject=draft.subject.strip(),
        body=draft.body.strip(),
        address=draft.address.strip(),
        longitude=draft.longitude,
        latitude=draft.latitude,
        reply_channel=draft.reply_channel,
        reply_to=draft.reply_to,
        anonymous=draft.anonymous,
        confidential=draft.confidential,
        opened_at=now,
    )
    uow.session.add(ticket)
    await uow.session.flush()
    add_words(uow, ticket)
    write_history(uow, ticket, None, actor=actor, now=now, detail={"channel": draft.channel})
    uow.record(TicketOpened(ticket_id=TicketId(ticket.id), occurred_at=now))
    tell_screens(uow, ticket)
    return TicketId(ticket.id)


def ticket_number(opened_at: datetime, serial: int) -> str:
    """Return the number on paper: the day in Shanghai and six digits (domain notes 3.3)."""
    return f"{opened_at.astimezone(SHANGHAI):%Y%m%d}{serial:06d}"


async def amend_ticket(
    uow: UnitOfWork,
    ticket_id: TicketId,
    amendment: TicketAmendment,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the words, place, class or answer address (补充修改); the deadline follows the class.

    Raises:
        Invalid: if a value is malformed or the category unknown.
        IllegalTransition: if the ticket is resolved or over.
    """
    check_amendment(amendment)
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    if amendment.reply_channel is not None or amendment.reply_to is not None:
        # The number that is known serves calls and text messages alike.
        check_reply(
            amendment.reply_channel or ticket.reply_channel, amendment.reply_to or ticket.reply_to
        )
    changed = await apply_amendment(uow, ticket, amendment)
    if not changed:
        return
    move(uow, ticket, TicketTrigger.AMEND, actor=actor, now=now, detail={"changed": changed})
    is_timed = {"category_code", "condition", "urgency", "request_kind"} & set(changed)
    if is_timed and ticket.state is TicketState.TRANSFERRED:
        assert ticket.transferred_at is not None
        await set_deadline(uow, ticket, start=ticket.transferred_at)
    uow.record(TicketAmended(ticket_id=ticket_id, occurred_at=now))


async def transfer_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, actor: Actor, now: datetime
) -> None:
    """Hand the ticket to the city (转办); the clock starts, the bridge files a case."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    move(uow, ticket, TicketTrigger.TRANSFER, actor=actor, now=now, detail={})
    ticket.transferred_at = now
    await set_deadline(uow, ticket, start=now)
    uow.record(TicketTransferred(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def remind_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Urge the work on (催办, R62)."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"reason": check_text("reason", reason)}
    move(uow, ticket, TicketTrigger.REMIND, actor=actor, now=now, detail=detail)
    uow.record(TicketReminded(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def return_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, reason: str, now: datetime, actor: Actor = SYSTEM
) -> None:
    """Take the ticket back from the city with a reason (退单, R50); a person must look.

    Raises:
        Invalid: if there is no reason.
    """
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"reason": check_text("reason", reason)}
    move(uow, ticket, TicketTrigger.RETURN, actor=actor, now=now, detail=detail)
    ticket.due_at = None
    ticket.deadline = None
    uow.record(TicketReturned(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def answer_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, answer: str, actor: Actor, now: datetime
) -> None:
    """Answer at once, without a case (直办, R11); the citizen is told in writing if they wrote.

    Raises:
        Invalid: if there is no answer.
    """
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"outcome": Outcome.ANSWERED.value}
    words = check_text("answer", answer)
    move(uow, ticket, TicketTrigger.ANSWER, actor=actor, now=now, detail=detail)
    ticket.outcome, ticket.result = Outcome.ANSWERED, words
    ticket.resolved_at = ticket.closed_at = now
    ticket.close_reason = CloseReason.ANSWERED
    uow.record(TicketAnswered(ticket_id=ticket_id, occurred_at=now))
    uow.record(TicketClosed(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def resolve_ticket(
    uow: UnitOfWork,
    ticket_id: TicketId,
    *,
    outcome: Outcome,
    result: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Note the outcome (办结), which starts the callback (R69); a refusal needs reasons (R17).

    Raises:
        Invalid: if `result`, the words for the citizen, is empty.
    """
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    words = check_text("result", result)
    detail = {"outcome": outcome.value}
    move(uow, ticket, TicketTrigger.RESOLVE, actor=actor, now=now, detail=detail)
    ticket.outcome, ticket.result, ticket.resolved_at = outcome, words, now
    uow.record(TicketResolved(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def reopen_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, reason: str, now: datetime, actor: Actor = SYSTEM
) -> int:
    """Send the ticket back to work because it is not solved; return the new round.

    The clock starts anew with the round; the bridge files a case for it.
    """
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"reason": check_text("reason", reason), "outcome_before": ticket.outcome}
    ticket.round += 1
    move(uow, ticket, TicketTrigger.REOPEN, actor=actor, now=now, detail=detail)
    ticket.outcome, ticket.result, ticket.close_reason = None, "", None
    ticket.resolved_at = ticket.closed_at = None
    ticket.transferred_at = now
    await set_deadline(uow, ticket, start=now)
    uow.record(TicketReopened(ticket_id=ticket_id, round=ticket.round, occurred_at=now))
    return ticket.round


async def close_ticket(
    uow: UnitOfWork,
    ticket_id: TicketId,
    *,
    reason: CloseReason,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Put the ticket into the archive (归档)."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"reason": reason.value}
    move(uow, ticket, TicketTrigger.CLOSE, actor=actor, now=now, detail=detail)
    ticket.close_reason, ticket.closed_at = reason, now
    uow.record(TicketClosed(ticket_id=ticket_id, round=ticket.round, occurred_at=now))


async def confirm_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, now: datetime, actor: Actor = SYSTEM
) -> None:
    """Note that a citizen who had not been reached now confirms the outcome of a closed ticket."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    move(uow, ticket, TicketTrigger.CONFIRM, actor=actor, now=now, detail={})
    ticket.close_reason = CloseReason.CONFIRMED


async def cancel_ticket(
    uow: UnitOfWork, ticket_id: TicketId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Void a ticket that was opened by mistake (作废), with a reason."""
    ticket = await Tickets(uow.session).get(ticket_id, lock=True)
    detail = {"reason": check_text("reason", reason)}
    move(uow, ticket, TicketTrigger.CANCEL, actor=actor, now=now, detail=detail)
    ticket.closed_at = now
    uow.record(TicketCancelled(ticket_id=ticket_id, occurred_at=now))

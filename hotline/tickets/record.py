"""How a ticket's row is changed: moves with their history, class, deadline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hotline.contacts.contact import Channel
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CitizenId
from hotline.tickets.calendars import calendar_in_force
from hotline.tickets.categories import category_value, resolve_category
from hotline.tickets.category import ConditionLimit
from hotline.tickets.model import (
    CategoryRow,
    TicketHistoryRow,
    TicketRow,
    TicketWordsRow,
)
from hotline.tickets.repository import Tickets
from hotline.tickets.states import TICKET, TicketTrigger
from hotline.tickets.ticket import Actor, TicketAmendment, TicketDraft
from hotline.tickets.time_limit import ticket_deadline
from hotline.tickets.words import indexed_words, mark, time_marks


def move(
    uow: UnitOfWork,
    ticket: TicketRow,
    trigger: TicketTrigger,
    *,
    actor: Actor,
    now: datetime,
    detail: Mapping[str, Any],
) -> None:
    """Take a move of the table and write it into the history.

    Raises:
        IllegalTransition: if the table has no such move.
    """
    ticket.state = TICKET.next(ticket.state, trigger)
    write_history(uow, ticket, trigger, actor=actor, now=now, detail=detail)
    tell_screens(uow, ticket)


def write_history(
    uow: UnitOfWork,
    ticket: TicketRow,
    trigger: TicketTrigger | None,
    *,
    actor: Actor,
    now: datetime,
    detail: Mapping[str, Any],
) -> None:
    """Append what happened; `detail` holds nothing that names a person."""
    ticket.history_length += 1
    uow.session.add(
        TicketHistoryRow(
            ticket_id=ticket.id,
            position=ticket.history_length,
            trigger=trigger,
            state=ticket.state,
            round=ticket.round,
            actor=actor,
            detail=dict(detail),
            at=now,
        )
    )


def tell_screens(uow: UnitOfWork, ticket: TicketRow) -> None:
    """Let the open desks read the ticket again after the commit."""
    uow.signal("ticket", ticket_id=ticket.id, number=ticket.number, state=ticket.state.value)


def words_of(ticket: TicketRow) -> str:
    """Return what a ticket is found by: its words, and what rarely changes of it."""
    marks = [
        *time_marks(ticket.opened_at),
        mark("channel", ticket.channel),
        mark("kind", ticket.request_kind),
    ]
    if ticket.category_id:
        marks.append(mark("category", ticket.category_id))
    return indexed_words((ticket.subject, ticket.address, ticket.body), marks)


def add_words(uow: UnitOfWork, ticket: TicketRow) -> None:
    """Make a new ticket findable."""
    uow.session.add(
        TicketWordsRow(ticket_id=ticket.id, opened_at=ticket.opened_at, words=words_of(ticket))
    )


_SEARCHED = frozenset({"subject", "body", "address", "request_kind", "category_code"})


def known_citizen(draft: TicketDraft) -> CitizenId | None:
    """Return who a draft's ticket belongs to."""
    # Who asked not to be known is tied to nobody, not even inside (R88).
    return None if draft.anonymous else draft.citizen_id


async def find_category(
    uow: UnitOfWork, code: str | None, condition: str | None
) -> CategoryRow | None:
    """Return the category that a draft names; None for none.

    Raises:
        Invalid: if there is no such category, or it has no such condition.
    """
    if not code:
        if condition:
            raise Invalid("condition", "a condition needs a category")
        return None
    row = await resolve_category(uow.session, code)
    if condition:
        _check_condition(condition, await _limits(uow, row))
    return row


def _check_condition(condition: str, limits: Sequence[ConditionLimit]) -> None:
    if condition not in {item.condition for item in limits}:
        raise Invalid("condition", "the category has no such condition")


async def _limits(uow: UnitOfWork, row: CategoryRow | None) -> tuple[ConditionLimit, ...]:
    category = await category_value(uow.session, row)
    return category.limits if category else ()


async def set_deadline(uow: UnitOfWork, ticket: TicketRow, *, start: datetime) -> None:
    """Compute when the ticket is due, and keep the receipt."""
    category = await Tickets(uow.session).category(ticket.category_id)
    found = ticket_deadline(
        start,
        limits=await _limits(uow, category),
        condition=ticket.condition,
        request_kind=ticket.request_kind,
        urgency=ticket.urgency,
        calendar=await calendar_in_force(uow.session),
    )
    ticket.due_at = found.receipt.due_at
    ticket.deadline = found.to_payload()


async def apply_amendment(
    uow: UnitOfWork, ticket: TicketRow, amendment: TicketAmendment
) -> list[str]:
    """Write what the amendment names; return the names of what really changed."""
    changed = []
    if amendment.category_code is not None or amendment.condition is not None:
        changed += await _reclassify(uow, ticket, amendment)
    for name in _PLAIN_FIELDS:
        value = getattr(amendment, name)
        if value is not None and value != getattr(ticket, name):
            setattr(ticket, name, value)
            changed.append(name)
    if amendment.reply_channel in WITHOUT_ADDRESS and ticket.reply_to is not None:
        # Who wants to be told nowhere but on the page leaves no address to be told at.
        ticket.reply_to = None
        changed.append("reply_to")
    if amendment.drops_position and ticket.longitude is not None:
        ticket.longitude = ticket.latitude = None
        changed += ["longitude", "latitude"]
    if _SEARCHED & set(changed):
        words = await uow.session.get_one(TicketWordsRow, ticket.id)
        words.words = words_of(ticket)
    return changed


WITHOUT_ADDRESS = frozenset(Channel) - {Channel.VOICE, Channel.SMS, Channel.MAIL}

_PLAIN_FIELDS = (
    "request_kind",
    "subject",
    "body",
    "address",
    "longitude",
    "latitude",
    "urgency",
    "reply_channel",
    "reply_to",
    "confidential",
)


async def _reclassify(uow: UnitOfWork, ticket: TicketRow, amendment: TicketAmendment) -> list[str]:
    condition = amendment.condition
    if amendment.category_code is None:
        category = await Tickets(uow.session).category(ticket.category_id)
        if condition:
            _check_condition(condition, await _limits(uow, category))
    else:
        category = await find_category(uow, amendment.category_code, condition)
    changed = []
    if (category.id if category else None) != ticket.category_id:
        ticket.category_id = category.id if category else None
        # A condition belongs to its category.
        ticket.condition = None
        changed.append("category_code")
    if condition is not None and (condition or None) != ticket.condition:
        ticket.condition = condition or None
        changed.append("condition")
    return changed

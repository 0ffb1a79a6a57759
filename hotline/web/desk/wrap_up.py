"""The seat's wrap-up (话后小结): how the call ended, chosen by keyboard while it is wrapped up."""

from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import StringConstraints

from hotline.contacts.disposition import DEMANDS, Disposition
from hotline.contacts.wrapping_up import NOTE_LIMIT, WrapUp, write_wrap_up
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.repository import QueueEntries
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason
from hotline.queues.values import SeatContact
from hotline.tickets.reading import ticket_by_number, tickets_of_call
from hotline.web.auth import current_user
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import json_body, path_id
from hotline.web.routing import Route
from hotline.web.schemas import Body


class WrapUpBody(Body):
    """POST /desk/calls/{call_id}/wrap-up."""

    disposition: Disposition
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_LIMIT)] = ""
    ticket_number: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    """An earlier ticket that the talk was about; left out, it is the latest ticket of this call."""


async def post_wrap_up(request: web.Request) -> web.Response:
    """Write how the present call of the person's own seat ended; again, it is corrected.

    Raises:
        Forbidden: if the seat has another call, or none.
        Invalid: if what the disposition demands is missing.
        NotFound: if there is no ticket of that number.
    """
    call_id = CallId(path_id(request, "call_id"))
    body = await json_body(request, WrapUpBody)
    user, now = current_user(request), request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        seat = await queues.seat_view(uow.session, user.seat_id) if user.seat_id else None
        contact = seat.contact if seat else None
        if contact is None or contact.call_id != call_id or contact.answered_at is None:
            raise Forbidden("the call is not the one that this seat wraps up")
        told = await tickets_of_call(uow.session, call_id)
        ticket_id = told[-1].ticket_id if told else None
        if body.ticket_number:
            ticket_id = (await ticket_by_number(uow.session, body.ticket_number)).ticket_id
        written = WrapUp(disposition=body.disposition, note=body.note, ticket_id=ticket_id)
        await write_wrap_up(uow, call_id, written, by=user.id, now=now)
        if DEMANDS[body.disposition].needs_return_call:
            await _owe(uow, contact, now)
        uow.signal("seat", seat_id=user.seat_id)
    return web.json_response({"disposition": body.disposition.value})


async def _owe(uow: UnitOfWork, contact: SeatContact, now: datetime) -> None:
    """Owe the citizen a call, unless the number was withheld or is owed one already."""
    if contact.ended_at is None:
        raise Invalid("disposition", "the talk has not ended")
    found = await QueueEntries(uow.session).contact_of(contact.offer_id)
    if found is not None:
        await returns.owe(uow, found[1], ReturnReason.DROPPED, now=now)


ROUTES: Final = (
    Route("POST", "/desk/calls/{call_id}/wrap-up", post_wrap_up, DESK_ROLES, "desk.wrap_up"),
)

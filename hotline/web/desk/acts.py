"""The desk's JSON endpoints that change something; a program may use them as the desk does."""

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.values import CallView
from hotline.contacts.contact import Channel
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import CallId, SeatId, TicketId
from hotline.people import service as people
from hotline.queues import service as queues
from hotline.tickets import reading
from hotline.tickets import service as tickets
from hotline.tickets.ticket import TicketDraft, user_actor
from hotline.web.auth import current_user
from hotline.web.desk.bodies import (
    AmendTicketBody,
    AnswerBody,
    NewTicketBody,
    ReasonBody,
    SeatAct,
    StateBody,
)
from hotline.web.desk.options import DESK
from hotline.web.desk.present import seat_json, ticket_json
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE
from hotline.web.requests import json_body, path_id
from hotline.web.routing import Route

DESK_ROLES: Final = frozenset({Role.SEAT, Role.SHIFT_LEADER})


async def post_state(request: web.Request) -> web.Response:
    """Change what the person's own seat is doing."""
    body = await json_body(request, StateBody)
    user = current_user(request)
    seat_id = _seat_of(user)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        match body.act:
            case SeatAct.SIGN_IN:
                await queues.sign_in(uow, seat_id, user.id, now)
            case SeatAct.SIGN_OUT:
                await queues.sign_out(uow, seat_id, now)
            case SeatAct.AVAILABLE:
                await queues.make_available(uow, seat_id, now)
            case SeatAct.BREAK:
                if body.reason is None:
                    raise Invalid("reason", "a break needs its reason")
                await queues.take_break(uow, seat_id, body.reason.value, now)
            case SeatAct.END_WRAP_UP:
                await queues.end_wrap_up(uow, seat_id, now)
    async with request.app[DATABASE].read() as session:
        seat = await queues.seat_view(session, seat_id)
    return web.json_response({"seat": seat_json(seat)})


async def post_ticket(request: web.Request) -> web.Response:
    """Open a ticket; 201 with the ticket and the code that the seat reads to the citizen."""
    body = await json_body(request, NewTicketBody)
    user = current_user(request)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        call = await _call(uow, user, body)
        draft = await _draft(request, uow, body, call)
        ticket_id = await tickets.open_ticket(uow, draft, now=now, actor=user_actor(user.id))
        if call is not None:
            uow.signal("seat", seat_id=user.seat_id)
    return await _answer(request, ticket_id, status=201)


async def put_ticket(request: web.Request) -> web.Response:
    """Change a ticket's words, place or class."""
    body = await json_body(request, AmendTicketBody)
    return await _change(request, partial(tickets.amend_ticket, amendment=body.as_amendment()))


async def post_transfer(request: web.Request) -> web.Response:
    """Hand the ticket to the city (转办); sent again, it changes nothing more."""
    return await _change(request, tickets.transfer_ticket)


async def post_answer(request: web.Request) -> web.Response:
    """Answer at once, without a case (直办)."""
    body = await json_body(request, AnswerBody)
    return await _change(request, partial(tickets.answer_ticket, answer=body.answer))


async def post_cancel(request: web.Request) -> web.Response:
    """Void a ticket that was opened by mistake (作废)."""
    body = await json_body(request, ReasonBody)
    return await _change(request, partial(tickets.cancel_ticket, reason=body.reason))


async def post_remind(request: web.Request) -> web.Response:
    """Urge the work on (催办)."""
    body = await json_body(request, ReasonBody)
    return await _change(request, partial(tickets.remind_ticket, reason=body.reason))


async def post_call_number(request: web.Request) -> web.Response:
    """Show the whole number of a call (脱敏查看), with a reason that goes to the audit log.

    Raises:
        Forbidden: to a seat, for a call that is not its own.
    """
    call_id = CallId(path_id(request, "call_id"))
    body = await json_body(request, ReasonBody)
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        call = await calls.get_call(uow.session, call_id)
        if Role.SHIFT_LEADER not in user.roles and not await _is_own(uow, user, call_id):
            raise Forbidden("the call is another seat's")
        await _audit_unmasking(request, uow, user, f"call:{call_id}", body.reason)
    return web.json_response({"number": call.number})


async def post_ticket_number(request: web.Request) -> web.Response:
    """Show the whole answer address of a ticket, with a reason that goes to the audit log.

    Raises:
        Forbidden: if the citizen is anonymous, or confidential and the asker leads no shift.
        NotFound: if there is no such ticket.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    body = await json_body(request, ReasonBody)
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        address = await reading.whole_address(
            uow.session, ticket_id, in_confidence=Role.SHIFT_LEADER in user.roles
        )
        await _audit_unmasking(request, uow, user, f"ticket:{ticket_id}", body.reason)
    return web.json_response({"number": address})


async def _audit_unmasking(
    request: web.Request, uow: UnitOfWork, user: User, target: str, reason: str
) -> None:
    await audit.append(
        uow,
        actor=user.login,
        action="number.unmask",
        target=target,
        detail={"reason": reason},
        now=request.app[CLOCK](),
    )


async def _call(uow: UnitOfWork, user: User, body: NewTicketBody) -> CallView | None:
    """Return the call that the ticket is about.

    Raises:
        Forbidden: to a seat, for a call that is not its own.
    """
    if body.call_id is None:
        return None
    call = await calls.get_call(uow.session, CallId(body.call_id))
    if Role.SHIFT_LEADER not in user.roles and not await _is_own(uow, user, call.call_id):
        raise Forbidden("the call is another seat's")
    return call


async def _is_own(uow: UnitOfWork, user: User, call_id: CallId) -> bool:
    call = await calls.get_call(uow.session, call_id)
    if user.seat_id is None:
        return False
    if call.seat_id == user.seat_id:
        return True
    # While it rings, the call does not know its seat yet.
    contact = (await queues.seat_view(uow.session, user.seat_id)).contact
    return contact is not None and contact.call_id == call_id


async def _draft(
    request: web.Request, uow: UnitOfWork, body: NewTicketBody, call: CallView | None
) -> TicketDraft:
    reply_to = body.reply_to or None
    if reply_to is None and call is not None and body.reply_channel in _BY_NUMBER:
        reply_to = call.number
    # The anonymous are told by number and code; nothing leads from the ticket to a person.
    citizen_id = (
        None
        if body.anonymous
        else await people.identify(
            uow,
            options=request.app[DESK].people,
            now=request.app[CLOCK](),
            phone=(call.number if call else None) or (reply_to if _is_number(body) else None),
            mail=reply_to if body.reply_channel is Channel.MAIL else None,
        )
    )
    return TicketDraft(
        channel=Channel.VOICE,
        origin_key=f"desk:{current_user(request).id}:{body.draft_id}",
        contact_id=call.contact_id if call else None,
        call_id=call.call_id if call else None,
        citizen_id=citizen_id,
        reply_to=reply_to,
        **body.model_dump(exclude={"draft_id", "call_id", "reply_to"}),
    )


def _is_number(body: NewTicketBody) -> bool:
    return body.reply_channel in _BY_NUMBER


_BY_NUMBER: Final = frozenset({Channel.VOICE, Channel.SMS})


def _seat_of(user: User) -> SeatId:
    """Return the user's seat.

    Raises:
        Forbidden: if the user has none.
    """
    if user.seat_id is None:
        raise Forbidden("the user has no seat")
    return user.seat_id


class TicketAct(Protocol):
    """An act of the service on one ticket."""

    def __call__(
        self, uow: UnitOfWork, ticket_id: TicketId, /, *, actor: str, now: datetime
    ) -> Awaitable[object]:
        """Do it."""


async def _change(request: web.Request, act: TicketAct) -> web.Response:
    """Do the act on the ticket in the path, and answer with the ticket as it is then."""
    ticket_id = TicketId(path_id(request, "ticket_id"))
    actor = user_actor(current_user(request).id)
    async with request.app[DATABASE].begin() as uow:
        await act(uow, ticket_id, actor=actor, now=request.app[CLOCK]())
    return await _answer(request, ticket_id)


async def _answer(request: web.Request, ticket_id: TicketId, *, status: int = 200) -> web.Response:
    """Answer with the ticket, and its code for whoever opened it: they tell it to the citizen.

    Everybody else renews it, and says how they know that it is the citizen (`query_codes`).
    """
    actor, codes = user_actor(current_user(request).id), request.app[DESK].query_codes
    async with request.app[DATABASE].read() as session:
        view = await reading.ticket_view(session, ticket_id)
        opened = (await reading.history(session, ticket_id))[0]
        is_own = opened.actor == actor
        code = await reading.query_code_of(session, ticket_id, codes) if is_own else None
    return web.json_response(
        {"ticket": ticket_json(view, request[LANGUAGE]), "query_code": code}, status=status
    )


ROUTES = (
    Route("POST", "/desk/state", post_state, DESK_ROLES, "desk.state"),
    Route("POST", "/desk/tickets", post_ticket, DESK_ROLES, "desk.tickets.open"),
    Route("PUT", "/desk/tickets/{ticket_id}", put_ticket, DESK_ROLES, "desk.tickets.amend"),
    Route(
        "POST",
        "/desk/tickets/{ticket_id}/transfer",
        post_transfer,
        DESK_ROLES,
        "desk.tickets.transfer",
    ),
    Route(
        "POST", "/desk/tickets/{ticket_id}/answer", post_answer, DESK_ROLES, "desk.tickets.answer"
    ),
    Route(
        "POST", "/desk/tickets/{ticket_id}/cancel", post_cancel, DESK_ROLES, "desk.tickets.cancel"
    ),
    Route(
        "POST", "/desk/tickets/{ticket_id}/remind", post_remind, DESK_ROLES, "desk.tickets.remind"
    ),
    Route(
        "POST",
        "/desk/tickets/{ticket_id}/number",
        post_ticket_number,
        DESK_ROLES,
        "desk.tickets.number",
    ),
    Route(
        "POST", "/desk/calls/{call_id}/number", post_call_number, DESK_ROLES, "desk.calls.number"
    ),
)

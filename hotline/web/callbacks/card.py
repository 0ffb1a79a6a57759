"""回访与告知: what was sent and asked about one ticket, and what its complainant said."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks.hours import holidays_between
from hotline.callbacks.reading import CallbackView, callback_view, callbacks_of_ticket
from hotline.callbacks.states import AttemptResult, CallbackState
from hotline.contacts.contact import Channel, MessageState
from hotline.contacts.messages import messages_about
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CallbackId, TicketId
from hotline.recordings import access
from hotline.tickets import reading
from hotline.tickets.calendars import calendar_in_force
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.recordings.options import RECORDINGS
from hotline.web.requests import path_id

CALLBACK_STATES: Final = {
    CallbackState.SCHEDULED: "待回访",
    CallbackState.ATTEMPTING: "回访中",
    CallbackState.UNKNOWN: "上次结果不明，将重复一次",
    CallbackState.AWAITING: "已告知，等待评价",
    CallbackState.ANSWERED: "已评价",
    CallbackState.NOT_REACHED: "未联系上",
    CallbackState.CANCELLED: "已取消，工单重新办理",
}

RESULTS: Final = {
    AttemptResult.ANSWERED: "接通",
    AttemptResult.BUSY: "忙",
    AttemptResult.NO_ANSWER: "无人接听",
    AttemptResult.FAILED: "未送达",
    AttemptResult.UNKNOWN: "结果不明",
    AttemptResult.DELIVERED: "已送出",
}

MESSAGE_STATES: Final = {
    MessageState.QUEUED: "待发送",
    MessageState.SENDING: "发送中",
    MessageState.SENT: "已送出",
    MessageState.FAILED: "被拒收",
    MessageState.UNKNOWN: "不知是否送达，将重发一次",
    MessageState.LOST: "重发后仍不知是否送达",
    MessageState.RETURNED: "被退回",
    MessageState.WITHDRAWN: "未发出，已收回",
}

BAD_STATES: Final = frozenset({MessageState.FAILED, MessageState.LOST, MessageState.RETURNED})

SOLVED: Final = {1: "已解决", 2: "未解决"}
SATISFACTION: Final = {1: "非常满意", 2: "满意", 3: "基本满意", 4: "不满意", 5: "非常不满意"}

REASON: Final = "了解回访意见"


async def get_card(request: web.Request) -> web.Response:
    """Show what was sent about a ticket, how its complainant was asked, and the answers.

    Raises:
        NotFound: if there is no such ticket.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        callbacks = await callbacks_of_ticket(session, ticket_id)
        letters = await messages_about(session, _references(ticket_id, callbacks))
        calendar = await calendar_in_force(session)
    now = request.app[CLOCK]()
    return render(
        request,
        "hotline/callback_card.html",
        ticket_id=ticket_id,
        callbacks=callbacks,
        asked_now={
            each.callback_id
            for each in callbacks
            if each.round == ticket.round
            and each.may_answer
            and each.state is not CallbackState.ANSWERED
        },
        letters=letters,
        holidays={
            each.callback_id: holidays_between(calendar, now, each.due_at)
            for each in callbacks
            if each.next_channel is Channel.VOICE and each.due_at is not None
        },
        states=CALLBACK_STATES,
        results=RESULTS,
        message_states=MESSAGE_STATES,
        bad_states=BAD_STATES,
        solved_words=SOLVED,
        satisfaction_words=SATISFACTION,
    )


def _references(ticket_id: TicketId, callbacks: Sequence[CallbackView]) -> list[str]:
    attempts = [
        f"callback:{each.callback_id}:{made.number}" for each in callbacks for made in each.attempts
    ]
    return [f"ticket:{ticket_id}", *attempts]


async def get_words(request: web.Request) -> web.Response:
    """Ask whether to hear what a complainant said, or give the sound to whoever opened it."""
    ticket_id, callback = await _callback(request)
    return render(
        request,
        "hotline/callback_words.html",
        ticket_id=ticket_id,
        callback=callback,
        listening=request.query.get("listening", ""),
    )


async def post_words(request: web.Request) -> web.Response:
    """Write down who listens, and go on to the page that has the sound."""
    ticket_id, callback = await _callback(request)
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        ticket = await reading.ticket_view(uow.session, ticket_id)
        listening = await access.open_listening(
            uow,
            _spoken(callback),
            user_id=user.id,
            login=user.login,
            reason=f"{REASON} {ticket.number}",
            now=request.app[CLOCK](),
        )
    raise web.HTTPSeeOther(f"{request.path}?listening={listening}")


async def get_sound(request: web.Request) -> web.StreamResponse:
    """Send the sound of what a complainant said to one who has opened it.

    Raises:
        Forbidden: if this person has not opened it, or too long ago.
        NotFound: if nothing was said, or the file is gone.
    """
    _, callback = await _callback(request)
    recording_id = _spoken(callback)
    async with request.app[DATABASE].read() as session:
        name = await access.sound_path(
            session,
            recording_id,
            listening_id=_listening(request),
            user_id=current_user(request).id,
            now=request.app[CLOCK](),
        )
    path = request.app[RECORDINGS].folder / name
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("recording", recording_id)
    return web.FileResponse(path, headers={"Cache-Control": "no-store"})


async def callback_of_path(request: web.Request) -> tuple[TicketId, CallbackId]:
    """Return the ticket and the callback that a path names.

    Raises:
        NotFound: if the ticket has no such callback.
    """
    ticket_id, view = await _named(request)
    return ticket_id, view.callback_id


async def _callback(request: web.Request) -> tuple[TicketId, CallbackView]:
    ticket_id, view = await _named(request)
    _spoken(view)
    return ticket_id, view


async def _named(request: web.Request) -> tuple[TicketId, CallbackView]:
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        view = await _of_ticket(session, ticket_id, CallbackId(path_id(request, "callback_id")))
    return ticket_id, view


async def _of_ticket(
    session: AsyncSession, ticket_id: TicketId, callback_id: CallbackId
) -> CallbackView:
    view = await callback_view(session, callback_id)
    if view.ticket_id != ticket_id:
        raise NotFound("callback", callback_id)
    return view


def _spoken(callback: CallbackView) -> UUID:
    if callback.spoken_id is None:
        raise NotFound("recording of callback", callback.callback_id)
    return callback.spoken_id


def _listening(request: web.Request) -> UUID:
    text = request.query.get("listening", "")
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("listening", text) from None

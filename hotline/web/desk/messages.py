"""Hearing the message that a ticket came of: whoever works on the ticket may, and it is logged."""

import asyncio
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import NotFound
from hotline.kernel.ids import TicketId
from hotline.recordings import access
from hotline.recordings.model import RecordingRow
from hotline.recordings.repository import Recordings
from hotline.tickets import reading
from hotline.tickets.views import TicketView
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.recordings.options import RECORDINGS
from hotline.web.requests import path_id

REASON: Final = "办理留言工单"
"""What the log of listenings says: a message is the citizen's own text, heard to work on it."""


async def message_of(session: AsyncSession, ticket: TicketView) -> RecordingRow | None:
    """Return the recording of the message that a ticket came of; None if it came of none."""
    if ticket.call_id is None:
        return None
    return await Recordings(session).message_of(ticket.call_id)


async def post_message(request: web.Request) -> web.Response:
    """Write down who listens, and go back to the ticket's page, which then has the sound."""
    ticket_id = TicketId(path_id(request, "ticket_id"))
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        ticket = await reading.ticket_view(uow.session, ticket_id)
        message = await _existing(uow.session, ticket)
        listening = await access.open_listening(
            uow,
            message.id,
            user_id=user.id,
            login=user.login,
            reason=f"{REASON} {ticket.number}",
            now=request.app[CLOCK](),
        )
    where = f"/tickets/{ticket_id}?listening={listening}#message"
    return web.Response(status=303, headers={"Location": where})


async def get_message(request: web.Request) -> web.StreamResponse:
    """Send the sound of a ticket's message to one who has opened it.

    Raises:
        Forbidden: if this person has not opened it, or too long ago.
        NotFound: if the ticket came of no message, or its file is gone.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        message = await _existing(session, ticket)
        name = await access.sound_path(
            session,
            message.id,
            listening_id=_listening(request),
            user_id=current_user(request).id,
            now=request.app[CLOCK](),
        )
    path = request.app[RECORDINGS].folder / name
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("recording", message.id)
    return web.FileResponse(path, headers={"Cache-Control": "no-store"})


async def _existing(session: AsyncSession, ticket: TicketView) -> RecordingRow:
    message = await message_of(session, ticket)
    if message is None:
        raise NotFound("message", ticket.number)
    return message


def _listening(request: web.Request) -> UUID:
    text = request.query.get("listening", "")
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("listening", text) from None

"""What becomes of a recorded message: a ticket of its own, or why an answer was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from channels.voice.exchange import Exchange
from hotline.callbacks.spoken import has_spoken, keep_spoken
from hotline.intake.voicemail import open_voicemail, owe_ticket
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallbackId, TicketId
from hotline.tickets import reading

GIVES = {"message_number": (), "message_code": ()}
"""The variables that a message sets which becomes a ticket: its number and query code."""


class MessageUse(Protocol):
    """What a message is for."""

    async def begin(self, uow: UnitOfWork, recording_id: UUID) -> None:
        """Make sure that nothing can lose what is about to be said."""

    async def end(self, recording_id: UUID) -> Mapping[str, str] | None:
        """Keep what was said; return what the caller is told, None if nothing was said."""


@dataclass(frozen=True, slots=True)
class BecomesTicket:
    """留言: the message is a new matter."""

    exchange: Exchange
    limit: timedelta

    async def begin(self, uow: UnitOfWork, recording_id: UUID) -> None:
        """Owe the ticket before the first word."""
        owe_ticket(uow, recording_id, limit=self.limit, now=self.exchange.clock())

    async def end(self, recording_id: UUID) -> Mapping[str, str] | None:
        """Open the ticket now, to tell its number at once."""
        exchange = self.exchange
        ticket_id = await open_voicemail(
            exchange.database,
            recording_id,
            folder=exchange.options.recordings,
            people=exchange.options.people,
            now=exchange.clock(),
        )
        return None if ticket_id is None else await self._told(ticket_id)

    async def _told(self, ticket_id: TicketId) -> Mapping[str, str]:
        codes = self.exchange.options.query_codes
        async with self.exchange.database.read() as session:
            ticket = await reading.ticket_view(session, ticket_id)
            code = await reading.query_code_of(session, ticket_id, codes)
        return {"message_number": ticket.number, "message_code": code}


@dataclass(frozen=True, slots=True)
class ExplainsAnswer:
    """回访: the message says why the citizen answered so."""

    exchange: Exchange
    callback_id: CallbackId

    async def begin(self, uow: UnitOfWork, recording_id: UUID) -> None:
        """Tie the recording to the callback before the first word."""
        await keep_spoken(uow, self.callback_id, recording_id)

    async def end(self, recording_id: UUID) -> Mapping[str, str] | None:
        """Leave it there, unless nothing was said."""
        exchange = self.exchange
        said = await has_spoken(
            exchange.database,
            self.callback_id,
            recording_id,
            folder=exchange.options.recordings,
        )
        return {} if said else None

"""Taking a message: recording until silence, a key, the limit, or the end of the call."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.recording import recorded
from channels.voice.waiters import first_of, stop_tasks
from hotline.intake.voicemail import open_voicemail, owe_ticket
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, TicketId
from hotline.kernel.tasks import spawn
from hotline.recordings.seal import Unreadable
from hotline.recordings.speech import quiet_seconds
from hotline.recordings.states import RecordingClass
from hotline.tickets import reading
from ivr.verbs import Voicemail

log = structlog.get_logger()

LOOK_SECONDS = 0.5
FINISH_SECONDS = 10.0
GIVES = {"message_number": (), "message_code": ()}
"""The variables that a kept message sets: number and query code of its ticket, in digits."""

FILE_LAG_SECONDS = 1.0
"""What is on the way to the disk."""


class MessageTaking:
    """One message. A caller who hangs up meanwhile has left one too, so it ends by itself."""

    def __init__(
        self, exchange: Exchange, call_id: CallId, leg: Leg, verb: Voicemail, *, part: int
    ) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._leg = leg
        self._verb = verb
        self._part = part
        self._is_caller_gone = False
        self._task = spawn(self._run(), f"message {call_id}")

    async def told(self) -> Mapping[str, str] | None:
        """Return what the caller is told (`GIVES`) once it is kept; None: nothing was said."""
        told: Mapping[str, str] | None = await asyncio.shield(self._task)
        return told

    async def finish(self) -> None:
        """The call is over: keep what was said; what takes too long, the owed job does later."""
        self._is_caller_gone = True
        await first_of(self._task, timeout=FINISH_SECONDS)
        await stop_tasks(self._task)

    async def _run(self) -> Mapping[str, str] | None:
        exchange = self._exchange
        running = recorded(
            exchange, self._call_id, self._leg, part=self._part, kind=RecordingClass.MESSAGE
        )
        async with running as file:
            now = exchange.clock()

            async def owe(uow: UnitOfWork) -> None:
                owe_ticket(uow, file.recording_id, limit=self._verb.limit, now=now)

            await exchange.ledger.write("message", owe)
            if file.is_running:
                await self._until_said(file.path)
        ticket_id = await open_voicemail(
            exchange.database,
            file.recording_id,
            folder=exchange.options.recordings,
            people=exchange.options.people,
            now=exchange.clock(),
        )
        log.info("message_taken", call=str(self._call_id), ticket=str(ticket_id))
        return None if ticket_id is None else await _told(exchange, ticket_id)

    async def _until_said(self, path: Path) -> None:
        digits = self._leg.media.digits
        while not digits.empty():
            digits.get_nowait()
        loop = asyncio.get_running_loop()
        began = loop.time()
        silence = self._verb.silence.total_seconds()
        until = began + self._verb.limit.total_seconds()
        while loop.time() < until and not self._is_caller_gone:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    if (await digits.get()).key == self._verb.finish_on:
                        return
            except TimeoutError:
                is_early = loop.time() < began + silence + FILE_LAG_SECONDS
                if not is_early and await _is_quiet(path, silence):
                    return


async def _is_quiet(path: Path, seconds: float) -> bool:
    """Whether the caller has said nothing for so long; False where the file is made later."""
    try:
        return await asyncio.to_thread(quiet_seconds, path, seconds) >= seconds
    except Unreadable:
        return False


async def _told(exchange: Exchange, ticket_id: TicketId) -> Mapping[str, str]:
    codes = exchange.options.query_codes
    async with exchange.database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        code = await reading.query_code_of(session, ticket_id, codes)
    return {"message_number": ticket.number, "message_code": code}

"""Taking a message: recording until silence, a key, the limit, or the end of the call."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.message_uses import BecomesTicket, MessageUse
from channels.voice.recording import recorded
from channels.voice.waiters import first_of, stop_tasks
from hotline.kernel.ids import CallId
from hotline.kernel.tasks import spawn
from hotline.recordings.seal import Unreadable
from hotline.recordings.speech import quiet_seconds
from hotline.recordings.states import RecordingClass
from ivr.verbs import Voicemail

log = structlog.get_logger()

LOOK_SECONDS = 0.5
FINISH_SECONDS = 10.0
FILE_LAG_SECONDS = 1.0
"""What is on the way to the disk."""


class MessageTaking:
    """One message. A caller who hangs up meanwhile has left one too, so it ends by itself."""

    def __init__(
        self,
        exchange: Exchange,
        call_id: CallId,
        leg: Leg,
        verb: Voicemail,
        *,
        part: int,
        use: MessageUse | None = None,
    ) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._leg = leg
        self._verb = verb
        self._part = part
        self._use = use or BecomesTicket(exchange, verb.limit)
        self._is_caller_gone = False
        self._task = spawn(self._run(), f"message {call_id}")

    async def told(self) -> Mapping[str, str] | None:
        """Return what the caller is told once it is kept; None: nothing was said."""
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
            await exchange.ledger.write(
                self._call_id, "message", partial(self._use.begin, recording_id=file.recording_id)
            )
            if file.is_running:
                await self._until_said(file.path)
        told = await self._use.end(file.recording_id)
        log.info("message_taken", call=str(self._call_id), is_said=told is not None)
        return told

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

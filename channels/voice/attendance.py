"""From the queue to the end of the talk: what inbound calls and return calls have in common."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels.voice.conversation import Conversation, TalkEnd, recorded
from channels.voice.exchange import Exchange
from channels.voice.flow_walk import FlowWalk
from channels.voice.leg import Leg
from channels.voice.queue_wait import QueueWait, SeatFound
from channels.voice.seat_ring import Caller
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from ivr.events import LeaveReason
from ivr.verbs import Enqueue


@dataclass(slots=True, kw_only=True)
class Attendance:
    """One citizen on the line, and whoever attends."""

    exchange: Exchange
    walk: FlowWalk
    call_id: CallId
    leg: Leg
    caller: Caller
    number_hash: str | None
    has_notice: bool
    """The recording notice was heard: talks are recorded."""
    talks: int = 0

    async def run(self, verb: Enqueue, queue: str, place: datetime | None = None) -> LeaveReason:
        """Wait for a seat, and talk with it until it hangs up; with `place`, at that place."""
        wait = QueueWait(
            self.exchange,
            self.walk,
            call_id=self.call_id,
            leg=self.leg,
            queue=queue,
            music=verb.music,
            caller=self.caller,
            can_call_back=verb.can_call_back,
        )
        since: datetime | None = None
        while True:
            # Whose seat was lost is next again: the place is that of the first wait.
            began = since or self.exchange.clock()
            found = await wait.run(self.number_hash, since=since, place=place)
            if isinstance(found, LeaveReason):
                return found
            since = began
            self.talks += 1
            end = await self._talk(found, self.walk.files([verb.music]))
            if end is TalkEnd.SEAT_HUNG_UP:
                return LeaveReason.ANSWERED

    async def _talk(self, found: SeatFound, music: Sequence[Path]) -> TalkEnd:
        talk = Conversation(
            exchange=self.exchange,
            call_id=self.call_id,
            citizen=self.leg,
            seat_id=found.seat_id,
            seat=found.leg,
            music=music,
        )
        try:
            async with AsyncExitStack() as stack:
                if self.has_notice:
                    await stack.enter_async_context(
                        recorded(self.exchange, self.call_id, self.leg, part=self.talks)
                    )
                end = await talk.run()
        finally:
            await self.exchange.switchboard.drop(found.leg)
        async with self.exchange.database.begin() as uow:
            await queues.end_contact(uow, self.call_id, now=self.exchange.clock())
        return end

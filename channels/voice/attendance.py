"""From the queue to the end of the talk: what inbound calls and return calls have in common."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels.voice.conversation import Conversation
from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd, reach_seat
from channels.voice.flow_walk import FlowWalk
from channels.voice.hold_music import HoldMusic
from channels.voice.leg import Leg
from channels.voice.parking import Parking
from channels.voice.queue_wait import QueueWait
from channels.voice.recording import recorded
from channels.voice.seat_ring import Caller
from channels.voice.talk import TalkEnd
from hotline.contacts.calls import service as calls
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import service as queues
from ivr.events import LeaveReason
from ivr.flow import MUSIC
from ivr.verbs import Enqueue

UNSERVED = frozenset({LeaveReason.NO_SEATS, LeaveReason.OVERFLOW})
"""A citizen who was sent to another queue in vain goes back to whom they talked with."""


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
        """Wait for a seat, and talk until whoever attends hangs up; with `place`, at that place."""
        music = self.walk.files([verb.music])
        home, since = queue, None
        sent_by: SeatId | None = None
        while True:
            # Whose seat was lost is next again: the place is that of the first wait.
            began = since or self.exchange.clock()
            found = await self._wait_in(queue, verb, since, place)
            if isinstance(found, LeaveReason):
                if queue == home or found not in UNSERVED:
                    return found
                # The other queue did not serve; the seat that sent there, or the head at home.
                back = await self._back_to(sent_by, music)
                queue, since, sent_by = home, began, None
                if back is None:
                    continue
                found = back
            since = began
            talk = await self._attend(found, music)
            if talk.end is TalkEnd.SEAT_HUNG_UP:
                return LeaveReason.ANSWERED
            queue, sent_by = talk.next_queue or home, talk.seat_id

    async def talk_with(self, found: FarEnd, music: Sequence[Path]) -> bool:
        """Talk with whom the flow has reached; False if they were lost, or it led nowhere."""
        talk = await self._attend(found, music)
        if talk.end is TalkEnd.TO_QUEUE and talk.next_queue is not None:
            verb = Enqueue(talk.next_queue, MUSIC)
            return await self.run(verb, talk.next_queue) is LeaveReason.ANSWERED
        return talk.end is TalkEnd.SEAT_HUNG_UP

    async def _wait_in(
        self, queue: str, verb: Enqueue, since: datetime | None, place: datetime | None
    ) -> FarEnd | LeaveReason:
        wait = QueueWait(
            self.exchange,
            self.walk,
            call_id=self.call_id,
            leg=self.leg,
            queue=queue,
            caller=self.caller,
            verb=verb,
        )
        found = await wait.run(self.number_hash, since=since, place=place)
        return found if isinstance(found, LeaveReason) else FarEnd(found.leg, found.seat_id)

    async def _back_to(self, seat_id: SeatId | None, music: Sequence[Path]) -> FarEnd | None:
        """Ring the seat that sent the citizen elsewhere; None if it does not answer."""
        if seat_id is None:
            return None
        tune = HoldMusic(self.leg, music)
        tune.play()
        try:
            found = await reach_seat(self.exchange, self.call_id, seat_id, self.caller)
        finally:
            await tune.stop()
        if not isinstance(found, FarEnd):
            return None
        now = self.exchange.clock()
        await self.exchange.ledger.write(
            self.call_id,
            "connected",
            lambda uow: calls.connect_call(uow, self.call_id, seat_id=seat_id, now=now),
        )
        return found

    async def _attend(self, found: FarEnd, music: Sequence[Path]) -> Conversation:
        """Talk, and be parked, in one recording; return the talk that ended it."""
        self.talks += 1
        async with AsyncExitStack() as stack:
            if self.has_notice:
                await stack.enter_async_context(
                    recorded(self.exchange, self.call_id, self.leg, part=self.talks)
                )
            while True:
                talk = self._conversation(found, music)
                try:
                    await talk.run()
                finally:
                    await self.exchange.switchboard.drop(found.leg)
                await self._end_contact()
                again = await self._park(talk, music)
                if again is None:
                    return talk
                found = again

    async def _end_contact(self) -> None:
        now = self.exchange.clock()
        await self.exchange.ledger.write(
            self.call_id, "contact", lambda uow: queues.end_contact(uow, self.call_id, now=now)
        )

    def _conversation(self, found: FarEnd, music: Sequence[Path]) -> Conversation:
        return Conversation(
            exchange=self.exchange,
            call_id=self.call_id,
            citizen=self.leg,
            seat_id=found.seat_id,
            seat=found.leg,
            music=music,
            caller=self.caller,
        )

    async def _park(self, talk: Conversation, music: Sequence[Path]) -> FarEnd | None:
        """Wait for whoever picks the parked citizen up; None if not parked, or nobody came."""
        if talk.parked is None or talk.seat_id is None:
            return None
        parking = Parking(
            self.exchange,
            self.call_id,
            self.leg,
            view=talk.parked,
            parked_by=talk.seat_id,
            music=music,
            caller=self.caller,
        )
        return await parking.run()

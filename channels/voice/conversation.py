"""A citizen and whoever attends: a seat, a supervisor, another seat, a department.

One picture decides who hears whom, and is carried out anew after each change: who holds, whose
page is lost, who is being brought in, and which supervisors listen, whisper or have joined in.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from channels.voice.bringing_in import BringingIn
from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd
from channels.voice.hold_music import HoldMusic
from channels.voice.leg import Leg, LegEnd
from channels.voice.life import watch
from channels.voice.media.engine import LegClosed
from channels.voice.rooms import wire
from channels.voice.seat_ring import Caller
from channels.voice.supervisors import Supervisors, until_lost
from channels.voice.talk import Listening, TalkEnd, TransferWish
from channels.voice.talk_book import TalkBook
from channels.voice.transfer import Transfer
from channels.voice.waiters import first_of, stop_tasks, to_its_end
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CallId, SeatId, UserId
from hotline.kernel.tasks import spawn
from hotline.queues import phone_transfers
from hotline.queues.control.states import TransferResult, TransferState
from hotline.queues.phone_transfers import ParkedView
from hotline.recordings import service as recordings

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One talk, from the answer of the seat until nobody attends."""

    exchange: Exchange
    call_id: CallId
    citizen: Leg
    seat_id: SeatId | None
    """Whose contact the call is; None: a supervisor or somebody outside attends."""
    seat: Leg | None
    """Whoever attends; None: nobody any more, while somebody else is being rung."""
    music: Sequence[Path]
    caller: Caller
    is_held: bool = False
    is_recording_paused: bool = False
    end: TalkEnd = field(init=False, default=TalkEnd.SEAT_HUNG_UP)
    next_queue: str | None = field(init=False, default=None)
    """Where the seat has sent the citizen (`TalkEnd.TO_QUEUE`)."""
    parked: ParkedView | None = field(init=False, default=None)
    """Where the seat has parked the citizen (`TalkEnd.PARKED`)."""
    _is_held_by_phone: bool = field(init=False, default=False)
    _is_outside: bool = field(init=False, default=False)
    """Somebody attends who is reached over a trunk."""
    _successor: UserId | None = field(init=False, default=None)
    """The supervisor who has taken over."""
    _is_seat_lost: bool = field(init=False, default=False)
    _ending: TalkEnd | None = field(init=False, default=None)
    _changed: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    """Who attends has changed, or the talk is to end."""
    _leaving: set[Leg] = field(init=False, default_factory=set)
    """Legs that attend no more and are not dropped yet; at the end none is left."""
    _is_over: bool = field(init=False, default=False)
    _wiring: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _book: TalkBook = field(init=False)
    _others: BringingIn = field(init=False)
    _supervisors: Supervisors = field(init=False)
    _tune: HoldMusic = field(init=False)

    def __post_init__(self) -> None:
        self._book = TalkBook(self.exchange, self.call_id)
        self._others = BringingIn(self)
        self._supervisors = Supervisors(self.exchange, self.call_id, self.rewire)
        self._tune = HoldMusic(self.citizen, self.music)

    async def run(self) -> None:
        """Talk until nobody attends, and keep why as `end`; the citizen's end cancels this.

        Every leg but the citizen's is over and forgotten afterwards.
        """
        self.exchange.conversations[self.call_id] = self
        try:
            await self.rewire()
            self.end = await self._talk()
        except LegClosed:
            log.info("leg_gone_in_conversation", call=str(self.call_id))
        finally:
            self._is_over = True
            self.exchange.conversations.pop(self.call_id, None)
            await to_its_end(self._end(), f"end of a talk of {self.call_id}")

    # what seats ask for

    def speaks(self, seat_id: SeatId) -> bool:
        """Whether this seat attends."""
        return self.seat_id == seat_id and self.seat is not None

    async def hold(self, *, held: bool) -> None:
        """Play music to the citizen, or let both talk again (保持).

        Raises:
            Conflict: while somebody is being brought in: then that decides who hears music.
        """
        if self._others.transfer is not None:
            raise Conflict("somebody is being brought into this call")
        self.is_held = held
        await self._book.note("held" if held else "resumed")
        await self.rewire()

    def hang_up(self, seat_id: SeatId | None) -> None:
        """A seat ends its part; one that is only consulted leaves the others to each other."""
        leg = (None if seat_id is None else self._others.far_of(seat_id)) or self.seat
        if leg is not None:
            leg.hang_up()

    def page_of(self, user_id: UserId, seat_id: SeatId | None) -> PageLeg:
        """Return the leg of a page that is back: a seat's, or that of who has taken over.

        Raises:
            Conflict: if it does not take part, or its telephone is no page.
        """
        if seat_id is None:
            leg = self.seat if self._successor == user_id else None
        else:
            leg = self._others.far_of(seat_id) or (self.seat if self.speaks(seat_id) else None)
        if not isinstance(leg, PageLeg):
            raise Conflict("nobody of this talk has that page as telephone")
        return leg

    async def pause_recording(self, user_id: UserId, reason: str) -> None:
        """Write silence while the citizen says a secret; the reason is kept.

        Raises:
            Unavailable: if it cannot be kept now; then there is no silence either.
        """
        await self.citizen.media.pause_recording()
        now = self.exchange.clock()
        try:
            async with self.exchange.database.begin() as uow:
                await recordings.pause(uow, self.call_id, user_id=user_id, reason=reason, now=now)
        except Unavailable:
            await self.citizen.media.resume_recording()
            raise
        self.is_recording_paused = True

    async def resume_recording(self) -> None:
        """Write sound again; what is kept as silent is silent, so the time is read first."""
        now = self.exchange.clock()
        await self.citizen.media.resume_recording()
        self.is_recording_paused = False
        await self.exchange.ledger.write(
            self.call_id, "resumed", lambda uow: recordings.resume(uow, self.call_id, now=now)
        )

    async def transfer(self, wish: TransferWish) -> None:
        """Begin to bring somebody in (转接, 咨询, 三方); see `BringingIn.begin`."""
        await self._others.begin(wish)
        self.is_held = False

    async def join(self, seat_id: SeatId) -> None:
        """Let all three talk; see `BringingIn.join`."""
        await self._others.join(seat_id)

    async def complete(self, seat_id: SeatId) -> None:
        """The seat leaves the other two to each other; see `BringingIn.complete`."""
        await self._others.complete(seat_id)

    async def take_back(self, seat_id: SeatId) -> None:
        """The far end leaves; see `BringingIn.take_back`."""
        await self._others.take_back(seat_id)

    async def park(self, seat_id: SeatId) -> None:
        """Leave the citizen to music until a seat picks the call up (停泊).

        Raises:
            Conflict: if another seat attends, somebody is being brought in, or no slot is free.
        """
        if self._others.transfer is not None or not self.speaks(seat_id):
            raise Conflict("somebody is being brought in, or the call is another seat's")
        limit = self.exchange.options.limits.park
        async with self.exchange.database.begin() as uow:
            self.parked = await phone_transfers.park(
                uow, self.call_id, seat_id, limit=limit, now=self.exchange.clock()
            )
        self._finish(TalkEnd.PARKED)
        if self._is_over:
            # The sweeper frees the slot with the call.
            raise Conflict("the talk has ended meanwhile")

    # what supervisors ask for

    async def admit(self, user_id: UserId, attempt: PageAttempt) -> None:
        """Let a supervisor listen; see `Supervisors.admit`."""
        await self._supervisors.admit(user_id, attempt)

    async def set_listening(self, user_id: UserId, listening: Listening) -> None:
        """Whisper, join in, or only listen; see `Supervisors.set_listening`."""
        await self._supervisors.set_listening(user_id, listening)

    async def dismiss(self, user_id: UserId) -> None:
        """A supervisor leaves; one who has taken over ends the talk. Again changes nothing."""
        if self._successor == user_id and self.seat is not None:
            self.seat.hang_up()
        await self._supervisors.dismiss(user_id)

    async def take_over(self, user_id: UserId) -> None:
        """The supervisor goes on in the seat's place; the seat wraps up.

        Raises:
            Conflict: if this supervisor does not listen, somebody has taken over already, or
                somebody is being brought in.
        """
        is_taken = self._successor is not None or self._others.transfer is not None
        if is_taken or self._is_over:
            raise Conflict("somebody has taken this call over, or is being brought in")
        leg = self._supervisors.promote(user_id)
        self._lets_go(self.seat)
        self.seat, self.seat_id, self._successor = leg, None, user_id
        self._forget_holds()
        self.changed()
        await self.rewire()
        await self._drop_leaving()
        await self._book.take_over()

    # what the one who is brought in does

    def changed(self) -> None:
        """Look again at who attends."""
        self._changed.set()

    def send_to_queue(self, queue: str) -> None:
        """End the talk; the citizen waits in another queue."""
        self.next_queue = queue
        self._finish(TalkEnd.TO_QUEUE)

    async def hand_over(self, transfer: Transfer, far: FarEnd) -> None:
        """Let the far end attend; the seat wraps up."""
        earlier_id = self.seat_id
        self._lets_go(self.seat, transfer.ear)
        self.seat, self.seat_id, self._is_outside = far.leg, far.seat_id, far.seat_id is None
        self._successor = None
        self._forget_holds()
        self.changed()
        await self.rewire()
        if self.is_recording_paused:
            await self.resume_recording()
        await self._drop_leaving()
        await transfer.write_end(TransferResult.CONNECTED)
        await self._book.hand_over(far.seat_id)
        await self._book.release(earlier_id)

    # inside

    def _finish(self, end: TalkEnd) -> None:
        self._ending = end
        self.changed()

    def _lets_go(self, *legs: Leg | None) -> None:
        self._leaving.update(leg for leg in legs if leg is not None)

    async def _drop_leaving(self) -> None:
        while self._leaving:
            leg = next(iter(self._leaving))
            await self.exchange.switchboard.drop(leg)
            self._leaving.discard(leg)

    def _forget_holds(self) -> None:
        self.is_held = self._is_held_by_phone = self._is_seat_lost = False

    async def _talk(self) -> TalkEnd:
        while True:
            self._changed.clear()
            if self._ending is not None:
                return self._ending
            if self.seat is None:
                if self._others.transfer is None:
                    return TalkEnd.SEAT_LOST
                await self._changed.wait()
                continue
            end = await self._until_gone(self.seat)
            if end is None:
                continue
            if self._others.transfer is None:
                return end
            if not await self._others.leave():
                await self._leave()

    async def _leave(self) -> None:
        """The seat goes while somebody is being rung: the citizen waits for that one alone."""
        earlier_id = self.seat_id
        self._lets_go(self.seat)
        self.seat = None
        self._forget_holds()
        await self.rewire()
        await self._drop_leaving()
        await self._book.note("seat_left")
        await self._book.release(earlier_id)

    async def _until_gone(self, seat: Leg) -> TalkEnd | None:
        """Return how the talk ends because whoever attends has gone; None: something changed."""
        seat_id = self.seat_id
        if seat_id is not None:
            seat.on_transfer = lambda event: self._others.refer(event, seat_id)
        dead = spawn(watch(self.exchange, seat), "watch a seat")
        lost = spawn(until_lost(seat), "watch a page")
        holds = spawn(self._follow_hold(seat), "follow a hold")
        try:
            await first_of(seat.over, dead, lost, self._changed)
        finally:
            seat.on_transfer = None
            await stop_tasks(dead, lost, holds)
        if self._changed.is_set():
            return None
        if lost.cancelled() or seat.is_over:
            is_broken = not seat.is_over or seat.over.result() is LegEnd.BROKEN
            # A media host that dies takes the seat's leg away, and maybe not the citizen's.
            is_ours = not dead.cancelled() and dead.result() is CallEnd.FAILED
            is_lost = is_ours or (self._is_outside and is_broken) or self._others.has_just_failed
            return TalkEnd.SEAT_LOST if is_lost else TalkEnd.SEAT_HUNG_UP
        if await self._wait_for_page(seat) or self._changed.is_set():
            return None
        return TalkEnd.SEAT_HUNG_UP if seat.over.done() else TalkEnd.SEAT_LOST

    async def _follow_hold(self, seat: Leg) -> None:
        """Play music while the seat's phone holds the call."""
        while True:
            await seat.hold_changed.wait()
            seat.hold_changed.clear()
            self._is_held_by_phone = is_held = seat.is_holding
            await self.rewire()
            await self._book.note("held" if is_held else "resumed")

    async def _wait_for_page(self, seat: Leg) -> bool:
        """Play music to the citizen until the seat's page is back; False if it does not come."""
        assert isinstance(seat, PageLeg)
        seat.back.clear()
        if not seat.is_lost:
            return True  # it came back in the moment between
        log.warning("page_lost", call=str(self.call_id))
        self._is_seat_lost = True
        await self._book.note("page_lost")
        await self.rewire()
        limit = self.exchange.options.limits.page_returns.total_seconds()
        await first_of(seat.back, seat.over, self._changed, timeout=limit)
        if not seat.back.is_set():
            return False
        self._is_seat_lost = False
        log.info("page_back", call=str(self.call_id))
        await self._book.note("page_back")
        await self.rewire()
        return True

    def _rooms(self) -> tuple[list[Leg], list[Leg]]:
        """Return who is with the citizen, and who consults apart."""
        seat = [] if self.seat is None or self._is_seat_lost else [self.seat]
        transfer, far = self._others.transfer, self._others.far
        if transfer is None or transfer.keeps_citizen:
            is_on_hold = self.is_held or self._is_held_by_phone
            return ([self.citizen], seat) if is_on_hold else ([self.citizen, *seat], [])
        if far is None:
            return [self.citizen], seat
        if transfer.state is TransferState.JOINED:
            return [self.citizen, *seat, far], []
        return [self.citizen], [*([transfer.ear] if transfer.ear else seat), far]

    async def rewire(self) -> None:
        """Let everybody hear whom they are to hear; who has gone is noticed by who watches them."""
        try:
            async with self._wiring:
                room, apart = self._rooms()
                await wire(room, apart, self.seat, self._supervisors, self._tune)
        except LegClosed:
            log.info("leg_gone_while_wiring", call=str(self.call_id))

    async def _end(self) -> None:
        is_gone = self.citizen.is_over
        await self._others.end(TransferResult.CITIZEN_LEFT if is_gone else TransferResult.FAILED)
        await self._tune.stop()
        await self._supervisors.end()
        try:
            await self.citizen.media.also_hear([])
        except LegClosed:
            log.debug("citizen_gone", call=str(self.call_id))
        self._lets_go(self.seat)
        await self._drop_leaving()

"""A caller in a queue: music, the place in the queue now and then, and seats that ring.

The music goes on while a seat rings. When a seat answers, SQL decides: if the offer has ended
meanwhile (the seat signed out, the sweeper was quicker), the seat's phone is hung up again and
the caller keeps waiting at the same place.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from channels.voice.exchange import Exchange
from channels.voice.flow_walk import FlowWalk
from channels.voice.leg import Leg
from channels.voice.media.engine import LegClosed, PromptUnusable
from channels.voice.missed import OURS, Missed
from channels.voice.number_asking import ask_number
from channels.voice.seat_ring import Caller, ring_seat
from channels.voice.waiters import first_of, patiently, stop_tasks
from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CallId, SeatId
from hotline.kernel.privacy import blind_index
from hotline.kernel.tasks import spawn
from hotline.queues import service as queues
from hotline.queues.estimate import Bound
from hotline.queues.returns.service import RingAt
from hotline.queues.values import Offer
from hotline.queues.waiting import queue_of
from ivr.events import LeaveReason
from ivr.speech import queue_position, queue_wait
from ivr.verbs import (
    CALL_BACK_KEY,
    CALL_BACK_OFFER,
    CALL_BACK_OFFER_NUMBER,
    Enqueue,
    PromptRef,
)

log = structlog.get_logger()

CHECK_SECONDS = 10.0
"""How often a caller who is offered nothing asks whether anybody is signed in at all."""

AWAY_SECONDS = 1.0
"""How often while the database is away."""


@dataclass(frozen=True, slots=True)
class SeatFound:
    """A seat has answered; in SQL it is the caller's contact."""

    seat_id: SeatId
    leg: Leg


@dataclass(frozen=True, slots=True)
class _Ring:
    """One seat that rings."""

    offer: Offer
    task: "asyncio.Task[Leg | Missed]"


class QueueWait:
    """One stay in one queue."""

    def __init__(
        self,
        exchange: Exchange,
        walk: FlowWalk,
        *,
        call_id: CallId,
        leg: Leg,
        queue: str,
        caller: Caller,
        verb: Enqueue,
    ) -> None:
        self._exchange = exchange
        self._walk = walk
        self._call_id = call_id
        self._leg = leg
        self._queue = queue
        self._verb = verb
        self._caller = caller
        self._can_call_back = verb.can_call_back
        self._ring_at: RingAt | None = None
        """Where a caller who withholds the number wants to be rung."""
        self._sounding: asyncio.Task[None] | None = None
        self._wants_call_back = False
        self._is_away = False
        """The database was, when it was last needed."""
        self._has_stood = False
        self._news = asyncio.Event()
        self._offers: dict[UUID, Offer] = {}
        """Those that ring now; several where the queue rings all its seats."""
        self._seen: set[UUID] = set()
        """Offers that were rung already; SQL may show them a moment longer."""

    async def run(
        self,
        number_hash: str | None,
        *,
        since: datetime | None = None,
        place: datetime | None = None,
    ) -> SeatFound | LeaveReason:
        """Wait until a seat has answered, or nobody can come, or it has been too long.

        With `since`, at the place of one who has waited since then; with `place`, at that place.
        """
        now = self._exchange.clock()
        self._stand = partial(
            queues.enqueue,
            call_id=self._call_id,
            number_hash=number_hash,
            since=since or now,
            place=place,
            priority=self._verb.priority,
            needs=self._verb.needs,
        )
        # By the loop's time: a step of the clock throws nobody out.
        limit = self._exchange.options.limits.max_wait
        until = asyncio.get_running_loop().time() + limit.total_seconds()
        reason = await self._look_after(until)
        if reason is not None:
            return reason
        self._exchange.distribution.join(self._call_id, self)
        self._sounding = spawn(self._sound(), f"music {self._call_id}")
        keys = spawn(self._hear_keys(), f"keys {self._call_id}")
        try:
            return await self._wait(until)
        finally:
            self._exchange.distribution.leave(self._call_id)
            await stop_tasks(keys)
            await stop_tasks(self._sounding)

    def show(self, offers: Sequence[Offer]) -> None:
        """Take the offers that ring for this call (from the distributor)."""
        fresh = {each.offer_id: each for each in offers if each.offer_id not in self._seen}
        if fresh.keys() != self._offers.keys():
            self._offers = fresh
            self._news.set()

    async def _wait(self, until: float) -> SeatFound | LeaveReason:
        while True:
            self._news.clear()
            if self._offers:
                found = await self._ring()
                if found is not None:
                    return found
                continue
            if self._wants_call_back and await self._call_back():
                return LeaveReason.CALL_BACK
            pause = AWAY_SECONDS if self._is_away else CHECK_SECONDS
            if not await first_of(self._news, timeout=pause):
                reason = await self._look_after(until)
                if reason is not None:
                    return reason

    async def _look_after(self, until: float) -> LeaveReason | None:
        """Stand in the queue, or leave it; None to wait on, for the database too if it is away.

        Raises:
            Unavailable: if it is away still when the longest wait is over.
        """
        now = self._exchange.clock()
        is_late = asyncio.get_running_loop().time() >= until
        try:
            await self._exchange.ledger.settle(self._call_id)
            async with patiently(), self._exchange.database.begin() as uow:
                reason = await self._stay_or_go(uow, is_late, now)
        except Unavailable:
            if is_late:
                raise
            log.warning("wait_goes_on_without_the_database", call=str(self._call_id))
            self._is_away = True
            return None
        self._is_away = False
        return reason

    async def _stay_or_go(
        self, uow: UnitOfWork, is_late: bool, now: datetime
    ) -> LeaveReason | None:
        # A shift leader may have moved the caller to another queue meanwhile.
        queue = await queue_of(uow.session, self._call_id)
        policy = self._exchange.options.queue_policy
        is_staffed = await queues.has_seats(uow.session, queue or self._queue, policy)
        if queue is None:
            if self._has_stood:
                # SQL has a seat that we never heard of: its commit was cut off.
                await queues.end_contact(uow, self._call_id, now=now)
            if not is_staffed:
                return LeaveReason.NO_SEATS
            await self._stand(uow, queue=self._queue, now=now)
            await calls.enter_queue(uow, self._call_id, queue=self._queue, now=now)
            self._has_stood = True
            return None
        if is_staffed and not is_late:
            return None
        if not await queues.time_out(uow, self._call_id, now=now):
            # A seat was found in the same moment.
            return None
        reason = LeaveReason.OVERFLOW if is_staffed else LeaveReason.NO_SEATS
        await calls.leave_queue(uow, self._call_id, reason=reason.value, now=now)
        return reason

    async def _hear_keys(self) -> None:
        """Listen for the wish to be called back; other keys mean nothing here."""
        digits = self._leg.media.digits
        while not digits.empty():
            digits.get_nowait()
        while True:
            if (await digits.get()).key != CALL_BACK_KEY or not self._can_call_back:
                continue
            if self._caller.number is None:
                self._ring_at = await self._ask_number()
            if self._caller.number is not None or self._ring_at is not None:
                self._wants_call_back = True
                self._news.set()

    async def _ask_number(self) -> RingAt | None:
        """Ask by keys at which number to ring; seats ring on meanwhile, and one may answer."""
        assert self._sounding is not None
        await stop_tasks(self._sounding)
        people, outbound = self._exchange.options.people, self._exchange.options.outbound
        number = None
        try:
            number = await ask_number(self._walk, outbound, people.home_area_code)
        except LegClosed:
            log.info("caller_gone_while_asked", call=str(self._call_id))
        finally:
            self._sounding = spawn(self._sound(), f"music {self._call_id}")
        if number is None:
            return None
        return RingAt(number.dialable, blind_index(people.index_key, number.identity))

    async def _call_back(self) -> bool:
        """Give up the wait and keep the place; False if a seat was found in the same moment."""
        now = self._exchange.clock()
        try:
            async with self._exchange.database.begin() as uow:
                is_kept = await queues.call_back_instead(
                    uow, self._call_id, now=now, at=self._ring_at
                )
                if is_kept:
                    reason = LeaveReason.CALL_BACK.value
                    await calls.leave_queue(uow, self._call_id, reason=reason, now=now)
        except Unavailable:
            # Nothing may be promised that is not written: the wish stands until it is.
            self._is_away = True
            return False
        self._wants_call_back = False
        return is_kept

    async def _ring(self) -> SeatFound | None:
        """Ring the seats while there are offers; None if the caller goes on waiting."""
        ringing: dict[UUID, _Ring] = {}
        try:
            while self._offers:
                self._news.clear()
                for offer in self._offers.values():
                    if offer.offer_id not in ringing:
                        task = spawn(
                            ring_seat(self._exchange, offer, self._caller),
                            f"ring {offer.extension}",
                        )
                        ringing[offer.offer_id] = _Ring(offer, task)
                await first_of(self._news, *(each.task for each in ringing.values()))
                for each in [each for each in ringing.values() if each.task.done()]:
                    found = await self._end_ring(ringing.pop(each.offer.offer_id))
                    if found is not None:
                        return found
                withdrawn = ringing.keys() - self._offers.keys()
                await self._stop([ringing.pop(offer_id) for offer_id in withdrawn])
            return None
        finally:
            await self._stop(list(ringing.values()))

    async def _end_ring(self, ring: "_Ring") -> SeatFound | None:
        """Take what came of ringing one seat; None if the caller goes on waiting."""
        # From here on SQL may show the offer as gone: it is ours to end.
        self._see(ring.offer)
        outcome = ring.task.result()
        if isinstance(outcome, Missed):
            await self._miss(ring.offer, outcome)
            return None
        return await self._connect(ring.offer, outcome)

    def _see(self, offer: Offer) -> None:
        self._seen.add(offer.offer_id)
        self._offers.pop(offer.offer_id, None)

    async def _stop(self, rings: "Collection[_Ring]") -> None:
        """Let seats ring no more; drop the leg of one that answered while its caller was going."""
        await stop_tasks(*(each.task for each in rings))
        for each in rings:
            self._see(each.offer)
            if not each.task.cancelled() and each.task.exception() is None:
                outcome = each.task.result()
                if isinstance(outcome, Leg):
                    await self._exchange.switchboard.drop(outcome)

    async def _miss(self, offer: Offer, outcome: Missed) -> None:
        is_ours = outcome in OURS
        end = queues.take_back_offer if is_ours else queues.miss_offer
        try:
            async with self._exchange.database.begin() as uow:
                await end(uow, offer.offer_id, reason=outcome.value, now=self._exchange.clock())
        except Conflict:
            log.info("offer_ended_elsewhere", offer=str(offer.offer_id))
        except Unavailable:
            log.warning("offer_waits_for_the_sweeper", offer=str(offer.offer_id))
        if not is_ours:
            # Otherwise the same two would meet again at once, and again in vain.
            self._exchange.distribution.wake()

    async def _connect(self, offer: Offer, leg: Leg) -> SeatFound | None:
        now = self._exchange.clock()
        try:
            async with patiently(), self._exchange.database.begin() as uow:
                await queues.answer_offer(uow, offer.offer_id, now=now)
                await calls.connect_call(uow, self._call_id, seat_id=offer.seat_id, now=now)
        except Conflict:
            log.info("offer_ended_elsewhere", offer=str(offer.offer_id))
            await self._exchange.switchboard.drop(leg)
            self._exchange.distribution.wake()
            return None
        except Unavailable:
            log.warning("seat_answered_without_the_database", offer=str(offer.offer_id))
            await self._exchange.switchboard.drop(leg)
            self._is_away = True
            return None
        except BaseException:
            await self._exchange.switchboard.drop(leg)
            raise
        return SeatFound(offer.seat_id, leg)

    async def _sound(self) -> None:
        """Play music, and every now and then say the place and the wait to expect."""
        limits = self._exchange.options.limits
        pause = limits.announce_first
        while True:
            try:
                async with asyncio.timeout(pause.total_seconds()):
                    await self._music_plays()
            except TimeoutError:
                await self._announce()
            except LegClosed:
                return
            pause = limits.announce_every

    async def _music_plays(self) -> None:
        """Play music until cancelled; without a usable file, silence."""
        try:
            await self._leg.media.play(self._walk.files([self._verb.music]), loop=True)
        except PromptUnusable as error:
            log.error("prompt_unusable", prompt=error.path.name, problem=error.problem)
        await asyncio.Event().wait()

    async def _announce(self) -> None:
        try:
            async with self._exchange.database.read() as session:
                prospect = await queues.prospect(session, self._call_id, self._exchange.clock())
        except Unavailable:
            prospect = None
        if prospect is None:
            return
        wait: tuple[PromptRef, ...] = ()
        if prospect.place > 1 and prospect.expected is not None:
            is_more = prospect.expected.bound is Bound.MORE_THAN
            wait = queue_wait(prospect.expected.minutes, is_more=is_more)
        offers: tuple[PromptRef, ...] = ()
        if self._can_call_back and prospect.place > 1:
            is_known = self._caller.number is not None
            offers = (CALL_BACK_OFFER if is_known else CALL_BACK_OFFER_NUMBER,)
        await self._walk.say((*queue_position(prospect.place - 1), *wait, *offers))

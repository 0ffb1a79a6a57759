"""A parked caller: music until a seat picks the call up, or the seat that parked gets it back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd, connect, not_reached, reach_seat
from channels.voice.hold_music import HoldMusic
from channels.voice.leg import Leg
from channels.voice.media.engine import LegClosed
from channels.voice.missed import Missed
from channels.voice.seat_ring import Caller, ring_seat
from channels.voice.talk_book import TalkBook
from channels.voice.waiters import first_of
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import phone_transfers
from hotline.queues.control.states import ParkResult
from hotline.queues.phone_contacts import call_seat
from hotline.queues.phone_transfers import ParkedView
from hotline.queues.values import Offer

log = structlog.get_logger()

NOT_CONNECTED = "not_connected"

PICK_UP_SECONDS = 12.0
"""Whoever was picking up at the limit has so long: a path to a browser takes at most eight."""


class Parking:
    """One parked caller, from the parking to the next talk."""

    def __init__(
        self,
        exchange: Exchange,
        call_id: CallId,
        leg: Leg,
        *,
        view: ParkedView,
        parked_by: SeatId,
        music: Sequence[Path],
        caller: Caller,
    ) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._view = view
        self._parked_by = parked_by
        self._caller = caller
        self._tune = HoldMusic(leg, music)
        self._leg = leg
        self._news = asyncio.Event()
        self._found: FarEnd | None = None
        self._is_closed = False
        """Somebody is picking up, or the limit has passed."""
        self._is_over = False

    async def run(self) -> FarEnd | None:
        """Wait for a seat; None if none is there: the caller is next in the queue."""
        result = ParkResult.CITIZEN_LEFT
        self._exchange.parked[self._call_id] = self
        try:
            await self._leg.media.unbridge()
            self._tune.play()
            found = await self._wait()
            result = ParkResult.PICKED_UP
            if found is None:
                outcome = await reach_seat(
                    self._exchange, self._call_id, self._parked_by, self._caller
                )
                found = outcome if isinstance(outcome, FarEnd) else None
                result = ParkResult.QUEUED if found is None else ParkResult.RETURNED
        except LegClosed:
            return None
        finally:
            self._is_over = self._is_closed = True
            del self._exchange.parked[self._call_id]
            await self._tune.stop()
            await self._write(result)
        if found is not None:
            await TalkBook(self._exchange, self._call_id).hand_over(found.seat_id)
        return found

    async def ring(self, seat_id: SeatId) -> None:
        """Ring a seat's own telephone, and let it talk with the caller; see `pick_up`."""

        async def open_phone(offer: Offer) -> Leg:
            outcome = await ring_seat(self._exchange, offer, self._caller)
            if isinstance(outcome, Missed):
                raise Conflict(f"the seat's telephone: {outcome.value}")
            return outcome

        await self.pick_up(seat_id, open_phone)

    async def pick_up(self, seat_id: SeatId, open_leg: Callable[[Offer], Awaitable[Leg]]) -> None:
        """Let a seat talk with the caller (取回).

        Raises:
            Conflict: if another seat was quicker, or this one is busy; the caller stays parked.
        """
        if self._is_closed:
            raise Conflict("the call is being picked up, or has gone back")
        self._is_closed = True
        limit = self._exchange.options.queue_policy.offer_limit
        try:
            async with self._exchange.database.begin() as uow:
                now = self._exchange.clock()
                offer = await call_seat(
                    uow, self._call_id, seat_id, limit=limit, now=now, is_own_wish=True
                )
            try:
                outcome = await connect(self._exchange, offer, await open_leg(offer))
            except BaseException:
                await not_reached(self._exchange, offer, NOT_CONNECTED)
                raise
            if not isinstance(outcome, FarEnd):
                await not_reached(self._exchange, offer, NOT_CONNECTED)
                raise Conflict("the seat could not be connected")
            self._exchange.keep(self._call_id, outcome.leg)
            if self._is_over:
                await self._let_go(seat_id, outcome.leg)
                raise Conflict("the caller is not parked any more")
            self._found = outcome
        finally:
            self._is_closed = self._found is not None
            self._news.set()

    async def _wait(self) -> FarEnd | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._exchange.options.limits.park.total_seconds()
        while self._found is None:
            self._news.clear()
            left = until - loop.time()
            if left <= 0 and not self._is_closed:
                break
            await first_of(self._news, timeout=left if left > 0 else PICK_UP_SECONDS)
            if left <= 0 and self._found is None:
                break
        self._is_over = self._is_closed = True
        return self._found

    async def _let_go(self, seat_id: SeatId, leg: Leg) -> None:
        await self._exchange.switchboard.drop(leg)
        await TalkBook(self._exchange, self._call_id).release(seat_id)

    async def _write(self, result: ParkResult) -> None:
        now = self._exchange.clock()
        await self._exchange.ledger.write(
            self._call_id,
            "unparked",
            lambda uow: phone_transfers.end_park(uow, self._view.parked_id, result, now=now),
        )

"""The distributor of one voice process: makes offers, and brings them to the calls it carries.

Every process may make an offer for any caller; the process that carries the call rings the seat.
SQL says who rings where; a signal only shortens the second until the next look.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from channels.voice.waiters import first_of
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.values import Offer, QueuePolicy

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""The longest an offer waits when every signal is lost."""

AGAIN_SECONDS = 0.02
"""After that we look again at a queue for which another process was dealing."""


class Waiter(Protocol):
    """A call that waits in a queue."""

    def show(self, offers: Sequence[Offer]) -> None:
        """Take the offers that ring for this call at the moment; none means none rings any more."""


class Distribution:
    """Looks at the queues when something changed, and once a second."""

    def __init__(self, database: Database, clock: Clock, policy: QueuePolicy) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._news = asyncio.Event()
        self._waiters: dict[CallId, Waiter] = {}
        self._shown: set[CallId] = set()
        """The calls that were shown offers; of the others there is nothing to tell."""

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    def join(self, call_id: CallId, waiter: Waiter) -> None:
        """Bring the offers of a call to `waiter` from now on."""
        self._waiters[call_id] = waiter
        self.wake()

    def leave(self, call_id: CallId) -> None:
        """Bring nothing more for a call."""
        self._waiters.pop(call_id, None)
        self._shown.discard(call_id)

    async def run(self, process_id: Callable[[], UUID]) -> None:
        """Distribute until cancelled; `process_id` tells the present life of this process."""
        pause = LOOK_SECONDS
        while True:
            await first_of(self._news, timeout=pause)
            self._news.clear()
            try:
                pause = LOOK_SECONDS if await self.look(process_id()) else AGAIN_SECONDS
            except Unavailable:
                log.warning("distribution_waits_for_the_database")
                await asyncio.sleep(LOOK_SECONDS)

    async def look(self, process_id: UUID) -> bool:
        """Make every offer that can be made, and show the calls theirs.

        False if another process was dealing for one of the queues.
        """
        is_done = await self._deal()
        # A call that joins while this reads is not in the answer, and must not be told so.
        asked = {call_id: self._waiters[call_id] for call_id in self._shown}
        if not self._waiters:
            return is_done
        async with self._database.read() as session:
            ringing = await queues.ringing_offers(session, process_id)
        by_call: dict[CallId, list[Offer]] = defaultdict(list)
        for offer in ringing:
            by_call[offer.call_id].append(offer)
        asked |= {call: self._waiters[call] for call in by_call if call in self._waiters}
        for call_id, waiter in asked.items():
            if call_id in self._waiters:
                self._shown.add(call_id)
                waiter.show(by_call[call_id])
        self._shown &= by_call.keys()
        return is_done

    async def _deal(self) -> bool:
        """Deal for every queue in which somebody waits, until nothing is left to do."""
        is_done, goes_on = True, True
        while goes_on:
            async with self._database.begin() as uow:
                now = self._clock()
                names = await queues.queues_with_callers(uow.session)
                deals = [await queues.deal(uow, name, now, self._policy) for name in names]
            is_done = not any(each.is_busy for each in deals)
            goes_on = any(each.goes_on for each in deals)
        return is_done

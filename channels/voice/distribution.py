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
"""After that we look again at a queue whose seats or callers somebody else was moving."""


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

        False if somebody else was moving seats or callers of one of the queues.
        """
        is_done, ringing = await self._deal(process_id)
        by_call: dict[CallId, list[Offer]] = defaultdict(list)
        for offer in ringing:
            by_call[offer.call_id].append(offer)
        # To the others there is nothing to tell: nothing rings for them, and nothing did.
        for call_id in by_call.keys() | self._shown:
            if call_id in self._waiters:
                self._waiters[call_id].show(by_call[call_id])
        self._shown = by_call.keys() & self._waiters.keys()
        return is_done

    async def _deal(self, process_id: UUID) -> tuple[bool, list[Offer]]:
        """Deal for every queue in which somebody waits, until nothing is left to do.

        Returns whether nobody else was moving seats or callers of one of them, and what rings then
        for the calls that this process carries.
        """
        ringing: list[Offer] = []
        deals: list[queues.Deal] = []
        goes_on = True
        while goes_on:
            async with self._database.begin() as uow:
                names = await queues.queues_with_callers(uow.session)
                now = self._clock()
                deals = [await queues.deal(uow, name, now, self._policy) for name in names]
                goes_on = any(each.goes_on for each in deals)
                if not goes_on:
                    ringing = await queues.ringing_offers(uow.session, process_id)
        return not any(each.is_busy for each in deals), ringing

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


class Waiter(Protocol):
    """A call that waits in a queue."""

    def show(self, offers: Sequence[Offer]) -> None:
        """Take the offers that ring for this call at the moment; none means none rings."""


class Distribution:
    """Looks at the queues when something changed, and once a second."""

    def __init__(self, database: Database, clock: Clock, policy: QueuePolicy) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._news = asyncio.Event()
        self._waiters: dict[CallId, Waiter] = {}

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

    async def run(self, process_id: Callable[[], UUID]) -> None:
        """Distribute until cancelled; `process_id` tells the present life of this process."""
        while True:
            await first_of(self._news, timeout=LOOK_SECONDS)
            self._news.clear()
            try:
                await self.look(process_id())
            except Unavailable:
                log.warning("distribution_waits_for_the_database")
                await asyncio.sleep(LOOK_SECONDS)

    async def look(self, process_id: UUID) -> None:
        """Make every offer that can be made, and show the calls theirs."""
        async with self._database.read() as session:
            names = await queues.queues_with_callers(session)
        for name in names:
            while await self._offer(name):
                pass
        # A call that joins while this reads is not in the answer, and must not be told so.
        asked = tuple(self._waiters.items())
        if not asked:
            return
        async with self._database.read() as session:
            ringing = await queues.ringing_offers(session, process_id)
        by_call: dict[CallId, list[Offer]] = defaultdict(list)
        for offer in ringing:
            by_call[offer.call_id].append(offer)
        for call_id, waiter in asked:
            waiter.show(by_call[call_id])

    async def _offer(self, queue: str) -> bool:
        async with self._database.begin() as uow:
            offer = await queues.next_offer(uow, queue, self._clock(), self._policy)
        return offer is not None

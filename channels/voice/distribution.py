"""The distributor of one voice process: makes offers, and brings them to the calls it carries.

Every process may make an offer for any caller; the process that carries the call rings the seat.
SQL says who rings where; a signal only shortens the second until the next look. The looks have a
connection of their own, so that a free seat does not wait behind a hundred calls that write.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from channels.voice.waiters import first_of, patiently
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.signals import OFFER
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
        self._own = database
        """Where looks are taken: over a connection of their own while `run` runs."""
        self._clock = clock
        self._policy = policy
        self._news = asyncio.Event()
        self._waiters: dict[CallId, Waiter] = {}
        self._known: dict[UUID, Offer] = {}
        """The offers that rang at the last look."""
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
        while True:
            try:
                async with self._database.alone() as self._own:
                    await self._run(process_id)
            except Unavailable:
                log.warning("distribution_waits_for_the_database")
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:
                # Without the distributor callers would hear music for ever.
                log.exception("distribution_failed")
                await asyncio.sleep(LOOK_SECONDS)

    async def _run(self, process_id: Callable[[], UUID]) -> None:
        pause = 0.0
        while True:
            if pause:
                await first_of(self._news, timeout=pause)
            self._news.clear()
            async with patiently():
                pause = await self.look(process_id())

    async def look(self, process_id: UUID) -> float:
        """Make offers in one transaction, and show the calls theirs.

        Returns how many seconds later to look again if there is no news: none if there was more
        to do than one transaction does. So what rings is shown at once, however much is to do.
        """
        async with self._own.begin() as uow:
            deals = await self._deal(uow)
            ringing = await queues.ringing_offers(uow.session, process_id, self._known)
        self._known = {offer.offer_id: offer for offer in ringing}
        self._show(ringing)
        if any(each.goes_on for each in deals):
            return 0.0
        return AGAIN_SECONDS if any(each.is_busy for each in deals) else LOOK_SECONDS

    def _show(self, ringing: Sequence[Offer]) -> None:
        by_call: dict[CallId, list[Offer]] = defaultdict(list)
        for offer in ringing:
            by_call[offer.call_id].append(offer)
        # To the others there is nothing to tell: nothing rings for them, and nothing did.
        for call_id in by_call.keys() | self._shown:
            if call_id in self._waiters:
                self._waiters[call_id].show(by_call[call_id])
        self._shown = by_call.keys() & self._waiters.keys()

    async def _deal(self, uow: UnitOfWork) -> list[queues.Deal]:
        """Deal once for every queue in which somebody waits."""
        heads = await queues.hold_queues(uow.session)
        now = self._clock()
        deals = [
            await queues.deal(uow, name, now, self._policy, is_held=True)
            if is_held
            else queues.Deal(is_busy=True)
            for name, is_held in heads
        ]
        self._tell_others(uow, deals)
        return deals

    def _tell_others(self, uow: UnitOfWork, deals: Iterable[queues.Deal]) -> None:
        """Wake the processes that carry the calls; what we carry is seen in this very look."""
        for each in deals:
            for offer in each.offers:
                self._known[offer.offer_id] = offer
                if offer.call_id not in self._waiters:
                    uow.signal(OFFER, offer_id=offer.offer_id)

"""Orders to ring somebody: claimed from SQL when signalled, and once a second."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import structlog

from channels.voice.exchange import Exchange
from channels.voice.outbound import OutboundCall
from channels.voice.waiters import first_of
from hotline.contacts.calls import orders
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.values import Order
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""The longest an order waits when its signal is lost."""

REST_SECONDS = 5.0
"""After an order that found no free port, others are not taken for so long."""


class OrderDesk:
    """Takes orders while there is room and budget, and carries each to its end."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._news = asyncio.Event()
        self._rests_until = 0.0
        self._running: dict[asyncio.Task[None], OutboundCall] = {}

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    async def run(self) -> None:
        """Carry out orders until cancelled; the calls go on until `stop`."""
        while True:
            try:
                while await self._take():
                    pass
            except Unavailable:
                log.warning("orders_wait_for_the_database")
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:
                # One look that fails must not be the last one.
                log.exception("orders_not_looked_at")
                await asyncio.sleep(LOOK_SECONDS)
            await first_of(self._news, timeout=LOOK_SECONDS)
            self._news.clear()

    @property
    def going(self) -> Collection[asyncio.Task[None]]:
        """The ordered calls that are under way."""
        return self._running.keys()

    def hang_up(self) -> None:
        """End every ordered call."""
        for call in self._running.values():
            call.stop()

    async def stop(self) -> None:
        """End every ordered call, and wait until its result is written."""
        self.hang_up()
        if self._running:
            await asyncio.wait(self._running)

    async def _take(self) -> bool:
        """Claim one order and start it; False if there is none, or no room.

        Not before what is owed about earlier ones is written: it may be the same order.
        """
        limits = self._exchange.options.outbound
        is_resting = asyncio.get_running_loop().time() < self._rests_until
        # People come first: what seats dial takes the place of ordered calls.
        going = len(self._running) + self._exchange.trunks.dialled_out
        if is_resting or going >= limits.max_calls:
            return False
        await self._exchange.ledger.settle_all()
        now = self._exchange.clock()
        # Those that have no row yet count too, or many at once would exceed the budget.
        coming = sum(not call.is_written for call in self._running.values())
        async with self._exchange.database.begin() as uow:
            since = now - timedelta(hours=1)
            if await calls.outbound_since(uow.session, since) + coming >= limits.calls_an_hour:
                return False
            order = await orders.claim_order(uow, process_id=self._exchange.process_id, now=now)
        if order is None:
            return False
        # A lease that ran out while we were held up: it is renewed, and the call goes on.
        if all(call.order_id != order.order_id for call in self._running.values()):
            self._start(order)
        return True

    def _start(self, order: Order) -> None:
        call = OutboundCall(self._exchange, order)
        task = spawn(call.run(), f"order {order.order_id}")
        self._running[task] = call
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if self._running.pop(task).is_given_back:
            self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
        self.wake()

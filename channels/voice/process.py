"""The voice process: one SIP endpoint, one media engine, and every call that comes or is ordered.

async with VoiceProcess.open(options, database, media, clock=system_clock) as voice:
    await stop.wait()
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from channels.voice.call import InboundCall, refuse
from channels.voice.distribution import Distribution
from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.life import end_in_sql
from channels.voice.lines import Line, Lines
from channels.voice.media.engine import MediaEngine
from channels.voice.media.pages import PageEngine
from channels.voice.options import VoiceOptions
from channels.voice.orders import OrderDesk
from channels.voice.phone_desk import PhoneDesk
from channels.voice.seat_calls import SeatCall
from channels.voice.seats import SeatRegistrar
from channels.voice.sip.events import CallOffered, RegisterReceived
from channels.voice.sip.peers import PeerOptions
from channels.voice.srv import SrvResolver
from channels.voice.switchboard import Switchboard
from channels.voice.telling import RefusalBook, Teller
from channels.voice.trunks import TrunkRegistrations
from channels.voice.waiters import first_of, patiently, stop_tasks
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd
from hotline.contacts.telephony import service as telephony
from hotline.contacts.telephony.values import RefusalReason
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

BEAT_SECONDS = 3.0
"""A quarter of the silence after which the house doubts that a voice process lives."""

ORPHAN_AGE = timedelta(seconds=15)
"""A call in SQL for so long that this process does not carry is one whose end was not written."""

MAX_REGISTERS = 64
"""REGISTERs judged at once; the next is told to come again."""

LEGS_PER_CALL = 2
"""The citizen and the seat are two calls to the endpoint."""

HARD_STOP_SECONDS = 12.0
"""From the wish to stop until calls are cut off: a goodbye, and the last rows."""


class VoiceProcess:
    """A running voice process."""

    def __init__(
        self, options: VoiceOptions, database: Database, media: MediaEngine, clock: Clock
    ) -> None:
        self._options = options
        self._database = database
        self._media = media
        self._clock = clock
        self._lines = Lines(options.lines, options.trunks, options.srtp)
        self._registrar = SeatRegistrar(database, clock)
        self._trunks = TrunkRegistrations(
            options.trunks, clock=clock, resolver=SrvResolver(options.name_servers)
        )
        self._distribution = Distribution(database, clock, options.queue_policy)
        self._switchboard = Switchboard(
            on_call=self._call_came,
            on_register=self._register_came,
            on_registration=self._trunks.receive,
        )
        self._refused = RefusalBook(clock)
        self._teller = Teller(
            options, self._lines, self._trunks, self._switchboard, self._refused, media.pulse
        )
        self._calls: dict[asyncio.Task[None], InboundCall] = {}
        self._registers: set[asyncio.Task[None]] = set()
        self._refusals: set[asyncio.Task[None]] = set()
        self._seat_calls: set[asyncio.Task[None]] = set()
        self._exchange: Exchange | None = None
        self._orders: OrderDesk | None = None
        self._phones: PhoneDesk | None = None
        self._work: list[asyncio.Task[None]] = []
        self._is_open = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: VoiceOptions, database: Database, media: MediaEngine, *, clock: Clock
    ) -> AsyncGenerator["VoiceProcess", None]:
        """Take calls while the block runs; at its end say goodbye to those that are left.

        `media` must be open. Raises:
            OSError: if the SIP address cannot be bound.
            Unavailable: if the database cannot be reached.
        """
        voice = cls(options, database, media, clock)
        async with AsyncExitStack() as stack:
            try:
                await voice._start(stack)
                yield voice
            finally:
                await voice._stop()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port at which our lines and the registrar are reached."""
        return self._switchboard.endpoint.address

    @property
    def is_ready(self) -> bool:
        """Whether calls are taken."""
        return self._is_open

    @property
    def calls(self) -> int:
        """How many calls this process carries, in and out."""
        return len(self._exchange.alive) if self._exchange else 0

    async def drain(self, hurry: asyncio.Event) -> None:
        """Take no new calls, and return once the last one has ended.

        Those that wait are still put through, talks go on. Returns before that after the limit of
        the options, or when `hurry` is set; whoever is left then hears the goodbye at the end of
        `open`.
        """
        limit = self._options.limits.drain
        if self._orders is None or not limit:
            return
        log.info("voice_drains", calls=self.calls, seconds=limit.total_seconds())
        self._switchboard.endpoint.drain()
        await stop_tasks(*self._work[:1])
        over = spawn(self._last_call_over(self._orders), "wait for the last call")
        try:
            await first_of(over, hurry, timeout=limit.total_seconds())
        finally:
            await stop_tasks(over)
        log.info("voice_drained", calls=self.calls)

    async def _last_call_over(self, orders: OrderDesk) -> None:
        while going := (*self._calls, *orders.going, *self._seat_calls):
            await asyncio.wait(going)

    def wake(self, topic: str) -> None:
        """Take a signal of the house (`orders`, `phone`, `free`, `offer`).

        Any may be lost.
        """
        if topic == "orders" and self._orders is not None:
            self._orders.wake()
        elif topic == "phone" and self._phones is not None:
            self._phones.wake()
        else:
            self._distribution.wake()

    # start and stop

    async def _start(self, stack: AsyncExitStack) -> None:
        options = self._options
        async with self._database.begin() as uow:
            process_id = await calls.start_process(uow, options.name, now=self._clock())
        self._exchange = Exchange(
            options=options,
            database=self._database,
            clock=self._clock,
            media=self._media,
            lines=self._lines,
            switchboard=self._switchboard,
            distribution=self._distribution,
            trunks=self._trunks,
            refusals=self._refused,
            process_id=process_id,
            pages=self._media if isinstance(self._media, PageEngine) else None,
        )
        endpoint = await stack.enter_async_context(
            Endpoint.open(_endpoint_options(options), self._switchboard.receive)
        )
        self._switchboard.connect(endpoint)
        self._orders = OrderDesk(self._exchange)
        self._phones = PhoneDesk(self._exchange)
        self._work += [
            spawn(self._orders.run(), "orders"),
            spawn(self._phones.run(), "phone desk"),
            spawn(self._distribution.run(self._present_life), "distribution"),
            spawn(self._beat(self._exchange), "voice heartbeat"),
        ]
        self._trunks.start(endpoint)
        self._is_open = True
        host, port = endpoint.address
        log.info("voice_ready", host=host, port=port)

    async def _stop(self) -> None:
        self._is_open = False
        if self._exchange is None:
            return
        if self._orders is not None:
            await stop_tasks(*self._work[:1])
            self._trunks.stop(self._switchboard.endpoint)
            await self._end_calls(self._orders)
        everything = (
            *self._work,
            *self._calls,
            *self._registers,
            *self._refusals,
            *self._seat_calls,
        )
        await stop_tasks(*everything)
        try:
            await self._exchange.ledger.settle_all()
            async with self._database.begin() as uow:
                await calls.stop_process(uow, self._exchange.process_id, now=self._clock())
        except Unavailable:
            log.warning("stop_not_written")
        log.info("voice_stopped")

    async def _end_calls(self, orders: OrderDesk) -> None:
        """Let every call say goodbye and write its last row; cut off what takes too long."""
        for call in self._calls.values():
            call.stop()
        try:
            async with asyncio.timeout(HARD_STOP_SECONDS):
                await orders.stop()
                if self._calls:
                    await asyncio.wait(self._calls)
        except TimeoutError:
            log.warning("calls_cut_off", calls=len(self._calls))

    def _present_life(self) -> UUID:
        assert self._exchange is not None
        return self._exchange.process_id

    # news

    def _call_came(self, offered: CallOffered, leg: Leg) -> None:
        exchange = self._exchange
        line = self._lines.line_of(offered)
        if exchange is None or not self._is_open:
            self._turn_away(offered, leg, 503, RefusalReason.CLOSING)
        elif line is None and self._switchboard.endpoint.is_seat(offered.source.host):
            self._seat_called(exchange, offered, leg)
        elif not self._lines.may_call(offered):
            self._turn_away(offered, leg, 403, RefusalReason.NOT_ALLOWED)
        elif line is None:
            self._turn_away(offered, leg, 404, RefusalReason.NO_SUCH_LINE)
        elif len(self._calls) >= self._options.max_calls:
            self._turn_away(offered, leg, 503, RefusalReason.HOUSE_FULL)
        elif line.is_full:
            self._turn_away(offered, leg, 486, RefusalReason.LINE_FULL, line.options.retry_after)
        else:
            call = InboundCall(exchange, line, offered, leg, self._lines.caller_of(offered))
            task = spawn(_carry(call, line), f"call {offered.call}")
            self._calls[task] = call
            task.add_done_callback(self._calls.pop)

    def _turn_away(
        self,
        offered: CallOffered,
        leg: Leg,
        status: int,
        reason: RefusalReason,
        retry_after: int | None = None,
    ) -> None:
        line = self._lines.line_of(offered)
        place = offered.target.number if line is None else line.options.number
        host = offered.source.host
        self._refused.note(CallDirection.INBOUND, place, host, reason, status)
        log.warning("call_turned_away", line=place, reason=reason.value)
        limit = retry_after or self._options.limits.retry_after
        refuse(self._switchboard.endpoint, leg, status, limit)
        task = spawn(self._switchboard.drop(leg), f"turn away {leg.key}")
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    def _seat_called(self, exchange: Exchange, offered: CallOffered, leg: Leg) -> None:
        if len(self._seat_calls) >= self._options.max_calls:
            refuse(self._switchboard.endpoint, leg, 503, self._options.limits.retry_after)
            return
        task = spawn(SeatCall(exchange, offered, leg).run(), f"seat call {offered.call}")
        self._seat_calls.add(task)
        task.add_done_callback(self._seat_calls.discard)

    def _register_came(self, event: RegisterReceived) -> None:
        endpoint = self._switchboard.endpoint
        if len(self._registers) >= MAX_REGISTERS:
            endpoint.reject_register(event.request_key, 503, headers=(("Retry-After", "5"),))
            return
        task = spawn(self._registrar.register(endpoint, event), f"register {event.request_key}")
        self._registers.add(task)
        task.add_done_callback(self._registers.discard)

    # heartbeat

    async def _beat(self, exchange: Exchange) -> None:
        """Say that this process lives, and write the ends that could not be written."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                async with patiently():
                    await self._beat_once(exchange)
            except Unavailable:
                log.warning("heartbeat_waits_for_the_database")
            except Exception:
                # Without a heartbeat the house gives up a process that carries calls.
                log.exception("heartbeat_failed")

    async def _beat_once(self, exchange: Exchange) -> None:
        now = self._clock()
        async with self._database.begin() as uow:
            is_alive = await calls.beat(uow, exchange.process_id, now=now)
        await exchange.ledger.settle_all()
        await self._tell(exchange, now)
        if not is_alive:
            await self._begin_again(exchange)
            return
        async with self._database.read() as session:
            known = await calls.open_calls(session, exchange.process_id, before=now - ORPHAN_AGE)
        for call_id in known:
            if call_id not in exchange.alive:
                await end_in_sql(exchange, call_id, CallEnd.FAILED)

    async def _tell(self, exchange: Exchange, now: datetime) -> None:
        """Say how lines and trunks stand, and which calls were refused."""
        refusals = self._refused.take()
        try:
            async with self._database.begin() as uow:
                told = self._teller.report(now)
                await telephony.report(uow, exchange.process_id, told, refusals, now=now)
        except Unavailable:
            self._refused.give_back(refusals)
            raise

    async def _begin_again(self, exchange: Exchange) -> None:
        """Start another life: the house gave this one up, so its calls are lost in SQL."""
        log.error("voice_given_up", calls=len(self._calls))
        for call in self._calls.values():
            call.stop()
        if self._orders is not None:
            self._orders.hang_up()
        async with self._database.begin() as uow:
            exchange.process_id = await calls.start_process(
                uow, self._options.name, now=self._clock()
            )


async def _carry(call: InboundCall, line: Line) -> None:
    with line.occupied():
        await call.run()


def _endpoint_options(options: VoiceOptions) -> EndpointOptions:
    trunks = frozenset(host for trunk in options.trunks for host in (trunk.host, *trunk.peers))
    return EndpointOptions(
        host=options.host,
        port=options.port,
        public_host=options.public_host,
        realm=options.realm,
        tls=options.tls,
        websocket=options.websocket,
        max_calls=options.max_calls * LEGS_PER_CALL,
        peers=PeerOptions(trunks=trunks),
    )

"""One ordered call: dialled once, walked through its flow, reported key by key.

The order is marked as being dialled in a committed transaction before the INVITE leaves. If this
process dies after that, nobody knows whether it rang, and nobody dials it again on a guess.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from channels.voice.attendance import Attendance
from channels.voice.call import number_hash
from channels.voice.dialling import dial, has_no_path, note_no_path
from channels.voice.exchange import Exchange
from channels.voice.flow_asks import connect_with, look_up, note_fact
from channels.voice.flow_walk import Announcing, FlowWalk
from channels.voice.leg import Leg, LegEnd
from channels.voice.life import ENDS, end_in_sql, say_goodbye, watch
from channels.voice.media.engine import PortsExhausted
from channels.voice.message_uses import ExplainsAnswer
from channels.voice.options import TrunkOptions
from channels.voice.seat_ring import DECLINING, NOT_ANSWERING, Caller
from channels.voice.sip.address import Hop
from channels.voice.sip.outgoing import SILENT
from channels.voice.trunks import may_dial
from channels.voice.voicemail import MessageTaking
from channels.voice.waiters import first_of, stop_tasks
from hotline.callbacks import service as callbacks
from hotline.callbacks.states import Question
from hotline.callbacks.steps import read_reference
from hotline.contacts.calls import orders
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd, CallResult
from hotline.contacts.calls.values import CallDraft, Order
from hotline.contacts.telephony.values import RefusalReason
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import HotlineError, Unavailable
from hotline.kernel.ids import CallId
from hotline.kernel.tasks import spawn
from hotline.queues.returns import service as returns
from ivr.errors import BadVariable
from ivr.events import AnnouncementChoice, LeaveReason
from ivr.session import IvrSession
from ivr.verbs import Enqueue, Transfer, Voicemail

log = structlog.get_logger()

RESULTS: Mapping[CallEnd, CallResult] = {
    CallEnd.NOT_ANSWERED: CallResult.NO_ANSWER,
    CallEnd.BUSY: CallResult.BUSY,
    CallEnd.FAILED: CallResult.FAILED,
}
"""What came of a call that nobody answered."""


class OutboundCall:
    """A citizen whom we ring; also what the order's flow does (`FlowActs`)."""

    def __init__(self, exchange: Exchange, order: Order) -> None:
        self._exchange = exchange
        self._order = order
        self._call_id: CallId | None = None
        self.is_given_back = False
        """Nothing was dialled, for want of a port or the database: the order is free again."""
        self._is_answered = False
        self._has_notice = False
        self._talks = 0
        self._message: MessageTaking | None = None
        self._walking: tuple[FlowWalk, Leg] | None = None
        self._stopping = asyncio.Event()

    @property
    def order_id(self) -> UUID:
        """The order that is carried out."""
        return self._order.order_id

    @property
    def is_written(self) -> bool:
        """Whether the call has its row, which counts in the budgets."""
        return self._call_id is not None

    def stop(self) -> None:
        """Say goodbye and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry the order to its end; if its last row cannot be written, the sweeper will."""
        end = CallEnd.FAILED
        try:
            session = self._session()
            if session is not None and await self._is_within_budget():
                end = await self._carry_out(session)
        except (PortsExhausted, Unavailable) as error:
            reason = type(error).__name__
            log.warning("order_given_back", order=str(self._order.order_id), reason=reason)
            self.is_given_back = self._call_id is None
        except HotlineError as error:
            log.warning("order_failed", order=str(self._order.order_id), error=type(error).__name__)
        finally:
            if self._message is not None:
                await self._message.finish()
            if self._call_id is not None:
                await end_in_sql(self._exchange, self._call_id, end)
            last = self._give_back if self.is_given_back else partial(self._finish, end)
            await self._exchange.ledger.write(self._call_id or self.order_id, "order", last)

    def _session(self) -> IvrSession | None:
        """Return the session of the order's flow; None if the order cannot be carried out."""
        options = self._exchange.options
        number, flow = self._order.to_number, options.flows.get(self._order.flow)
        problem = None
        if not options.trunks:
            problem = "no trunk"
        elif not any(allowed.fullmatch(number) for allowed in options.outbound.allowed):
            problem = "number not allowed"
        elif flow is None:
            problem = f"no flow {self._order.flow}"
        else:
            try:
                return IvrSession(flow, self._order.variables)
            except BadVariable as error:
                problem = str(error)
        log.error("order_refused", order=str(self._order.order_id), problem=problem)
        return None

    async def _is_within_budget(self) -> bool:
        """Say whether this number may be rung once more within the hour."""
        since = self._exchange.clock() - timedelta(hours=1)
        limit = self._exchange.options.outbound.calls_to_one
        async with self._exchange.database.read() as session:
            rung = await calls.outbound_since(session, since, to=self._order.to_number)
        if rung >= limit:
            log.error("order_refused", order=str(self._order.order_id), problem="rung too often")
        return rung < limit

    async def _carry_out(self, session: IvrSession) -> CallEnd:
        """Dial by one trunk after the other until one has a path; those that are down come last."""
        trunks = self._exchange.trunks
        for trunk in trunks.in_order:
            if may_dial(trunk, self._order.to_number):
                for hop in trunks.hops_of(trunk):
                    with trunks.used(trunk.name):
                        end = await self._try(trunk, hop, session)
                    if end is not None:
                        return end
        return CallEnd.FAILED

    async def _try(self, trunk: TrunkOptions, hop: Hop, session: IvrSession) -> CallEnd | None:
        """Dial by one trunk; None if it has no way, so that the next one may be tried."""
        leg = await self._ring(trunk, hop)
        try:
            if leg.answered.is_set():
                return await self._live(leg, session)
            if not has_no_path(leg):
                return _unanswered(leg)
        finally:
            await self._exchange.switchboard.drop(leg)
        note_no_path(self._exchange, trunk, leg)
        status = leg.status or SILENT
        self._exchange.refusals.note(
            CallDirection.OUTBOUND, trunk.name, hop.host, RefusalReason.NO_WAY, status
        )
        return None

    async def _ring(self, trunk: TrunkOptions, hop: Hop) -> Leg:
        """Dial and wait until the call is answered, refused, or rang long enough."""

        async def mark() -> None:
            if self._call_id is None:
                self._call_id = await self._mark(trunk)

        return await dial(
            self._exchange,
            trunk,
            hop,
            self._order.to_number,
            name=str(self._order.order_id),
            stopping=self._stopping,
            before_invite=mark,
        )

    async def _mark(self, trunk: TrunkOptions) -> CallId:
        """Write down that the number is being dialled; committed before the first packet."""
        now = self._exchange.clock()
        number = self._order.to_number
        flow = self._exchange.options.flows[self._order.flow]
        draft = CallDraft(
            process_id=self._exchange.process_id,
            direction=CallDirection.OUTBOUND,
            line=trunk.name,
            number=number,
            number_hash=number_hash(self._exchange, number),
            to_number=number,
            sip_call_id="",
            contact_id=None,
            flow=flow.name,
            flow_digest=flow.digest,
        )
        async with self._exchange.database.begin() as uow:
            call_id = await calls.open_call(uow, draft, now=now)
            await orders.mark_dialling(
                uow,
                self._order.order_id,
                process_id=self._exchange.process_id,
                call_id=call_id,
                now=now,
            )
        self._exchange.alive.add(call_id)
        log.info("order_dials", order=str(self._order.order_id), call=str(call_id))
        return call_id

    async def _live(self, leg: Leg, session: IvrSession) -> CallEnd:
        """Walk the flow until it ends, the citizen goes, the line dies, or we stop."""
        self._is_answered = True
        walk = FlowWalk(session, leg, self._exchange.options.prompts, self)
        self._walking = walk, leg
        walking = spawn(self._walk(walk), f"flow {self._call_id}")
        dead = spawn(watch(self._exchange, leg), f"watch {self._call_id}")
        try:
            await first_of(walking, leg.over, dead, self._stopping)
            if leg.is_over:
                return ENDS[leg.over.result()]
            if self._stopping.is_set():
                await say_goodbye(self._exchange, leg, session.flow.language)
                return CallEnd.SHUTDOWN
            if dead.done():
                died: CallEnd = dead.result()
                return died
            walking.result()
            return CallEnd.FLOW_ENDED
        finally:
            await stop_tasks(walking, dead)

    async def _walk(self, walk: FlowWalk) -> None:
        now = self._exchange.clock()
        await self._exchange.ledger.write(
            self._id, "answered", lambda uow: calls.answer_call(uow, self._id, now=now)
        )
        await walk.run()

    @property
    def _id(self) -> CallId:
        assert self._call_id is not None, "a dialled call has a row"
        return self._call_id

    # what the flow does

    async def answer(self) -> None:
        """Nothing: it was the citizen who answered."""

    async def note(self, name: str, value: str) -> None:
        """Keep a fact about the call; the recording notice allows recording from now on."""
        self._has_notice |= await note_fact(self._exchange, self._id, name, value)

    async def report(self, question: str, value: str) -> None:
        """Keep an answer at once: with the order, and for the callback that it belongs to."""
        now = self._exchange.clock()

        async def keep(uow: UnitOfWork) -> None:
            await calls.note_event(uow, self._id, "answer", now=now, question=question)
            await orders.keep_answer(
                uow,
                self._order.order_id,
                process_id=self._exchange.process_id,
                question=question,
                keys=value,
            )

        await self._exchange.ledger.write(self._id, "answer", keep)
        named = read_reference(self._order.reference)
        if named is None or question not in set(Question):
            return

        async def record(uow: UnitOfWork) -> None:
            await callbacks.record_answer(
                uow, named[0], question=Question(question), answer=int(value), now=now
            )

        # What is refused the citizen has answered all the same: people read it with the order.
        await self._exchange.ledger.write(self._id, "answer of a callback", record)

    async def look_up(self, what: str, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Ask the house what the citizen may know, such as the status of a ticket."""
        return await look_up(self._exchange, self._id, what, keys)

    async def announcement(self, prompts: Path) -> Announcing | None:  # noqa: ARG002 - FlowActs
        """Return nothing: announcements are for those who ring us."""
        return None

    async def announced(self, choice: AnnouncementChoice) -> None:
        """Nothing: nothing was announced."""

    async def take_message(self, verb: Voicemail) -> Mapping[str, str] | None:
        """Record a message: why a callback was answered so, else a ticket of its own."""
        assert self._walking is not None
        self._talks += 1
        _, leg = self._walking
        named = read_reference(self._order.reference)
        use = ExplainsAnswer(self._exchange, named[0]) if named else None
        self._message = MessageTaking(
            self._exchange, self._id, leg, verb, part=self._talks, use=use
        )
        return await self._message.told()

    async def transfer(self, verb: Transfer) -> bool:
        """Connect the citizen with whom the flow names, until they hang up."""
        attendance = self._attendance()
        is_answered = await connect_with(attendance, verb, str)
        self._talks = attendance.talks
        return is_answered

    async def wait_in_queue(self, verb: Enqueue) -> LeaveReason:
        """A return call goes to the place that was kept; nobody else whom we rang waits."""
        async with self._exchange.database.read() as session:
            kept = await returns.place_for(session, self._order.reference)
        if kept is None:
            log.error("ordered_call_cannot_queue", call=str(self._call_id), queue=verb.queue)
            return LeaveReason.NO_SEATS
        attendance = self._attendance()
        wait = replace(verb, needs={**verb.needs, **kept.needs})
        reason = await attendance.run(wait, kept.queue, kept.place)
        self._talks = attendance.talks
        return reason

    def _attendance(self) -> Attendance:
        assert self._walking is not None
        walk, leg = self._walking
        number = self._order.to_number
        return Attendance(
            exchange=self._exchange,
            walk=walk,
            call_id=self._id,
            leg=leg,
            caller=Caller(self._exchange.options.lines[0].number, number),
            number_hash=number_hash(self._exchange, number),
            has_notice=self._has_notice,
            talks=self._talks,
        )

    # the end

    async def _finish(self, end: CallEnd, uow: UnitOfWork) -> None:
        result = CallResult.ANSWERED if self._is_answered else RESULTS.get(end, CallResult.FAILED)
        await orders.finish_order(
            uow,
            self._order.order_id,
            process_id=self._exchange.process_id,
            result=result,
            now=self._exchange.clock(),
        )
        log.info("order_ended", order=str(self._order.order_id), result=result.value)

    async def _give_back(self, uow: UnitOfWork) -> None:
        await orders.release_order(uow, self._order.order_id, process_id=self._exchange.process_id)


def _unanswered(leg: Leg) -> CallEnd:
    """Return why nobody spoke; a call that we gave up while it rang was not answered."""
    if not leg.is_over or leg.over.result() is LegEnd.LOCAL or leg.status in NOT_ANSWERING:
        return CallEnd.NOT_ANSWERED
    return CallEnd.BUSY if leg.status in DECLINING else CallEnd.FAILED

"""Bringing somebody into a talk: transfers, consultations and three-way calls.

At most one far end a talk. Whatever becomes of it, one of two things happens once: the far end
attends the citizen (`_complete`), or it is gone and the result says why (`_give_up`).
"""

import asyncio
from contextlib import suppress
from math import inf
from typing import Protocol

import structlog

from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd, reach
from channels.voice.leg import Leg
from channels.voice.life import watch
from channels.voice.seat_ring import Caller
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import TransferAsked
from channels.voice.supervisors import until_lost
from channels.voice.talk import TransferWish
from channels.voice.transfer import Transfer, status_of
from channels.voice.waiters import first_of, stop_tasks, to_its_end
from channels.voice.webrtc.leg import PageLeg
from hotline.kernel.errors import Conflict, HotlineError
from hotline.kernel.ids import CallId, SeatId
from hotline.kernel.tasks import spawn
from hotline.queues import phone_directory
from hotline.queues import service as queues
from hotline.queues.control.states import (
    DONE,
    TargetKind,
    TransferMode,
    TransferResult,
    TransferState,
    TransferTrigger,
)

log = structlog.get_logger()

SETTLING_SECONDS = 5.0
"""A result that cannot be written within this is left to the sweeper."""

REFER_GIVES_UP_SECONDS = 3.0
"""A phone that hangs up so soon after its REFER has failed did not mean to end the call: some
phones do it by themselves, and the person thinks that the citizen is somewhere else."""

UNKNOWN_DIALOG = 481
"""A REFER whose Replaces names no call of this talk (RFC 3891 3)."""


class Host(Protocol):
    """The talk that somebody is brought into."""

    @property
    def exchange(self) -> Exchange:
        """The voice process."""

    @property
    def call_id(self) -> CallId:
        """The citizen's call."""

    @property
    def caller(self) -> Caller:
        """How the citizen is shown at the far end."""

    @property
    def seat(self) -> Leg | None:
        """Whoever attends."""

    def speaks(self, seat_id: SeatId) -> bool:
        """Whether this seat attends."""

    async def rewire(self) -> None:
        """Carry out who hears whom."""

    def changed(self) -> None:
        """Look again at who attends."""

    async def hand_over(self, transfer: Transfer, far: FarEnd) -> None:
        """Let the far end attend in the seat's place."""

    def send_to_queue(self, queue: str) -> None:
        """End the talk; the citizen waits in another queue."""


class BringingIn:
    """Who is being brought into one talk."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._exchange = host.exchange
        self.transfer: Transfer | None = None
        self._carrying: asyncio.Task[None] | None = None
        self._referrals: set[asyncio.Task[None]] = set()
        self._refer_failed_at = -inf
        self._is_over = False

    @property
    def far(self) -> Leg | None:
        """The far end, once it has answered."""
        transfer = self.transfer
        return None if transfer is None or transfer.far is None else transfer.far.leg

    def far_of(self, seat_id: SeatId | None) -> Leg | None:
        """Return the far end if it is this seat."""
        transfer = self.transfer
        if transfer is None or transfer.far is None or transfer.far.seat_id != seat_id:
            return None
        return transfer.far.leg

    @property
    def has_just_failed(self) -> bool:
        """Whether a REFER of the seat's phone has failed a moment ago."""
        return asyncio.get_running_loop().time() - self._refer_failed_at < REFER_GIVES_UP_SECONDS

    async def begin(self, wish: TransferWish) -> None:
        """Ring whom the seat names; the page's picture shows how it goes on.

        Raises:
            Conflict: if another seat attends, somebody is being brought in already, the wish
                makes no sense, or the talk ends meanwhile.
        """
        if self.transfer is not None:
            raise Conflict("somebody is being brought into this call already")
        if not self._host.speaks(wish.seat_id) or wish.target.seat_id == wish.seat_id:
            raise Conflict("the call is another seat's, or its own target")
        if wish.target.kind is TargetKind.QUEUE and wish.mode is not TransferMode.BLIND:
            raise Conflict("nobody can be consulted in a queue: name a seat")
        transfer = await Transfer.begin(self._exchange, self._host.call_id, wish)
        if self._is_over or not self._host.speaks(wish.seat_id):
            await transfer.write_end(TransferResult.CITIZEN_LEFT)
            raise Conflict("the talk has ended meanwhile, or another seat attends")
        if wish.target.kind is TargetKind.QUEUE:
            await self._send_to_queue(transfer)
            return
        self.transfer = transfer
        self._carrying = spawn(self._carry(transfer), f"transfer of {self._host.call_id}")
        await self._host.rewire()

    async def join(self, seat_id: SeatId) -> None:
        """Let all three talk.

        Raises:
            Conflict: if nobody is being consulted.
        """
        transfer = self._of(seat_id)
        if transfer.state is not TransferState.CONSULTING:
            raise Conflict("nobody is being consulted")
        await transfer.move(TransferTrigger.JOIN)
        await self._host.rewire()

    async def complete(self, seat_id: SeatId) -> None:
        """Let the seat leave; a far end that has not answered yet is rung on without it.

        Raises:
            Conflict: if nobody has been brought in, or not yet.
        """
        if self._of(seat_id).far is None:
            raise Conflict("nobody has answered yet")
        await self.leave()

    async def take_back(self, seat_id: SeatId) -> None:
        """Let the far end go.

        Raises:
            Conflict: if nobody is being brought in any more.
        """
        await self._stop(self._of(seat_id), TransferResult.TAKEN_BACK)

    async def leave(self) -> bool:
        """The seat is going: the far end attends if it has answered; False if it has not."""
        transfer = self.transfer
        if transfer is None or transfer.far is None:
            return False
        await self._stop_carrying()
        await self._complete(transfer, transfer.far)
        return True

    async def end(self, result: TransferResult) -> None:
        """The talk is over: stop whatever goes on, and begin nothing more."""
        self._is_over = True
        if self.transfer is not None:
            await self._stop(self.transfer, result)
        elif self._carrying is not None:
            # What is decided is written down before the call goes on.
            await asyncio.wait([self._carrying], timeout=SETTLING_SECONDS)
        await self._stop_carrying()
        await stop_tasks(*self._referrals)

    # inside

    def _of(self, seat_id: SeatId) -> Transfer:
        if self.transfer is None or not self._host.speaks(seat_id):
            raise Conflict("this seat brings nobody in")
        return self.transfer

    async def _send_to_queue(self, transfer: Transfer) -> None:
        queue = transfer.wish.target.key
        policy = self._exchange.options.queue_policy
        async with self._exchange.database.read() as session:
            is_staffed = await queues.has_seats(session, queue, policy)
        result = TransferResult.QUEUED if is_staffed else TransferResult.NOT_STAFFED
        await transfer.write_end(result)
        transfer.tell(result)
        if is_staffed:
            self._host.send_to_queue(queue)

    async def _carry(self, transfer: Transfer) -> None:
        """Ring, and follow the far end for as long as the seat is there too."""
        outcome = await reach(
            self._exchange, self._host.call_id, transfer.wish.target, self._host.caller
        )
        if isinstance(outcome, TransferResult):
            await self._give_up(transfer, outcome)
            return
        transfer.far = outcome
        is_blind = transfer.wish.mode is TransferMode.BLIND
        if is_blind or self._host.seat is None:
            await self._complete(transfer, outcome)
            return
        if transfer.wish.on_answer is not None:
            transfer.wish.on_answer()
        is_consultation = transfer.wish.mode is TransferMode.CONSULT
        await transfer.move(TransferTrigger.CONSULT if is_consultation else TransferTrigger.JOIN)
        await self._host.rewire()
        await self._until_gone(outcome.leg)
        await self._give_up(transfer, TransferResult.FAR_END_LEFT)

    async def _until_gone(self, far: Leg) -> None:
        """Return when the far end has hung up, its line is dead, or its page does not come back."""
        limit = self._exchange.options.limits.page_returns.total_seconds()
        while True:
            dead = spawn(watch(self._exchange, far), "watch a far end")
            lost = spawn(until_lost(far), "watch the far end's page")
            try:
                await first_of(far.over, dead, lost)
            finally:
                await stop_tasks(dead, lost)
            if not isinstance(far, PageLeg) or lost.cancelled() or far.is_over:
                return
            far.back.clear()
            if not far.is_lost:
                continue  # it came back in the moment between
            await first_of(far.back, far.over, timeout=limit)
            if not far.back.is_set():
                return

    async def _stop(self, transfer: Transfer, result: TransferResult) -> None:
        if self._settle(transfer):
            await to_its_end(self._stop_and_part(transfer, result), "end of a transfer")

    async def _stop_carrying(self) -> None:
        carrying, self._carrying = self._carrying, None
        if carrying is not None and carrying is not asyncio.current_task():
            await stop_tasks(carrying)

    def _settle(self, transfer: Transfer) -> bool:
        """Decide what becomes of it; False if that is decided already."""
        if self.transfer is not transfer:
            return False
        self.transfer = None
        return True

    async def _complete(self, transfer: Transfer, far: FarEnd) -> None:
        if self._settle(transfer):
            transfer.tell(TransferResult.CONNECTED)
            await self._host.hand_over(transfer, far)

    async def _give_up(self, transfer: Transfer, result: TransferResult) -> None:
        if self._settle(transfer):
            await to_its_end(self._part(transfer, result), "end of a transfer")

    async def _stop_and_part(self, transfer: Transfer, result: TransferResult) -> None:
        await self._stop_carrying()
        await self._part(transfer, result)

    async def _part(self, transfer: Transfer, result: TransferResult) -> None:
        transfer.tell(result)
        await self._host.rewire()
        self._host.changed()
        if transfer.far is not None:
            await self._exchange.switchboard.drop(transfer.far.leg)
        await transfer.write_end(result)

    # what a desk phone asks for by REFER

    def refer(self, event: TransferAsked, seat_id: SeatId) -> None:
        """Carry out a REFER of the seat's phone, with NOTIFY (RFC 3515)."""
        task = spawn(self._carry_out(event, seat_id), f"refer {event.transfer}")
        self._referrals.add(task)
        task.add_done_callback(self._referrals.discard)

    async def _carry_out(self, event: TransferAsked, seat_id: SeatId) -> None:
        endpoint = self._exchange.switchboard.endpoint
        is_accepted = False

        def tell(result: TransferResult) -> None:
            if result not in DONE:
                self._refer_failed_at = asyncio.get_running_loop().time()
            with suppress(CallGone):
                endpoint.report_transfer(event.transfer, status_of(result))

        try:
            if event.replaces is not None:
                transfer = self._consultation(event)
                endpoint.accept_transfer(event.transfer)
                is_accepted = True
                transfer.wish.on_result.append(tell)
                await self.complete(seat_id)
                return
            async with self._exchange.database.read() as session:
                target = await phone_directory.find_dialled(session, event.target.user)
            endpoint.accept_transfer(event.transfer)
            is_accepted = True
            await self.begin(
                TransferWish(
                    target=target, mode=TransferMode.BLIND, seat_id=seat_id, on_result=[tell]
                )
            )
        except HotlineError as error:
            log.warning("refer_refused", call=str(self._host.call_id), reason=type(error).__name__)
            if is_accepted:
                tell(TransferResult.FAILED)
            else:
                status = 603 if event.replaces is None else UNKNOWN_DIALOG
                with suppress(CallGone):
                    endpoint.reject_transfer(event.transfer, status=status)
        except CallGone:
            log.info("refer_given_up", call=str(self._host.call_id))

    def _consultation(self, event: TransferAsked) -> Transfer:
        """Return the consultation that a REFER with Replaces wants to be completed."""
        transfer = self.transfer
        seat = self._host.seat
        if transfer is None or transfer.ear is None or seat is None:
            raise Conflict("the phone consults nobody")
        if event.other_call not in {transfer.ear.key, seat.key}:
            raise Conflict("the call that is to be replaced is another one's")
        return transfer

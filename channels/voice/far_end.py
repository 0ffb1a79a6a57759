"""Reaching somebody for a citizen who talks: another seat, or a number behind the trunks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from channels.voice.dialling import dial, has_no_path, note_no_path
from channels.voice.exchange import Exchange
from channels.voice.leg import Leg, LegEnd
from channels.voice.missed import Missed
from channels.voice.options import TrunkOptions
from channels.voice.seat_ring import NOT_ANSWERING, Caller, ring_seat
from channels.voice.trunks import may_dial
from channels.voice.waiters import first_of, stop_tasks, to_its_end
from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, HotlineError, Unavailable
from hotline.kernel.ids import CallId, SeatId
from hotline.kernel.tasks import spawn
from hotline.queues import phone_transfers
from hotline.queues.control.states import TargetKind, TransferResult
from hotline.queues.phone_contacts import (
    SeatNotFree,
    answer_call_to_seat,
    call_seat,
    end_call_to_seat,
    release_seat,
)
from hotline.queues.phone_directory import Target
from hotline.queues.values import Offer

log = structlog.get_logger()

BUSY = frozenset({486, 600})
DECLINED = 603
OF_SEAT = {
    Missed.NO_ANSWER: TransferResult.NO_ANSWER,
    Missed.DECLINED: TransferResult.DECLINED,
    Missed.UNREACHABLE: TransferResult.UNREACHABLE,
    Missed.NO_PORT: TransferResult.FAILED,
    Missed.NO_DATABASE: TransferResult.FAILED,
}


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Somebody who has answered."""

    leg: Leg
    seat_id: SeatId | None = None
    """In SQL the call is this seat's contact."""


async def reach(
    exchange: Exchange, call_id: CallId, target: Target, caller: Caller
) -> FarEnd | TransferResult:
    """Ring somebody until there is an answer, a refusal, or it took too long.

    Cancelling it stops the ringing, and leaves nothing behind.
    """
    try:
        if target.seat_id is not None:
            return await reach_seat(exchange, call_id, target.seat_id, caller)
        return await _reach_number(exchange, call_id, target)
    except HotlineError as error:
        log.warning("far_end_failed", call=str(call_id), reason=type(error).__name__)
        return TransferResult.FAILED


async def reach_seat(
    exchange: Exchange, call_id: CallId, seat_id: SeatId, caller: Caller
) -> FarEnd | TransferResult:
    """Ring one seat; once it has answered, the call is its contact."""
    limit = exchange.options.queue_policy.offer_limit
    try:
        await exchange.ledger.settle(call_id)
        async with exchange.database.begin() as uow:
            offer = await call_seat(uow, call_id, seat_id, limit=limit, now=exchange.clock())
    except SeatNotFree:
        return TransferResult.BUSY
    except Unavailable:
        log.warning("no_seat_without_the_database", call=str(call_id))
        return TransferResult.FAILED
    try:
        rung = await _ring(exchange, offer, caller)
        outcome = await connect(exchange, offer, rung) if isinstance(rung, Leg) else rung
    except BaseException:
        await not_reached(exchange, offer, TransferResult.FAILED.value)
        raise
    if not isinstance(outcome, FarEnd):
        await not_reached(exchange, offer, outcome.value)
    # Nothing waits between the connection and who gets it: a far end is never lost on the way.
    return outcome


async def connect(exchange: Exchange, offer: Offer, leg: Leg) -> FarEnd | TransferResult:
    """Make the call the contact of a seat that has answered; otherwise its leg is dropped."""
    try:
        async with exchange.database.begin() as uow:
            await answer_call_to_seat(uow, offer.offer_id, now=exchange.clock())
    except Conflict:
        await exchange.switchboard.drop(leg)
        return TransferResult.UNREACHABLE
    except Unavailable:
        await exchange.switchboard.drop(leg)
        return TransferResult.FAILED
    except BaseException:
        await to_its_end(exchange.switchboard.drop(leg), "drop a far end")
        raise
    return FarEnd(leg, offer.seat_id)


async def not_reached(exchange: Exchange, offer: Offer, reason: str) -> None:
    """Write down that a seat was not connected, whatever was written before; to the end."""
    now = exchange.clock()

    async def write(uow: UnitOfWork) -> None:
        await end_call_to_seat(uow, offer.offer_id, reason=reason, now=now)
        # A cancelled commit may have been one all the same.
        await release_seat(uow, offer.call_id, offer.seat_id, now=now)

    writing = exchange.ledger.write(offer.call_id, "not reached", write)
    await to_its_end(writing, f"end of an offer to {offer.extension}")


class _Withdrawal:
    """Notices when somebody else ends the offer: the seat steps away, or the sweeper was there."""

    def __init__(self, offer: Offer) -> None:
        self.gone = asyncio.Event()
        self._offer = offer
        self._is_seen = False

    def show(self, offers: Sequence[Offer]) -> None:
        """Take the offers that ring for the call."""
        is_there = any(each.offer_id == self._offer.offer_id for each in offers)
        if self._is_seen and not is_there:
            self.gone.set()
        self._is_seen = self._is_seen or is_there


async def _ring(exchange: Exchange, offer: Offer, caller: Caller) -> Leg | TransferResult:
    withdrawal = _Withdrawal(offer)
    exchange.distribution.join(offer.call_id, withdrawal)
    ringing = spawn(ring_seat(exchange, offer, caller), f"ring {offer.extension}")
    try:
        await first_of(ringing, withdrawal.gone)
    except BaseException:
        await to_its_end(_silence(exchange, ringing), "stop ringing a far end")
        raise
    finally:
        exchange.distribution.leave(offer.call_id)
        await stop_tasks(ringing)
    if ringing.cancelled():
        return TransferResult.UNREACHABLE
    outcome = ringing.result()
    return outcome if isinstance(outcome, Leg) else OF_SEAT[outcome]


async def _silence(exchange: Exchange, ringing: "asyncio.Task[Leg | Missed]") -> None:
    await stop_tasks(ringing)
    if not ringing.cancelled() and ringing.exception() is None:
        answered = ringing.result()
        if isinstance(answered, Leg):
            await exchange.switchboard.drop(answered)


async def _reach_number(
    exchange: Exchange, call_id: CallId, target: Target
) -> FarEnd | TransferResult:
    refusal = await _refusal(exchange, target)
    if refusal is not None:
        log.warning("dial_out_refused", call=str(call_id), reason=refusal.value)
        return refusal
    is_emergency = target.kind is TargetKind.EMERGENCY
    result = TransferResult.NO_TRUNK
    for trunk in exchange.trunks.in_order:
        if not is_emergency and not may_dial(trunk, target.number or ""):
            continue
        for hop in exchange.trunks.hops_of(trunk):
            leg = await dial(
                exchange,
                trunk,
                hop,
                target.number or "",
                name=f"{call_id}:{target.kind}",
                on_dialled=partial(_count, exchange, trunk),
            )
            if leg.answered.is_set() and not leg.is_over:
                exchange.keep(call_id, leg)
                return FarEnd(leg)
            await exchange.switchboard.drop(leg)
            if not has_no_path(leg):
                return _why(leg)
            note_no_path(exchange, trunk, leg)
            result = TransferResult.UNREACHABLE
    return result


async def _refusal(exchange: Exchange, target: Target) -> TransferResult | None:
    """Return why a number may not be dialled now; an emergency service always may."""
    limits = exchange.options.outbound
    if not exchange.options.trunks:
        return TransferResult.NO_TRUNK
    if target.kind is TargetKind.EMERGENCY:
        return None
    number = target.number or ""
    if not any(allowed.fullmatch(number) for allowed in limits.allowed):
        return TransferResult.NOT_ALLOWED
    if exchange.trunks.calls >= limits.max_calls:
        return TransferResult.OVER_BUDGET
    since = exchange.clock() - timedelta(hours=1)
    async with exchange.database.read() as session:
        # The transfer that asks is among those dialled.
        dialled = await calls.outbound_since(session, since)
        dialled += await phone_transfers.dialled_since(session, since)
        to_one = await calls.outbound_since(session, since, to=number)
        to_one += await phone_transfers.dialled_since(session, since, to=target.key)
    is_over = dialled > limits.calls_an_hour or to_one > limits.calls_to_one
    return TransferResult.OVER_BUDGET if is_over else None


def _count(exchange: Exchange, trunk: TrunkOptions, leg: Leg) -> None:
    exchange.trunks.note_dialled(trunk.name, leg.over)


def _why(leg: Leg) -> TransferResult:
    if leg.over.result() is LegEnd.LOCAL or leg.status in NOT_ANSWERING:
        return TransferResult.NO_ANSWER
    if leg.status in BUSY:
        return TransferResult.BUSY
    return TransferResult.DECLINED if leg.status == DECLINED else TransferResult.UNREACHABLE

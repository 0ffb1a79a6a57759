"""What inbound and outbound calls have in common: dying lines, the goodbye, the last row."""

import asyncio
from contextlib import suppress
from math import isinf

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg, LegEnd
from channels.voice.media.engine import MediaError
from channels.voice.sip.sdp import Direction
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId
from hotline.queues import service as queues

log = structlog.get_logger()

LOOK_SECONDS = 1.0

ENDS = {
    LegEnd.REMOTE: CallEnd.CALLER_HUNG_UP,
    LegEnd.LOCAL: CallEnd.FLOW_ENDED,
    LegEnd.REFUSED: CallEnd.NOT_ANSWERED,
    LegEnd.BROKEN: CallEnd.FAILED,
}
"""How a call ended, by how its leg did."""


async def watch(exchange: Exchange, leg: Leg) -> CallEnd:
    """Return when the leg has sent nothing for too long, or has lasted too long.

    FAILED means that our own media host is gone, which is nobody's silence.
    """
    limits = exchange.options.limits
    loop = asyncio.get_running_loop()
    until = loop.time() + limits.max_talk.total_seconds()
    while loop.time() < until:
        await asyncio.sleep(LOOK_SECONDS)
        # Who holds us, or is held, need not send anything.
        is_held = leg.media.direction is not Direction.SENDRECV
        idle = leg.media.statistics.idle_seconds
        if isinf(idle):
            return CallEnd.FAILED
        is_silent = idle > limits.silence.total_seconds()
        if leg.answered.is_set() and is_silent and not is_held:
            return CallEnd.MEDIA_LOST
    return CallEnd.TIMED_OUT


async def say_goodbye(exchange: Exchange, leg: Leg, language: str) -> None:
    """Tell the caller that the call ends now; for a few seconds at most."""
    if not leg.answered.is_set() or leg.is_over:
        return
    prompt = exchange.options.prompts / language / "goodbye.wav"
    with suppress(MediaError, Conflict, TimeoutError):
        await leg.media.unbridge()
        async with asyncio.timeout(exchange.options.limits.goodbye.total_seconds()):
            await leg.media.play([prompt])


async def end_in_sql(exchange: Exchange, call_id: CallId, end: CallEnd) -> None:
    """Let go whoever is still connected, write that the call is over, and free its seat or place.

    Without a database that is written once it is back, as of now.
    """
    # Whoever carries a call may be cancelled between the answer of a far end and its first word.
    for leg in exchange.far_legs.pop(call_id, []):
        await exchange.switchboard.drop(leg)
    now = exchange.clock()

    async def write(uow: UnitOfWork) -> None:
        dropped = end is not CallEnd.CALLER_HUNG_UP
        failed = end is CallEnd.FAILED
        await queues.end_contact(uow, call_id, dropped=dropped, crashed=failed, now=now)
        await calls.end_call(uow, call_id, end=end, now=now)

    await exchange.ledger.write(call_id, "end", write)
    exchange.alive.discard(call_id)
    exchange.distribution.wake()

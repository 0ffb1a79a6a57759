"""Dialling a number by one trunk: what ordered calls and those of seats have in common."""

import asyncio
from collections.abc import Awaitable, Callable

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.options import TrunkOptions
from channels.voice.sip.address import Hop
from channels.voice.sip.outgoing import SILENT
from channels.voice.trunks import identity_of, line_of, own_address, srtp_of, target_of
from channels.voice.waiters import first_of, to_its_end

NO_PATH = frozenset({500, 502, 503, 504})
"""The trunk itself cannot, or says nothing at all: unless something rang, the next trunk may be
tried (RFC 3261 21.5)."""

ROPE_SECONDS = 2.0
"""The endpoint gives up at the limit by itself; this is the rope under it."""


async def _nothing() -> None:
    return


async def dial(
    exchange: Exchange,
    trunk: TrunkOptions,
    hop: Hop,
    number: str,
    *,
    name: str,
    stopping: asyncio.Event | None = None,
    before_invite: Callable[[], Awaitable[None]] = _nothing,
    on_dialled: Callable[[Leg], None] | None = None,
) -> Leg:
    """Dial, and wait until it is answered, refused, rang long enough, or `stopping` is set.

    `before_invite` runs once there is a port, and before the first packet leaves; `on_dialled`
    is told of the leg right after it.
    """
    media, sdp = await exchange.media.offer(name, srtp=srtp_of(trunk))
    outbound = exchange.options.outbound
    limit = outbound.ring_limit.total_seconds()
    line = line_of(exchange.options.lines, trunk)
    try:
        await before_invite()
        leg = exchange.switchboard.dial(
            target_of(trunk, number),
            sdp,
            media,
            caller=own_address(trunk),
            credentials=trunk.credentials,
            destination=hop,
            ring_limit=limit,
            patience=outbound.trunk_patience.total_seconds(),
            identity=identity_of(line, trunk),
            is_private=line.is_private,
        )
    except BaseException:
        await to_its_end(media.close(), "close what was not dialled")
        raise
    if on_dialled is not None:
        on_dialled(leg)
    end = leg.over if stopping is None else stopping
    try:
        await first_of(leg.answered, leg.over, end, timeout=limit + ROPE_SECONDS)
    except BaseException:
        await to_its_end(exchange.switchboard.drop(leg), "drop what was dialled")
        raise
    return leg


def has_no_path(leg: Leg) -> bool:
    """Say whether a trunk could not bring the call to anybody, so that the next may be tried."""
    return not leg.ringing.is_set() and leg.status in NO_PATH


def note_no_path(exchange: Exchange, trunk: TrunkOptions, leg: Leg) -> None:
    """Remember that a trunk was silent, or when it wants to be asked again."""
    if leg.status == SILENT:
        exchange.trunks.note_silence(trunk.name)
    elif leg.retry_after is not None:
        exchange.trunks.note_pause(trunk.name, leg.retry_after)

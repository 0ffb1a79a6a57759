"""Asking a caller who withholds the number for one at which to ring."""

from datetime import timedelta

from channels.voice.flow_walk import FlowWalk
from channels.voice.options import OutboundOptions
from hotline.people.number import NumberKind, PhoneNumber, parse_number
from ivr.verbs import (
    CALL_BACK_ASK,
    CALL_BACK_CONFIRM,
    CALL_BACK_KEY,
    CALL_BACK_KEYED,
    CALL_BACK_WRONG,
    Gather,
)

TRIES = 3

NUMBER = Gather(max_digits=15, timeout=timedelta(seconds=8), finish_on="#")
"""No number is longer (ITU-T E.164 6)."""

CHOICE = Gather(max_digits=1, timeout=timedelta(seconds=6))

RINGABLE = frozenset({NumberKind.MOBILE, NumberKind.FIXED})


async def ask_number(
    walk: FlowWalk, outbound: OutboundOptions, home_area_code: str | None
) -> PhoneNumber | None:
    """Return the number that the caller has keyed in and confirmed; None after a few tries.

    Only a number that we may dial is taken. Who keys nothing goes on waiting.
    """
    for _ in range(TRIES):
        keyed = await walk.ask([CALL_BACK_ASK], NUMBER)
        if not keyed:
            return None
        number = parse_number(keyed, home_area_code=home_area_code)
        if number is None or not _may_ring(number, outbound):
            await walk.say([CALL_BACK_WRONG])
            continue
        read_back = (CALL_BACK_KEYED, *walk.digits(keyed), CALL_BACK_CONFIRM)
        if await walk.ask(read_back, CHOICE) == CALL_BACK_KEY:
            return number
    return None


def _may_ring(number: PhoneNumber, outbound: OutboundOptions) -> bool:
    is_allowed = any(allowed.fullmatch(number.dialable) for allowed in outbound.allowed)
    return number.kind in RINGABLE and is_allowed

"""Who hears whom: rooms of legs, and voices that reach single ears."""

from collections.abc import Sequence

from channels.voice.leg import Leg
from channels.voice.media.engine import MediaLeg


async def bring_together(room: Sequence[Leg]) -> dict[MediaLeg, list[MediaLeg]]:
    """Let those in a room hear each other; return whom each is to hear beside a bridge."""
    media = [leg.media for leg in room]
    if len(media) < 2:
        for each in media:
            await each.unbridge()
        return {each: [] for each in media}
    first, second, *others = media
    for each in others:
        await each.unbridge()
    await first.bridge(second)
    return {
        each: others if each in (first, second) else [leg for leg in media if leg is not each]
        for each in media
    }

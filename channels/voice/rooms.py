"""Who hears whom: rooms of legs, and voices that reach single ears."""

from collections.abc import Sequence

from channels.voice.hold_music import HoldMusic
from channels.voice.leg import Leg
from channels.voice.media.engine import MediaLeg
from channels.voice.supervisors import Supervisors
from channels.voice.talk import Listening


async def wire(
    room: Sequence[Leg],
    apart: Sequence[Leg],
    seat: Leg | None,
    supervisors: Supervisors,
    tune: HoldMusic,
) -> None:
    """Carry out who hears whom: the room with the citizen first, those apart, the supervisors.

    A citizen who is alone hears music. Whispers reach the `seat` only; supervisors hear all.

    Raises:
        LegClosed: if somebody has gone meanwhile.
    """
    if len(room) == 1:
        await bring_together(room)
        tune.play()
        hearing = {room[0].media: list[MediaLeg]()}
    else:
        await tune.stop()
        hearing = await bring_together(room)
    hearing |= await bring_together(apart)
    loud = supervisors.voices(Listening.BARGE)
    whispers = supervisors.voices(Listening.WHISPER)
    for ear, voices in hearing.items():
        is_seat = seat is not None and ear is seat.media
        await ear.also_hear([*voices, *loud, *(whispers if is_seat else [])])
    voices = [leg.media for leg in (*room, *(apart if len(apart) > 1 else ()))]
    for ear in supervisors.ears:
        await ear.also_hear([*voices, *(leg for leg in loud if leg is not ear)])


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

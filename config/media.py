"""From settings to the engine that carries the sound, and whether it can."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.engine import MediaEngine
from channels.voice.rtpengine.conversion import CAPTURES
from channels.voice.rtpengine.engine import RtpengineMediaEngine, RtpengineOptions
from channels.voice.rtpengine.ng import HostRefused, HostSilent, NgClient
from config import wiring
from config.settings import Settings
from hotline.kernel.clock import Clock


def media_engine(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[MediaEngine]:
    """Return the engine that the settings choose; not opened yet."""
    options = wiring.media_options(settings)
    if settings.media.engine == "embedded":
        return EmbeddedMediaEngine(options, clock=clock)
    sides = settings.media.sides
    return RtpengineMediaEngine(
        RtpengineOptions(
            hosts=tuple((address.host, address.port) for address in settings.media.hosts),
            mixer=options,
            spool=settings.media.spool,
            sides=(sides[0], sides[1]) if sides else None,
        ),
        clock=clock,
    )


def media_problems(settings: Settings) -> Iterator[str]:
    """Yield what keeps rtpengine from carrying calls, and from recording them."""
    media = settings.media
    if media.engine == "embedded":
        return
    for address in media.hosts:
        problem = asyncio.run(_ask((address.host, address.port)))
        if problem:
            yield f"HOTLINE_MEDIA__HOSTS: {address}: {problem}"
    if media.spool is None:
        yield "HOTLINE_MEDIA__SPOOL: not set, so no call can be recorded: name rtpengine's folder"
    elif not (media.spool / CAPTURES).is_dir() or not os.access(media.spool, os.W_OK | os.X_OK):
        yield (
            f"HOTLINE_MEDIA__SPOOL: {media.spool} is no recording-dir of rtpengine "
            "that we may write to"
        )


async def _ask(address: tuple[str, int]) -> str | None:
    try:
        client = await NgClient.open(address, lambda _event, _said: None)
    except HostSilent:
        return "nobody answers: is rtpengine running with listen-tcp-ng there?"
    try:
        await client.ask("ping")
    except (HostSilent, HostRefused):
        return "it answers, but not as rtpengine does"
    finally:
        await client.close()
    return None

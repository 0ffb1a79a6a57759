"""From settings to the engine that carries the sound, and whether it can."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.engine import MediaEngine
from channels.voice.rtpengine.conversion import CAPTURES
from channels.voice.rtpengine.engine import RtpengineMediaEngine, RtpengineOptions
from channels.voice.rtpengine.hosts import HostAddress
from channels.voice.rtpengine.ng import HostRefused, HostSilent, NgClient, request
from channels.voice.rtpengine.posting import NgPost
from config import wiring
from config.media_settings import MediaSettings
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
            hosts=tuple(_places(settings.media)),
            mixer=options,
            spool=settings.media.spool,
            sides=(sides[0], sides[1]) if sides else None,
        ),
        clock=clock,
    )


def _places(media: MediaSettings) -> Iterator[HostAddress]:
    for each in media.hosts:
        yield HostAddress((each.host, each.port), (each.host, media.http_port))


def media_problems(settings: Settings) -> Iterator[str]:
    """Yield what keeps rtpengine from carrying calls, and from recording them."""
    media = settings.media
    if media.engine == "embedded":
        return
    for address, where in zip(media.hosts, _places(media), strict=True):
        problem = asyncio.run(_ask(where))
        if problem:
            yield f"HOTLINE_MEDIA__HOSTS: {address}: {problem}"
    if media.spool is None:
        yield "HOTLINE_MEDIA__SPOOL: not set, so no call can be recorded: name rtpengine's folder"
    elif not (media.spool / CAPTURES).is_dir() or not os.access(media.spool, os.W_OK | os.X_OK):
        yield (
            f"HOTLINE_MEDIA__SPOOL: {media.spool} is no recording-dir of rtpengine "
            "that we may write to"
        )


async def _ask(where: HostAddress) -> str | None:
    try:
        client = await NgClient.open(where.ng, lambda _event, _said: None)
    except HostSilent:
        return "nobody answers: is rtpengine running with listen-tcp-ng there?"
    post = NgPost(where.http)
    try:
        await client.ask("ping")
        await post.exchange(request("ping", {}))
    except (HostSilent, HostRefused) as error:
        if isinstance(error, HostSilent) and error.address == where.http:
            return f"nobody answers at port {where.http[1]}: HOTLINE_MEDIA__HTTP_PORT, listen-http"
        return "it answers, but not as rtpengine does"
    finally:
        await client.close()
        await post.close()
    return None

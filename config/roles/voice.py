"""The voice process: every call lives in one of these."""

import asyncio
import gc

import structlog

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.process import VoiceProcess
from config import wiring
from config.catalogue import load_catalogue
from config.media import media_engine
from config.runtime import Runtime
from config.supervisor import Ready
from hotline.kernel.tasks import spawn
from hotline.queues.signals import FREE, OFFER

log = structlog.get_logger()

TOPICS = ("orders", "phone", FREE, OFFER)
LISTEN_AGAIN_SECONDS = 2.0


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Take and make calls until `stop` is set; those in progress hear a goodbye.

    Raises:
        CatalogueError: if flows or prompts have mistakes.
        OSError: if the SIP address cannot be bound.
    """
    catalogue = load_catalogue()
    options = wiring.voice_options(
        runtime.settings, runtime.people, runtime.query_codes, catalogue.flows, catalogue.prompts
    )
    options.recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with (
        media_engine(runtime.settings, runtime.clock) as media,
        VoiceProcess.open(options, runtime.database, media, clock=runtime.clock) as voice,
    ):
        listening = spawn(_listen(runtime, voice), "listen for orders")
        # A collection of what lives as long as the process would only delay packets.
        if isinstance(media, EmbeddedMediaEngine):
            media.collect_between_ticks()
        else:
            gc.freeze()
            gc.collect()
        host, port = voice.address
        ready({"sip": f"{host}:{port}"})
        try:
            await stop.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _listen(runtime: Runtime, voice: VoiceProcess) -> None:
    """Pass news on; what is missed, the process's own rounds find."""
    while True:
        try:
            async with runtime.doorbell.subscribe(*TOPICS) as signals:
                async for signal in signals:
                    voice.wake(signal.topic)
        except OSError as error:
            log.warning("news_not_heard", reason=str(error))
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)

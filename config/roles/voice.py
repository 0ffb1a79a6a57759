"""The voice process: every call lives in one of these."""

import asyncio
import gc
import signal

import structlog

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.priority import take_priority
from channels.voice.process import VoiceProcess
from config import wiring
from config.catalogue import load_catalogue
from config.flow_shelf import FlowReader, FlowShelf
from config.media import media_engine
from config.runtime import Runtime
from config.supervisor import Ready
from hotline.contacts.flows.service import TOPIC
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn
from hotline.queues.signals import FREE, OFFER

log = structlog.get_logger()

TOPICS = ("orders", "phone", FREE, OFFER)
LISTEN_AGAIN_SECONDS = 2.0
READ_FLOWS_SECONDS = 20.0
"""The longest that a text put in use waits when its signal is lost."""


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Take and make calls until `stop` is set; those in progress may end by themselves for a while.

    How long, the settings say; a second signal ends that. Who is left then hears a goodbye.

    Raises:
        CatalogueError: if flows or prompts have mistakes.
        OSError: if the SIP address cannot be bound.
    """
    catalogue = load_catalogue()
    reader = FlowReader(catalogue.prompts, catalogue.directory)
    flows = FlowShelf(catalogue.flows, reader)
    await flows.refresh(runtime.database)
    options = wiring.voice_options(
        runtime.settings,
        runtime.people,
        runtime.query_codes,
        flows,
        catalogue.prompts,
        calendar=catalogue.calendar,
    )
    refused = take_priority(runtime.settings.media.priority)
    if refused:
        log.warning("priority_refused", reason=refused, wanted=runtime.settings.media.priority)
    options.recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with (
        media_engine(runtime.settings, runtime.clock) as media,
        VoiceProcess.open(options, runtime.database, media, clock=runtime.clock) as voice,
    ):
        listening = spawn(_listen(runtime, voice, flows), "listen for orders")
        reading = spawn(_read_flows(runtime, flows), "read flows")
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
            await voice.drain(_next_signal())
        finally:
            listening.cancel()
            reading.cancel()
            await asyncio.gather(listening, reading, return_exceptions=True)


def _next_signal() -> asyncio.Event:
    """Return what the next signal to stop sets, now that the first one has been heard."""
    hurry = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, hurry.set)
    return hurry


async def _listen(runtime: Runtime, voice: VoiceProcess, flows: FlowShelf) -> None:
    """Pass news on; what is missed, the process's own rounds find."""
    while True:
        try:
            async with runtime.doorbell.subscribe(*TOPICS, TOPIC) as news:
                async for each in news:
                    if each.topic == TOPIC:
                        await _refresh(runtime, flows)
                    else:
                        voice.wake(each.topic)
        except OSError as error:
            log.warning("news_not_heard", reason=str(error))
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)


async def _read_flows(runtime: Runtime, flows: FlowShelf) -> None:
    """Find what signals have missed."""
    while True:
        await asyncio.sleep(READ_FLOWS_SECONDS)
        await _refresh(runtime, flows)


async def _refresh(runtime: Runtime, flows: FlowShelf) -> None:
    try:
        await flows.refresh(runtime.database)
    except Unavailable:
        log.warning("flows_wait_for_the_database")

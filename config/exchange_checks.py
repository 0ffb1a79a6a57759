"""`hotline check`: do the other houses answer, and do they know our key?"""

import asyncio
from collections.abc import Iterator

import aiohttp

from case_bridge.exchange.client import PeerClient
from case_bridge.platform import FilingRefused
from case_bridge.platforms.http import HttpPlatform
from config.exchange_wiring import exchange_options, platform_options
from config.settings import Settings
from hotline.kernel.clock import system_clock
from hotline.kernel.errors import Unavailable


def exchange_problems(settings: Settings) -> Iterator[str]:
    """Yield what stands between us and each house that the settings name."""
    if settings.case_platform is not None or settings.peers:
        yield from asyncio.run(_probe(settings))


async def _probe(settings: Settings) -> list[str]:
    problems = []
    options = exchange_options(settings)
    async with aiohttp.ClientSession() as http:
        if settings.case_platform is not None:
            chosen = platform_options(settings.case_platform)
            try:
                await HttpPlatform(chosen, http, clock=system_clock).probe()
            except (Unavailable, FilingRefused) as error:
                problems.append(
                    f"HOTLINE_CASE_PLATFORM__URL: {chosen.url} does not answer GET /progress "
                    f"as documented: {error}"
                )
        client = PeerClient(options.name, http, clock=system_clock)
        for peer in options.peers.values():
            try:
                await client.state(peer, "")
            except Unavailable as error:
                problems.append(f"HOTLINE_PEERS__{peer.name.upper()}__URL: {error.what}")
    return problems

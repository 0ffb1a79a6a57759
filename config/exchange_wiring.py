"""From settings to the case system and the platforms that we talk with."""

from types import MappingProxyType

import aiohttp

from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.dialect import DIALECTS
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole
from case_bridge.platform import CasePlatform
from case_bridge.platforms.http import HttpPlatform, HttpPlatformOptions
from case_bridge.platforms.local import LocalPlatform
from case_bridge.web.exchange_options import MakerOptions
from config.exchange_settings import MakerSettings
from config.settings import Settings
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database


def case_platform(
    settings: Settings, database: Database, http: aiohttp.ClientSession, clock: Clock
) -> CasePlatform:
    """Where tickets are handed to: our own case system, or another maker's."""
    chosen = settings.case_platform
    if chosen is None:
        return LocalPlatform(database)
    return HttpPlatform(platform_options(chosen), http, clock=clock)


def platform_options(chosen: MakerSettings) -> HttpPlatformOptions:
    """Where the other maker's system is."""
    return HttpPlatformOptions(
        url=chosen.url, keys=chosen.keys(), name=chosen.name, timeout=chosen.timeout
    )


def maker_options(settings: Settings) -> MakerOptions | None:
    """Who may push progress to us."""
    chosen = settings.case_platform
    return None if chosen is None else MakerOptions(chosen.name, chosen.keys())


def exchange_options(settings: Settings) -> ExchangeOptions:
    """Who we are towards other platforms, and who they are."""
    peers = {
        name: Peer(
            name=name,
            role=PeerRole(chosen.role),
            url=chosen.url,
            keys=chosen.keys(),
            dialect=DIALECTS[chosen.dialect],
            unit_code=chosen.unit,
            checks=chosen.checks,
            timeout=chosen.timeout,
        )
        # As the environment gives names, whatever their case.
        for name, chosen in sorted((key.lower(), value) for key, value in settings.peers.items())
    }
    return ExchangeOptions(
        name=settings.exchange.name,
        peers=MappingProxyType(peers),
        patience=settings.exchange.patience,
    )


def peer_client(options: ExchangeOptions, http: aiohttp.ClientSession, clock: Clock) -> PeerClient:
    """Who speaks for us."""
    return PeerClient(options.name, http, clock=clock)

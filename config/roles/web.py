"""The web process: pages and their live news."""

import asyncio

from aiohttp import web

from config.runtime import Runtime
from config.settings import Settings
from config.supervisor import Ready
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.routing import WebPart

PARTS: tuple[WebPart, ...] = ()
"""Whose pages there are; each package brings its own routes, templates and words."""

DRAIN_SECONDS = 5.0
"""How long a request that has begun may go on after we were told to stop."""


async def serve(runtime: Runtime, stop: asyncio.Event, ready: Ready) -> None:
    """Serve until `stop` is set; requests in progress are finished.

    Raises:
        OSError: if the address cannot be bound.
    """
    settings = runtime.settings
    app = make_app(
        runtime.database,
        PARTS,
        web_options(settings, runtime.secrets.session),
        clock=runtime.clock,
        signals=runtime.doorbell,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    try:
        address = settings.http.address
        site = web.TCPSite(runner, address.host, address.port)
        await site.start()
        bound: tuple[str, int] = runner.addresses[0][:2]
        ready({"http": f"{address.host}:{bound[1]}"})
        await stop.wait()
    finally:
        await runner.cleanup()


def web_options(settings: Settings, secret: bytes) -> WebOptions:
    """How the pages present themselves."""
    token = settings.http.metrics_token
    return WebOptions(
        secret=secret,
        https=settings.http.https,
        trusted_proxies=settings.http.trusted_proxies,
        metrics_token=token.get_secret_value() if token else None,
        numbers=settings.line.numbers,
    )

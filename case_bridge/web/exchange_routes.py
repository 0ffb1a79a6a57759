"""Every way into the exchange with other houses and into the reconciliation with case systems."""

from typing import Any

from aiohttp import web

from case_bridge.exchange.peer import ExchangeOptions
from case_bridge.web import exchange, exchange_machine, reconciliation
from case_bridge.web.exchange_options import EXCHANGE, MAKER, MakerOptions
from hotline.web.routing import WebPart


def exchange_part(options: ExchangeOptions, maker: MakerOptions | None) -> WebPart:
    """Return the pages and doors of the exchange; `maker` is another maker's case system."""
    provides: dict[web.AppKey[Any], Any] = {EXCHANGE: options}
    if maker is not None:
        provides[MAKER] = maker
    return WebPart(
        "exchange",
        (*exchange_machine.ROUTES, *exchange.ROUTES, *reconciliation.ROUTES),
        templates=exchange.HERE / "templates",
        catalogue=exchange.HERE / "catalogue",
        menu=(*exchange.MENU, *reconciliation.MENU),
        provides=provides,
    )

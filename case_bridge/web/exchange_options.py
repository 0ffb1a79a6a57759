"""What the exchange and the other maker's webhook must be told, and where handlers find it."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from case_bridge.exchange.peer import ExchangeOptions
from case_bridge.signing import KeyRing


@dataclass(frozen=True, slots=True)
class MakerOptions:
    """The case system of another maker, if the hotline hands its tickets to one."""

    name: str
    keys: KeyRing


EXCHANGE: Final = web.AppKey("exchange", ExchangeOptions)
MAKER: Final = web.AppKey("maker", MakerOptions)

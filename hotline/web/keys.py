"""Typed keys of what a handler finds in `request.app[...]` and `request[...]`."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from aiohttp import web

from hotline.accounts.service import ADMINISTRATORS_IDLE, SignedIn
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.web.refusals import RefusalLimits
from hotline.web.routing import Route, WebPart
from hotline.web.sign_ins import SignInLimits
from hotline.web.signals import Signals

__all__ = [
    "CLOCK",
    "DATABASE",
    "LANGUAGE",
    "LIVE_SOCKETS",
    "OPTIONS",
    "PARTS",
    "REFUSAL_NOTED",
    "REQUEST_ID",
    "ROUTE",
    "SIGNALS",
    "SIGNED_IN",
    "WebOptions",
]


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What the web process must be told."""

    secret: bytes = field(repr=False)
    """Signs form tokens; at least 32 bytes, the same in every web process."""
    https: bool = False
    """Cookies only over TLS; True wherever a proxy terminates TLS in front of us."""
    trusted_proxies: int = 0
    """How many proxies of ours stand in front and append to X-Forwarded-For."""
    metrics_token: str | None = field(default=None, repr=False)
    """Bearer token of /metrics; without one, only this machine itself may read it."""
    hotline_name: str = "城市管理服务热线"
    numbers: tuple[str, ...] = ("12319", "12345")
    sign_ins: SignInLimits = field(default_factory=SignInLimits)
    administrators_idle: timedelta = ADMINISTRATORS_IDLE
    """An administrator who does nothing for longer signs in again."""
    refusals: RefusalLimits = field(default_factory=RefusalLimits)

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise ValueError("the web secret needs at least 32 bytes")


DATABASE: Final = web.AppKey("database", Database)
CLOCK: Final[web.AppKey[Clock]] = web.AppKey("clock")
SIGNALS: Final[web.AppKey[Signals]] = web.AppKey("signals")
OPTIONS: Final = web.AppKey("options", WebOptions)
LIVE_SOCKETS: Final[web.AppKey[set[web.WebSocketResponse]]] = web.AppKey("live_sockets")
PARTS: Final[web.AppKey[tuple[WebPart, ...]]] = web.AppKey("parts")

ROUTE: Final = web.RequestKey("route", Route)
SIGNED_IN: Final = web.RequestKey("signed_in", SignedIn)
LANGUAGE: Final = web.RequestKey("language", str)
REQUEST_ID: Final = web.RequestKey("request_id", str)
REFUSAL_NOTED: Final = web.RequestKey("refusal_noted", bool)
"""Set by whoever has written a row of their own about the refusal of this request."""

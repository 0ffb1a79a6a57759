"""What the public pages must be told."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from aiohttp import web

from hotline.callbacks.links import LinkOptions
from hotline.intake.service import IntakeOptions
from hotline.tickets.query_code import QueryCodeOptions
from hotline.web.rates import InProcess, Limit, RateLimit

REPORTS: Final = (30, timedelta(minutes=10))
GUESSES: Final = (20, timedelta(minutes=10))
ALL_GUESSES: Final = (2_000, timedelta(hours=1))
"""A code has six digits: at this pace somebody with many addresses hits one in three weeks."""
EVERYBODY: Final = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOptions:
    """Keys and limits of the public pages."""

    intake: IntakeOptions
    query_codes: QueryCodeOptions
    links: LinkOptions
    receipt_secret: bytes = field(repr=False)
    """Signs the addresses of receipts; at least 32 bytes."""
    reports: Limit = field(default_factory=lambda: InProcess(RateLimit(*REPORTS)))
    """For each source: generous, because a district may share one address."""
    guesses: Limit = field(default_factory=lambda: InProcess(RateLimit(*GUESSES)))
    """Wrong pairs of number and code; the ticket itself locks earlier."""
    all_guesses: Limit = field(default_factory=lambda: InProcess(RateLimit(*ALL_GUESSES)))
    """Those of all sources and tickets together; beyond it the telephone still tells."""


PUBLIC_PAGES: Final = web.AppKey("public_pages", PublicOptions)

"""An offer that rings in the seat's page: the page sees it in its picture, and answers with SDP."""

import asyncio

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.missed import Missed
from channels.voice.waiters import first_of
from channels.voice.webrtc.leg import PageAttempt
from channels.voice.webrtc.path import BrowserUnreachable
from hotline.kernel.errors import Conflict
from hotline.queues.values import Offer

log = structlog.get_logger()


class PageRing:
    """What the page makes of one offer."""

    def __init__(self) -> None:
        self.decided = asyncio.Event()
        self.attempt: PageAttempt | None = None

    def answer(self, attempt: PageAttempt) -> None:
        """The seat answers (接听).

        Raises:
            Conflict: if it has answered or declined already.
        """
        if self.decided.is_set():
            attempt.path.stop()
            raise Conflict("the offer is answered or declined already")
        self.attempt = attempt
        self.decided.set()

    def decline(self) -> None:
        """The seat declines; after an answer it changes nothing."""
        self.decided.set()


async def ring_page(exchange: Exchange, offer: Offer) -> Leg | Missed:
    """Wait until the page answers, declines, or the offer's limit has passed.

    Returns the leg once sound can pass, or why there is none. Cancelling it stops the ringing.
    """
    if exchange.pages is None:
        return Missed.UNREACHABLE
    ring = exchange.page_rings[offer.offer_id] = PageRing()
    try:
        limit = exchange.options.queue_policy.offer_limit.total_seconds()
        if not await first_of(ring.decided, timeout=limit):
            return Missed.NO_ANSWER
        if ring.attempt is None:
            return Missed.DECLINED
        return await ring.attempt.open_leg(exchange.pages, f"{offer.call_id}:{offer.extension}")
    except BrowserUnreachable as error:
        log.warning("page_unreachable", seat=offer.extension, reason=str(error))
        return Missed.UNREACHABLE
    except BaseException:
        if ring.attempt is not None:
            ring.attempt.path.stop()
        raise
    finally:
        del exchange.page_rings[offer.offer_id]

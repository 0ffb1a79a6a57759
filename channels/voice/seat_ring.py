"""Ringing one seat for one caller."""

from dataclasses import dataclass

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg, LegEnd
from channels.voice.media.engine import PortsExhausted
from channels.voice.missed import Missed
from channels.voice.page_ring import PageRing
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.headers import quote
from channels.voice.sip.sdp import SdpError
from channels.voice.sip.uri import host_port
from channels.voice.waiters import first_of
from channels.voice.webrtc.path import BrowserUnreachable
from hotline.kernel.errors import Unavailable
from hotline.kernel.privacy import mask_phone
from hotline.queues import phones
from hotline.queues.values import Offer, PhoneBinding

log = structlog.get_logger()


DECLINING = frozenset({486, 600, 603})
"""Busy here, busy everywhere, decline (RFC 3261 21.4.24, 21.6)."""

NOT_ANSWERING = frozenset({408, 480, 487})
"""Timeout, temporarily unavailable, terminated by our own CANCEL."""


@dataclass(frozen=True, slots=True)
class Caller:
    """How a citizen is shown on the seat's phone; the number is masked (domain notes 7)."""

    line: str
    number: str | None

    def address(self, host: str) -> str:
        """Return the From address."""
        shown = "anonymous" if self.number is None else mask_phone(self.number)
        return f"{quote(shown)} <sip:{self.line}@{host_port(host, None)}>"


async def ring_seat(exchange: Exchange, offer: Offer, caller: Caller) -> Leg | Missed:
    """Call the seat's phone until it answers, refuses, or the offer's limit has passed.

    Returns the answered leg, or why there is none. Cancelling it stops the ringing.
    """
    now = exchange.clock()
    try:
        async with exchange.database.read() as session:
            is_page = await phones.has_browser_phone(session, offer.seat_id, now=now)
            phone = await phones.phone_of(session, offer.seat_id, now=now)
    except Unavailable:
        return Missed.NO_DATABASE
    if is_page:
        return await ring_page(exchange, offer)
    if phone is None:
        return Missed.UNREACHABLE
    try:
        srtp = exchange.options.srtp.over(Transport(phone.transport))
        media, sdp = await exchange.media.offer(f"{offer.call_id}:{offer.extension}", srtp=srtp)
    except SdpError as error:
        log.error("seat_phone_unprotected", seat=offer.extension, problem=str(error))
        return Missed.UNREACHABLE
    except PortsExhausted:
        log.error("no_port_for_seat", seat=offer.extension)
        return Missed.NO_PORT
    limit = exchange.options.queue_policy.offer_limit.total_seconds()
    leg = exchange.switchboard.dial(
        phone.contact_uri,
        sdp,
        media,
        caller=caller.address(exchange.switchboard.endpoint.address[0]),
        destination=None if phone.path else _hop(phone),
        route=phone.path,
        ring_limit=limit,
    )
    try:
        # The endpoint gives up at the limit by itself; this is the rope under it.
        await first_of(leg.answered, leg.over, timeout=limit + 2)
    except BaseException:
        await exchange.switchboard.drop(leg)
        raise
    if leg.answered.is_set() and not leg.is_over:
        exchange.keep(offer.call_id, leg)
        return leg
    await exchange.switchboard.drop(leg)
    return _why(leg)


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
        name = f"{offer.call_id}:{offer.extension}"
        page = await ring.attempt.open_leg(exchange.pages, name)
        exchange.keep(offer.call_id, page)
        return page
    except BrowserUnreachable as error:
        log.warning("page_unreachable", seat=offer.extension, reason=str(error))
        return Missed.UNREACHABLE
    except BaseException:
        if ring.attempt is not None:
            ring.attempt.path.stop()
        raise
    finally:
        ring.close()
        del exchange.page_rings[offer.offer_id]


def _hop(phone: PhoneBinding) -> Hop:
    """Return where a phone registered from: the way back through an address translator."""
    return Hop(Transport(phone.transport), phone.source_host, phone.source_port)


def _why(leg: Leg) -> Missed:
    if leg.over.result() is LegEnd.LOCAL or leg.status in NOT_ANSWERING:
        return Missed.NO_ANSWER
    return Missed.DECLINED if leg.status in DECLINING else Missed.UNREACHABLE

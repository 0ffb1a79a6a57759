"""Requests of pages about the calls of this process: taken when signalled, and once a second."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.media.engine import MediaError
from channels.voice.rtp.codec import LAWS
from channels.voice.sip.sdp import SdpError
from channels.voice.talk import Listening, Talk, TransferWish
from channels.voice.waiters import first_of, stop_tasks
from channels.voice.webrtc.leg import PageAttempt
from hotline.kernel.errors import Conflict, HotlineError, Invalid, NotFound, Unavailable
from hotline.kernel.ids import SeatId
from hotline.kernel.tasks import spawn
from hotline.queues import phone_requests
from hotline.queues.control.states import TargetKind, TransferMode
from hotline.queues.phone_act import PhoneAct, PhoneRequest
from hotline.queues.phone_directory import find_target
from hotline.queues.values import Offer

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""The longest a request waits when its signal is lost."""

Tell = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Answers the page; what comes after it (ICE, DTLS) needs the page to have the answer."""

LISTENING = {
    PhoneAct.LISTEN: Listening.LISTEN,
    PhoneAct.WHISPER: Listening.WHISPER,
    PhoneAct.BARGE: Listening.BARGE,
}

CALL_CONTROL = frozenset(
    {PhoneAct.TRANSFER, PhoneAct.JOIN, PhoneAct.COMPLETE, PhoneAct.BACK, PhoneAct.PARK}
)


class PhoneDesk:
    """Carries out what pages ask for, each request once."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._news = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._taken: set[UUID] = set()
        """Requests that were taken up and that the last look still showed as pending."""

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    async def run(self) -> None:
        """Carry out requests until cancelled; those under way are then cancelled too."""
        try:
            while True:
                try:
                    await self._take()
                except Unavailable:
                    log.warning("requests_wait_for_the_database")
                except Exception:
                    # One look that fails must not be the last one.
                    log.exception("requests_not_looked_at")
                await first_of(self._news, timeout=LOOK_SECONDS)
                self._news.clear()
        finally:
            await stop_tasks(*self._running)

    async def _take(self) -> None:
        exchange = self._exchange
        if not exchange.alive:
            return
        async with exchange.database.read() as session:
            found = await phone_requests.pending(session, exchange.process_id, exchange.clock())
        # What a look does not show any more is answered for good; what it shows may be answered
        # already, or its answer could not be written: it is not carried out again.
        fresh = [each for each in found if each.request_id not in self._taken]
        self._taken = {each.request_id for each in found}
        for request in fresh:
            task = spawn(self._carry_out(request), f"{request.act} {request.call_id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _carry_out(self, request: PhoneRequest) -> None:
        is_told = False

        async def tell(answer: Mapping[str, Any]) -> None:
            nonlocal is_told
            is_told = True
            await self._finish(request, answer)

        try:
            await self._act(request, tell)
        except (SdpError, MediaError, Conflict, Invalid, NotFound, Unavailable) as error:
            log.warning("request_refused", act=request.act.value, reason=type(error).__name__)
            if not is_told:
                await self._refuse(request, error)
        else:
            if not is_told:
                await self._finish(request, {})

    async def _finish(self, request: PhoneRequest, answer: Mapping[str, Any]) -> None:
        async with self._exchange.database.begin() as uow:
            await phone_requests.finish(uow, request.request_id, answer)

    async def _refuse(self, request: PhoneRequest, error: HotlineError) -> None:
        async with self._exchange.database.begin() as uow:
            await phone_requests.finish(uow, request.request_id, {}, problem=type(error).__name__)

    async def _act(self, request: PhoneRequest, tell: Tell) -> None:
        match request.act:
            case PhoneAct.ANSWER | PhoneAct.DECLINE:
                await self._decide(request, tell)
            case PhoneAct.REJOIN:
                talk = self._talk(request)
                state = {"held": talk.is_held, "paused": talk.is_recording_paused}
                page = talk.page_of(request.user_id, _seat_of(request))
                await page.rejoin(await self._begin(request, tell, state))
            case PhoneAct.PICK_UP:
                await self._pick_up(request, tell)
            case PhoneAct.LISTEN if "sdp" in request.detail:
                talk = self._talk(request)
                await talk.admit(request.user_id, await self._begin(request, tell))
            case _ if request.act in CALL_CONTROL:
                await self._control(self._talk(request), request)
            case _:
                await self._in_talk(self._talk(request), request)

    async def _begin(
        self, request: PhoneRequest, tell: Tell, more: Mapping[str, Any] = MappingProxyType({})
    ) -> PageAttempt:
        """Read the page's offer, and tell it our answer."""
        pages = self._exchange.pages
        codecs = LAWS if pages is None else pages.page_codecs
        attempt = await PageAttempt.begin(str(request.detail["sdp"]), codecs)
        try:
            await tell({"sdp": attempt.answer, **more})
        except BaseException:
            attempt.path.stop()
            raise
        return attempt

    async def _decide(self, request: PhoneRequest, tell: Tell) -> None:
        ring = self._exchange.page_rings.get(UUID(str(request.detail["offer_id"])))
        if ring is None:
            raise Conflict("this offer does not ring in a page")
        if request.act is PhoneAct.DECLINE:
            ring.decline()
        else:
            ring.answer(await self._begin(request, tell))

    async def _in_talk(self, talk: Talk, request: PhoneRequest) -> None:
        match request.act:
            case PhoneAct.HANG_UP:
                talk.hang_up(_seat_of(request))
            case PhoneAct.HOLD | PhoneAct.RESUME:
                await talk.hold(held=request.act is PhoneAct.HOLD)
            case PhoneAct.PAUSE_RECORDING:
                await talk.pause_recording(request.user_id, str(request.detail["reason"]))
            case PhoneAct.RESUME_RECORDING:
                await talk.resume_recording()
            case PhoneAct.LEAVE:
                await talk.dismiss(request.user_id)
            case PhoneAct.TAKE_OVER:
                await talk.take_over(request.user_id)
            case _:
                await talk.set_listening(request.user_id, LISTENING[request.act])

    async def _control(self, talk: Talk, request: PhoneRequest) -> None:
        seat_id = _own_seat(request)
        match request.act:
            case PhoneAct.TRANSFER:
                await talk.transfer(await self._wish(request))
            case PhoneAct.JOIN:
                await talk.join(seat_id)
            case PhoneAct.COMPLETE:
                await talk.complete(seat_id)
            case PhoneAct.BACK:
                await talk.take_back(seat_id)
            case _:
                await talk.park(seat_id)

    async def _wish(self, request: PhoneRequest) -> TransferWish:
        detail = request.detail
        async with self._exchange.database.read() as session:
            target = await find_target(
                session, TargetKind(str(detail["kind"])), str(detail["target"])
            )
        return TransferWish(
            target=target,
            mode=TransferMode(str(detail["mode"])),
            seat_id=_own_seat(request),
            card=dict(detail.get("card", {})),
        )

    async def _pick_up(self, request: PhoneRequest, tell: Tell) -> None:
        """Connect a seat with a parked caller: over its page, or by ringing its desk phone."""
        parked = self._exchange.parked.get(request.call_id)
        pages = self._exchange.pages
        if parked is None:
            raise Conflict("nobody is parked there any more")
        if "sdp" not in request.detail or pages is None:
            await tell({})
            await parked.ring(_own_seat(request))
            return
        attempt = await self._begin(request, tell)
        media = pages

        async def open_page(offer: Offer) -> Leg:
            return await attempt.open_leg(media, f"{offer.call_id}:{offer.extension}")

        try:
            await parked.pick_up(_own_seat(request), open_page)
        except BaseException:
            attempt.path.stop()
            raise

    def _talk(self, request: PhoneRequest) -> Talk:
        talk = self._exchange.conversations.get(request.call_id)
        if talk is None:
            raise Conflict("nobody talks on this call")
        return talk


def _seat_of(request: PhoneRequest) -> SeatId | None:
    seat_id = request.detail.get("seat_id")
    return None if seat_id is None else SeatId(UUID(str(seat_id)))


def _own_seat(request: PhoneRequest) -> SeatId:
    seat_id = _seat_of(request)
    if seat_id is None:
        raise Conflict("only a seat may ask for this")
    return seat_id

"""What a seat's desk phone dials: somebody to consult about the talk it is in, or a parked call.

A seat's phone is asked for its password at each call. It reaches nobody by itself: without a talk
it can only pick up a parked call, by a star and the slot.
"""

import asyncio
from functools import partial

import structlog

from channels.voice.call import refuse_sdp
from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.media.engine import MediaLeg
from channels.voice.seats import secret_of
from channels.voice.sip.auth import Verdict
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import CallOffered
from channels.voice.sip.sdp import SdpError
from channels.voice.talk import Talk, TransferWish
from channels.voice.transfer import status_of
from channels.voice.waiters import first_of
from hotline.kernel.errors import Conflict, HotlineError
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import phone_directory, phone_requests, phone_transfers, phones
from hotline.queues import service as queues
from hotline.queues.control.states import TransferMode, TransferResult
from hotline.queues.phone_act import PhoneAct
from hotline.queues.phone_transfers import ParkedView
from hotline.queues.values import Offer

log = structlog.get_logger()

STAR = "*"

FORBIDDEN, NOT_FOUND = 403, 404

RINGS_BACK = 480
"""The call is carried by another process, which rings the phone in a moment."""


class SeatCall:
    """One INVITE of a seat's phone."""

    def __init__(self, exchange: Exchange, offered: CallOffered, leg: Leg) -> None:
        self._exchange = exchange
        self._offered = offered
        self._leg = leg
        self._endpoint = exchange.switchboard.endpoint

    async def run(self) -> None:
        """Carry the call to its end."""
        try:
            seat_id = await self._authenticate()
            if seat_id is not None:
                await self._carry_out(seat_id)
        except CallGone:
            log.info("seat_call_given_up")
        except SdpError as error:
            refuse_sdp(self._endpoint, self._leg, error)
        except HotlineError as error:
            log.warning("seat_call_refused", reason=type(error).__name__)
            self._refuse(NOT_FOUND)
        finally:
            await self._exchange.switchboard.drop(self._leg)

    async def _authenticate(self) -> SeatId | None:
        """Return the seat whose password the phone knows; otherwise ask for it."""
        extension = self._offered.caller.uri.user
        async with self._exchange.database.read() as session:
            login = await phones.login_of(session, extension)
        is_owner = login is not None and self._offered.username == extension
        secret = secret_of(login) if login is not None and is_owner else None
        verdict = self._endpoint.authorize(self._leg.key, secret)
        if verdict is Verdict.VALID and login is not None:
            return login.seat_id
        self._endpoint.challenge(self._leg.key, stale=verdict is Verdict.STALE)
        return None

    async def _carry_out(self, seat_id: SeatId) -> None:
        dialled = self._offered.target.user
        talk = self._talk_of(seat_id)
        if dialled.startswith(STAR):
            await self._pick_up(seat_id, dialled.removeprefix(STAR))
        elif talk is None:
            self._refuse(FORBIDDEN)
        else:
            await self._consult(talk, seat_id, dialled)

    def _talk_of(self, seat_id: SeatId) -> Talk | None:
        talks = self._exchange.conversations.values()
        return next((talk for talk in talks if talk.speaks(seat_id)), None)

    def _refuse(self, status: int) -> None:
        try:
            self._endpoint.reject(self._leg.key, status)
        except CallGone:
            log.info("seat_call_given_up")

    async def _open(self) -> tuple[MediaLeg, bytes]:
        srtp = self._exchange.options.srtp.over(self._offered.source.transport)
        media, sdp = await self._exchange.media.answer(
            str(self._leg.key), self._offered.sdp, srtp=srtp
        )
        self._leg.attach(media)
        return media, sdp

    # consulting

    async def _consult(self, talk: Talk, seat_id: SeatId, dialled: str) -> None:
        async with self._exchange.database.read() as session:
            target = await phone_directory.find_dialled(session, dialled)
        _, sdp = await self._open()
        self._endpoint.ring(self._leg.key)
        over: asyncio.Future[TransferResult] = asyncio.get_running_loop().create_future()

        def end(result: TransferResult) -> None:
            if not over.done():
                over.set_result(result)

        await talk.transfer(
            TransferWish(
                target=target,
                mode=TransferMode.CONSULT,
                seat_id=seat_id,
                ear=self._leg,
                on_answer=partial(self._answer, sdp),
                on_result=[end],
            )
        )
        await first_of(over, self._leg.over)
        if not over.done():
            try:
                await talk.take_back(seat_id)
            except Conflict:
                log.info("consultation_was_over")
        elif not self._leg.answered.is_set():
            self._refuse(status_of(over.result()))

    def _answer(self, sdp: bytes) -> None:
        try:
            self._endpoint.answer(self._leg.key, sdp)
        except CallGone:
            log.info("seat_call_given_up")

    # picking up

    async def _pick_up(self, seat_id: SeatId, slot: str) -> None:
        view = await self._parked_in(slot)
        if view is None:
            self._refuse(NOT_FOUND)
            return
        parked = self._exchange.parked.get(view.call_id)
        if parked is None:
            await self._ask_elsewhere(seat_id, view.call_id)
            return
        _, sdp = await self._open()
        await parked.pick_up(seat_id, partial(self._take, sdp))
        # From here on the leg is the talk's, which drops it.
        await first_of(self._leg.over)

    async def _ask_elsewhere(self, seat_id: SeatId, call_id: CallId) -> None:
        """Ask the process that carries the parked call: it rings this phone, which is free then."""
        self._refuse(RINGS_BACK)
        now = self._exchange.clock()
        async with self._exchange.database.begin() as uow:
            seat = await queues.seat_view(uow.session, seat_id)
            if seat.user_id is None:
                raise Conflict(f"nobody sits at {seat.extension}")
            await phone_requests.put(
                uow,
                call_id=call_id,
                user_id=seat.user_id,
                act=PhoneAct.PICK_UP,
                detail={"seat_id": str(seat_id)},
                now=now,
            )

    async def _parked_in(self, slot: str) -> ParkedView | None:
        if (
            not slot.isascii()
            or not slot.isdigit()
            or len(slot) > len(str(phone_transfers.LAST_SLOT))
        ):
            return None
        async with self._exchange.database.read() as session:
            return await phone_transfers.parked_in(session, int(slot))

    async def _take(self, sdp: bytes, offer: Offer) -> Leg:
        self._answer(sdp)
        # The endpoint ends a call without ACK after 64*T1 (RFC 3261 13.3.1.4).
        await first_of(self._leg.answered, self._leg.over)
        if self._leg.is_over:
            raise Conflict(f"the phone of seat {offer.extension} hung up")
        return self._leg

"""The seat's page as its telephone: being there, and what it asks of the voice process."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field, StringConstraints

from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import abuse, phone_requests, phones
from hotline.queues import service as queues
from hotline.queues.control.states import TargetKind, TransferMode
from hotline.queues.phone_act import PhoneAct
from hotline.queues.states import OfferState
from hotline.queues.values import SeatContact
from hotline.tickets import reading
from hotline.tickets.checks import ADDRESS_LIMIT, BODY_LIMIT
from hotline.web.auth import current_user
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.desk.bodies import Latitude, Longitude, Reason, ReasonBody
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import json_body, path_id
from hotline.web.routing import Route
from hotline.web.schemas import Body

SDP_LIMIT: Final = 32_768
"""Characters of a page's description; Chromium's with audio alone has 4,000."""

Sdp = Annotated[str, StringConstraints(min_length=20, max_length=SDP_LIMIT)]


class SeatPhoneAct(StrEnum):
    """What a seat may ask; a supervisor's acts are not among them."""

    ANSWER = "answer"
    DECLINE = "decline"
    REJOIN = "rejoin"
    HANG_UP = "hang_up"
    HOLD = "hold"
    RESUME = "resume"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    TRANSFER = "transfer"
    JOIN = "join"
    COMPLETE = "complete"
    BACK = "back"
    PARK = "park"
    PICK_UP = "pick_up"


WITH_SDP: Final = frozenset({SeatPhoneAct.ANSWER, SeatPhoneAct.REJOIN})
RINGING: Final = frozenset({SeatPhoneAct.ANSWER, SeatPhoneAct.DECLINE})


class CardBody(Body):
    """What an emergency service is told (资料卡)."""

    address: Annotated[str, StringConstraints(max_length=ADDRESS_LIMIT)] = ""
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    words: Annotated[str, StringConstraints(max_length=BODY_LIMIT)] = ""
    ticket: Annotated[str, StringConstraints(max_length=20)] = ""
    """The number of the ticket in hand, of those that came of the call."""


class PhoneBody(Body):
    """POST /desk/phone."""

    page_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    open: bool
    claims: bool = False
    """Take the telephone from another page of this seat."""


class PhoneActBody(Body):
    """POST /desk/phone/act."""

    act: SeatPhoneAct
    call_id: UUID
    offer_id: UUID | None = None
    """Asked for with `answer` and `decline`."""
    sdp: Sdp | None = Field(default=None, repr=False)
    """Asked for with `answer` and `rejoin`; `pick_up` rings a desk phone without it."""
    reason: Reason | None = None
    """Asked for with `pause_recording`."""
    kind: TargetKind | None = None
    target: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    mode: TransferMode | None = None
    """These three are asked for with `transfer`."""
    card: CardBody | None = Field(default=None, repr=False)
    """Asked for with a `transfer` to an emergency service."""


async def post_phone(request: web.Request) -> web.Response:
    """Be the seat's telephone for the next 25 seconds, or be it no more.

    Raises:
        Conflict: if another page is, and this one does not claim it.
    """
    body = await json_body(request, PhoneBody)
    seat_id = _seat_of(current_user(request))
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if body.open:
            await phones.open_browser_phone(uow, seat_id, body.page_id, claims=body.claims, now=now)
        else:
            await phones.close_browser_phone(uow, seat_id, body.page_id, now=now)
    return web.json_response({"open": body.open})


async def post_act(request: web.Request) -> web.Response:
    """Ask the voice process for an act on the seat's own call; answers when it is done."""
    body = await json_body(request, PhoneActBody)
    user = current_user(request)
    detail = _detail(body) | {"seat_id": str(_seat_of(user))}
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if body.act is not SeatPhoneAct.PICK_UP:
            await _check(uow, user, body)
        if body.kind is TargetKind.EMERGENCY:
            detail["card"] = await _hand_over_card(uow, user, body, now)
        request_id = await phone_requests.put(
            uow,
            call_id=CallId(body.call_id),
            user_id=user.id,
            act=PhoneAct(body.act.value),
            detail=detail,
            now=now,
        )
        if body.act is SeatPhoneAct.PAUSE_RECORDING:
            await audit.append(
                uow,
                actor=user.login,
                action="recording.pause",
                target=f"call:{body.call_id}",
                detail={"reason": body.reason},
                now=now,
            )
    answer = await phone_requests.wait(request.app[DATABASE], request_id)
    return web.json_response(dict(answer))


async def _hand_over_card(
    uow: UnitOfWork, user: User, body: PhoneActBody, now: datetime
) -> dict[str, Any]:
    """Return the card that the seat reads to the emergency service; it goes to the audit log."""
    call = await calls.get_call(uow.session, CallId(body.call_id))
    told = [line.number for line in await reading.tickets_of_call(uow.session, call.call_id)]
    written = {} if body.card is None else body.card.model_dump(exclude={"ticket"})
    # Of several matters it is the one in hand: the fire, not the street lamp told before it.
    ticket = next((each for each in told if body.card and each == body.card.ticket), None)
    card = {"ticket": ticket, "number": call.number, **written}
    await audit.append(
        uow,
        actor=user.login,
        action="call.emergency",
        target=f"call:{body.call_id}",
        detail={"service": body.target, "ticket": ticket, "has_card": body.card is not None},
        now=now,
    )
    return card


async def post_abuse(request: web.Request) -> web.Response:
    """Say that the caller is abusive; the seat may rest afterwards, without any penalty.

    Raises:
        Forbidden: if the call is not the seat's own.
    """
    call_id = CallId(path_id(request, "call_id"))
    body = await json_body(request, ReasonBody)
    user = current_user(request)
    seat_id = _seat_of(user)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        contact = await _contact(uow, seat_id)
        if contact is None or contact.call_id != call_id:
            raise Forbidden("the call is another seat's")
        await abuse.flag(uow, call_id, seat_id=seat_id, reason=body.reason, now=now)
        await audit.append(
            uow,
            actor=user.login,
            action="call.flag_abuse",
            target=f"call:{call_id}",
            detail={"reason": body.reason},
            now=now,
        )
    return web.json_response({"flagged": True})


async def post_rest(request: web.Request) -> web.Response:
    """Rest after an abusive call (保护性休息); figures of breaks leave it out.

    Raises:
        Conflict: if no rest is due: none was flagged lately, or its rest was taken.
    """
    seat_id = _seat_of(current_user(request))
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        await abuse.rest(uow, seat_id, now)
    return web.json_response({"resting": True})


def _detail(body: PhoneActBody) -> dict[str, Any]:
    """Return what the voice process needs.

    Raises:
        Invalid: if something is missing.
    """
    detail: dict[str, Any] = {}
    if body.act in WITH_SDP:
        if body.sdp is None:
            raise Invalid("sdp", "this act needs the page's description")
        detail["sdp"] = body.sdp
    if body.act in RINGING:
        if body.offer_id is None:
            raise Invalid("offer_id", "this act needs the offer that rings")
        detail["offer_id"] = str(body.offer_id)
    if body.act is SeatPhoneAct.PICK_UP and body.sdp is not None:
        detail["sdp"] = body.sdp
    if body.act is SeatPhoneAct.TRANSFER:
        if body.kind is None or body.target is None or body.mode is None:
            raise Invalid("target", "a transfer needs whom it is for, and how")
        detail |= {"kind": body.kind.value, "target": body.target, "mode": body.mode.value}
    if body.act is SeatPhoneAct.PAUSE_RECORDING:
        if body.reason is None:
            raise Invalid("reason", "a pause of the recording needs its reason")
        detail["reason"] = body.reason
    return detail


async def _check(uow: UnitOfWork, user: User, body: PhoneActBody) -> None:
    """Make sure that the act is about what the seat is ringing for or talking on.

    Raises:
        Forbidden: if it is another seat's call.
        Conflict: if the call has gone on meanwhile.
    """
    contact = await _contact(uow, _seat_of(user))
    if contact is None or contact.call_id != body.call_id:
        raise Forbidden("the call is another seat's, or over")
    wanted = OfferState.RINGING if body.act in RINGING else OfferState.ANSWERED
    if contact.state is not wanted:
        raise Conflict(f"the call is {contact.state.value}")
    if body.offer_id is not None and contact.offer_id != body.offer_id:
        raise Conflict("the offer is over")


async def _contact(uow: UnitOfWork, seat_id: SeatId) -> SeatContact | None:
    return (await queues.seat_view(uow.session, seat_id)).contact


def _seat_of(user: User) -> SeatId:
    if user.seat_id is None:
        raise Forbidden("the user has no seat")
    return user.seat_id


ROUTES = (
    Route("POST", "/desk/phone", post_phone, DESK_ROLES, "desk.phone"),
    Route("POST", "/desk/phone/act", post_act, DESK_ROLES, "desk.phone.act"),
    Route("POST", "/desk/rest", post_rest, DESK_ROLES, "desk.rest"),
    Route("POST", "/desk/calls/{call_id}/abuse", post_abuse, DESK_ROLES, "desk.calls.abuse"),
)

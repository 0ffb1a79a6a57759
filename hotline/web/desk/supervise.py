"""What a shift leader does from the board: listen, whisper, join in, take over, force a state."""

from enum import StrEnum
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import phone_requests
from hotline.queues import service as queues
from hotline.queues.phone_act import PhoneAct
from hotline.web.auth import current_user
from hotline.web.desk.bodies import Reason
from hotline.web.desk.phone import Sdp
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import json_body, path_id
from hotline.web.routing import Route
from hotline.web.schemas import Body

SUPERVISING_ROLES: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})

FORCED: Final = "forced"
"""The break reason of a seat that a shift leader has sent on a break."""


class SuperviseAct(StrEnum):
    """What a supervisor may do to a talk."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE_OVER = "take_over"
    REJOIN = "rejoin"
    """The page was reloaded after a take-over."""
    LEAVE = "leave"


DESCRIBED: Final = frozenset({SuperviseAct.LISTEN, SuperviseAct.REJOIN})

UNAUDITED: Final = frozenset({SuperviseAct.REJOIN, SuperviseAct.LEAVE})
"""What came before them is in the audit log."""


class SuperviseBody(Body):
    """POST /board/calls/{call_id}/supervise."""

    act: SuperviseAct
    sdp: Sdp | None = Field(default=None, repr=False)
    """With the first `listen` and `rejoin`: the page's description; other acts bring none."""


class ForcedState(StrEnum):
    """A state that may be forced; a talk is taken over instead."""

    AVAILABLE = "available"
    ON_BREAK = "on_break"
    SIGNED_OUT = "signed_out"


class ForceBody(Body):
    """POST /board/seats/{seat_id}/state."""

    state: ForcedState
    reason: Reason


async def post_supervise(request: web.Request) -> web.Response:
    """Listen to a talk, or change how; leaving and coming back are not in the audit log.

    Raises:
        PhoneRefused: if nobody talks, or this supervisor does not listen yet.
    """
    call_id = CallId(path_id(request, "call_id"))
    body = await json_body(request, SuperviseBody)
    user = current_user(request)
    detail: dict[str, Any] = {} if body.sdp is None else {"sdp": body.sdp}
    if body.sdp is not None and body.act not in DESCRIBED:
        raise Invalid("sdp", "only the first listen and a return bring a description")
    if body.sdp is None and body.act is SuperviseAct.REJOIN:
        raise Invalid("sdp", "a return brings a description")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        request_id = await phone_requests.put(
            uow,
            call_id=call_id,
            user_id=user.id,
            act=PhoneAct(body.act.value),
            detail=detail,
            now=now,
        )
        if body.act not in UNAUDITED:
            await audit.append(
                uow,
                actor=user.login,
                action=f"call.{body.act.value}",
                target=f"call:{call_id}",
                detail={},
                now=now,
            )
    answer = await phone_requests.wait(request.app[DATABASE], request_id)
    return web.json_response(dict(answer))


async def post_force(request: web.Request) -> web.Response:
    """Change what a seat is doing, with a reason that goes to the audit log.

    Raises:
        IllegalTransition: while it talks: take the call over, or let the seat end it.
    """
    seat_id = SeatId(path_id(request, "seat_id"))
    body = await json_body(request, ForceBody)
    user = current_user(request)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        before = await queues.seat_view(uow.session, seat_id)
        match body.state:
            case ForcedState.AVAILABLE:
                await queues.make_available(uow, seat_id, now)
            case ForcedState.ON_BREAK:
                await queues.take_break(uow, seat_id, FORCED, now)
            case ForcedState.SIGNED_OUT:
                await queues.sign_out(uow, seat_id, now)
        await audit.append(
            uow,
            actor=user.login,
            action="seat.force",
            target=f"seat:{before.extension}",
            detail={
                "from": before.state.value,
                "to": body.state.value,
                "reason": body.reason,
            },
            now=now,
        )
    return web.json_response({"state": body.state.value})


ROUTES = (
    Route(
        "POST",
        "/board/calls/{call_id}/supervise",
        post_supervise,
        SUPERVISING_ROLES,
        "board.supervise",
    ),
    Route("POST", "/board/seats/{seat_id}/state", post_force, SUPERVISING_ROLES, "board.force"),
)

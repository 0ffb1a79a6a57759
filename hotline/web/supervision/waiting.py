"""排队来电: who waits, why nobody has taken them yet, and moving one of them with a reason."""

from typing import Any, Final

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallId
from hotline.kernel.privacy import mask_phone
from hotline.queues import waiting
from hotline.queues.estimate import Bound
from hotline.queues.skills import queues_of_seats
from hotline.queues.values import QueuePolicy
from hotline.queues.waiting import Why
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import Route, WebPart

MOVING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
READING: Final = MOVING | {Role.LEADER}

QUEUE_POLICY: Final = web.AppKey("queue_policy", QueuePolicy)

SHOWN: Final = 200
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200
FIRST: Final = "first"
"""Instead of a queue: before everybody else in the present one."""

REASONS: Final = {
    Why.RINGING: "正在振铃",
    Why.DUE: "有合适的空闲坐席，即将分配",
    Why.NO_SKILL: "空闲坐席没有所需技能",
    Why.NO_PHONE: "空闲坐席的话机不在线",
    Why.ALL_BUSY: "坐席全忙",
    Why.NOBODY: "队列无人签入",
}

BOUNDS: Final = {Bound.ABOUT: "约", Bound.MORE_THAN: "超过"}


async def get_waiting(request: web.Request) -> web.Response:
    """Show who waits, in all queues or in one."""
    now = request.app[CLOCK]()
    queue = request.query.get("queue", "")
    async with request.app[DATABASE].read() as session:
        found = await waiting.waiting_callers(
            session, now, request.app[QUEUE_POLICY], queue=queue or None, limit=SHOWN
        )
        queues = await queues_of_seats(session)
    return render(
        request,
        "hotline/waiting.html",
        wide=True,
        rows=[(each, mask_phone(each.number) if each.number else None) for each in found],
        queue=queue,
        queues=queues,
        reasons=REASONS,
        bounds=BOUNDS,
        may_move=not MOVING.isdisjoint(current_user(request).roles),
        moved="moved" in request.query,
    )


async def post_move(request: web.Request) -> web.Response:
    """Move a caller to the front, or to another queue; the reason goes to the audit log.

    Raises:
        Invalid: if there is no reason, or no such queue.
        Conflict: if a seat rings for the caller already.
    """
    call_id = CallId(path_id(request, "call_id"))
    fields = await form_fields(request)
    reason, to = fields.get("reason", ""), fields.get("to", "")
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid("reason", "a reason of 2 to 200 characters is needed")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if to == FIRST:
            queue = await waiting.move_first(uow, call_id, now=now)
            detail: dict[str, Any] = {"queue": queue, "reason": reason}
        else:
            left = await waiting.move_to(uow, call_id, to, now=now)
            detail = {"from": left, "to": to, "reason": reason}
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="call.moved_first" if to == FIRST else "call.moved_queue",
            target=f"call:{call_id}",
            detail=detail,
            now=now,
        )
    raise web.HTTPSeeOther("/waiting?moved=1")


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/waiting", get_waiting, READING, "waiting"),
    Route("POST", "/waiting/{call_id}/move", post_move, MOVING, "waiting.move"),
)


def waiting_part(policy: QueuePolicy) -> WebPart:
    """Return the page as a part of the web process; the board's numbers lead to it."""
    return WebPart("waiting", ROUTES, provides={QUEUE_POLICY: policy})

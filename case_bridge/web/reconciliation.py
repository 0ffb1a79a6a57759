"""Reconciliation (核对): every difference between tickets and cases, why, and what mends it."""

from typing import Any, Final
from uuid import UUID

from aiohttp import web

from case_bridge.bridge.differences import (
    comparisons,
    explain_difference,
    open_differences,
    past_differences,
)
from case_bridge.bridge.model import DifferenceRow
from case_bridge.bridge.repository import Links
from case_bridge.bridge.service import SUBMIT_JOB, finish_ticket
from case_bridge.bridge.trouble import Trouble
from case_bridge.web.requests import at_first_level, read_fields, see_other
from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, NotFound
from hotline.kernel.ids import TicketId
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

MENDERS: Final = frozenset({Role.SHIFT_LEADER, Role.SYSTEM_ADMIN})
MOST: Final = 200

KINDS: Final = {
    Trouble.NOT_SENT: ("未送出", "工单已转办，送案卷系统的事项丢失。系统自动补送；也可立即再送。"),
    Trouble.NOT_ANSWERED: ("无回执", "已送出但没有回执。重复送出不会重复立案，可立即再送。"),
    Trouble.NOT_HEARD: ("漏收进展", "案卷系统有进展而本系统没有收到，已按原文补收。"),
    Trouble.NOT_MATCHED: ("待匹配", "进展先于对应关系到达，已补应用。"),
    Trouble.NOT_TOLD: ("未告知工单", "案卷已结束，工单仍在办。可按案卷结果办结工单。"),
    Trouble.NOT_REACHABLE: ("无应答", "案卷系统没有应答。工单照常编号、承诺，恢复后自动补送。"),
    Trouble.STATE_DIFFERS: ("状态不一致", "消息已全部应用，两边状态仍不同。核实后填写说明了结。"),
    Trouble.NOT_OURS: ("无对应工单", "案卷系统有此案卷，本系统没有工单。核实后填写说明了结。"),
    Trouble.NOT_THERE: (
        "对方已无此案卷",
        "案卷系统可能由旧备份恢复，此案无人办理。请对方恢复，恢复后自动了结；另行办理的，填写说明了结。",
    ),
}
"""What a kind is called, and how it came about and is mended."""

SEND_AGAIN: Final = frozenset({Trouble.NOT_SENT, Trouble.NOT_ANSWERED})
MENDS: Final = {Trouble.NOT_TOLD: "按案卷结果办结"} | dict.fromkeys(SEND_AGAIN, "立即再送")
"""The act of those kinds that one act mends; the others end by themselves or by words."""


async def get_reconciliation(request: web.Request) -> web.Response:
    """Show what differs now, what differed, and when both sides were compared."""
    async with request.app[DATABASE].read() as session:
        present = await open_differences(session, limit=MOST)
        past = await past_differences(session, limit=MOST)
        runs = await comparisons(session, limit=31)
    if wants_json(request):
        return web.json_response(
            {
                "open": [difference_json(row) for row in present],
                "past": [difference_json(row) for row in past],
            }
        )
    return render(
        request,
        "exchange/reconciliation.html",
        present=present,
        past=past,
        runs=runs,
        kinds=KINDS,
        mends=MENDS,
    )


async def post_mend(request: web.Request) -> web.Response:
    """Carry out the act that mends a difference. No fields.

    Raises:
        NotFound: if there is no such difference.
        Conflict: if it has ended, its kind has no such act, or the outcome does not fit.
    """
    difference_id, now = path_id(request, "difference_id"), request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        row = await uow.session.get(DifferenceRow, difference_id, with_for_update=True)
        if row is None:
            raise NotFound("difference", difference_id)
        if row.ended_at is not None or row.trouble not in MENDS or row.ticket_id is None:
            raise Conflict("the difference has ended, or no act mends it")
        ticket_id, round_ = TicketId(row.ticket_id), row.round or 1
        if row.trouble in SEND_AGAIN:
            uow.enqueue(
                SUBMIT_JOB,
                key=f"{SUBMIT_JOB}:{ticket_id}:{round_}:mend:{now.isoformat()}",
                payload={"ticket_id": str(ticket_id), "round": round_},
                due_at=now,
            )
        else:
            link = await Links(uow.session).get(ticket_id, round_, lock=True)
            if not await finish_ticket(uow, link, now=now):
                raise Conflict("the case has no outcome that fits the ticket")
            row.ended_at, row.ended_by = now, current_user(request).display_name
            row.ending = MENDS[row.trouble]
        await _log(request, uow, difference_id, row.trouble.value)
    return _answered(request)


async def post_explain(request: web.Request) -> web.Response:
    """End a difference with an explanation. Fields: words."""
    difference_id, fields = path_id(request, "difference_id"), await read_fields(request)
    async with request.app[DATABASE].begin() as uow:
        await explain_difference(
            uow,
            difference_id,
            words=fields.text("words"),
            by=current_user(request).display_name,
            now=request.app[CLOCK](),
        )
        await _log(request, uow, difference_id, fields.text("words"))
    return _answered(request)


def difference_json(row: DifferenceRow) -> dict[str, Any]:
    """Return one difference with its history."""
    return {
        "id": str(row.id),
        "platform": row.platform,
        "trouble": row.trouble.value,
        "what": row.what,
        "reason": row.reason,
        "times": row.times,
        "first_found_at": row.first_found_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "ended_by": row.ended_by,
        "ending": row.ending,
    }


async def _log(request: web.Request, uow: UnitOfWork, difference_id: UUID, words: str) -> None:
    await audit.append(
        uow,
        actor=current_user(request).login,
        action="reconciliation.mend",
        target=f"difference:{difference_id}",
        detail={"words": words},
        now=request.app[CLOCK](),
    )


def _answered(request: web.Request) -> web.Response:
    return web.json_response({}) if wants_json(request) else see_other("/reconciliation")


ROUTES: Final = (
    Route("GET", "/reconciliation", at_first_level(get_reconciliation), MENDERS, "reconciliation"),
    Route(
        "POST",
        "/reconciliation/{difference_id}/mend",
        at_first_level(post_mend),
        MENDERS,
        "reconciliation.mend",
    ),
    Route(
        "POST",
        "/reconciliation/{difference_id}/explain",
        at_first_level(post_explain),
        MENDERS,
        "reconciliation.explain",
    ),
)
MENU: Final = (MenuEntry("两边核对", "/reconciliation", MENDERS, MenuGroup.SYSTEM),)

"""The page of the exchange: how the talk with each platform goes, and every message of it."""

import json
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from case_bridge.cases.reading import case_by_number
from case_bridge.exchange.evaluations import told_evaluations
from case_bridge.exchange.files import fetch_again, troubled_files
from case_bridge.exchange.forms import FormKind
from case_bridge.exchange.journal import Journal
from case_bridge.exchange.model import Direction, ExchangeMessageRow
from case_bridge.exchange.peer import PeerRole
from case_bridge.exchange.receiving import replay
from case_bridge.exchange.sending import report_to
from case_bridge.exchange.states import OUTGOING, FileState, MessageState, MessageTrigger
from case_bridge.web.exchange_options import EXCHANGE
from case_bridge.web.requests import acting, at_first_level, read_fields, see_other
from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid, NotFound
from hotline.web.auth import current_user
from hotline.web.files import size_words
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

HERE: Final = Path(__file__).parent / "exchange_pages"
WATCHERS: Final = frozenset({Role.SHIFT_LEADER, Role.DISPATCHER, Role.SYSTEM_ADMIN})
MENDERS: Final = frozenset({Role.SHIFT_LEADER, Role.SYSTEM_ADMIN})
SENDERS: Final = frozenset({Role.SHIFT_LEADER, Role.DISPATCHER})
ASSESSED: Final = frozenset({Role.SUPERVISOR, Role.SHIFT_LEADER, Role.LEADER})
PAGE: Final = 50

FORMS: Final = {
    FormKind.REGISTRATION: "问题登记单",
    FormKind.VERIFY_ORDER: "问题核实单",
    FormKind.VERIFY_ANSWER: "问题反馈单",
    FormKind.FILING: "问题立案单",
    FormKind.DISPATCH: "任务分派单",
    FormKind.FEEDBACK: "任务反馈单",
    FormKind.CHECK_ORDER: "结果核查单",
    FormKind.CHECK_ANSWER: "结果反馈单",
    FormKind.CLOSING: "结案告知单",
    FormKind.EVALUATION: "考核上报单",
}
STATES: Final = {
    MessageState.WAITING: "待送",
    MessageState.DELIVERED: "已送达",
    MessageState.STORED: "已存原文",
    MessageState.HELD: "待前件",
    MessageState.APPLIED: "已办理",
    MessageState.DUPLICATE: "重复",
    MessageState.REFUSED: "拒收",
    MessageState.UNREADABLE: "无法识读",
}
FILE_STATES: Final = {
    FileState.WANTED: "待取",
    FileState.KEPT: "已存",
    FileState.REFUSED: "拒收",
}
KINDS: Final = {"unit": "责任单位", "department": "部门", "region": "区域", "centre": "中心"}
"""Of evaluated objects, by the code that a form says."""
TOLD_AT_ONCE: Final = 12
ROLES: Final = {PeerRole.SUPERIOR: "上级平台", PeerRole.SUBORDINATE: "下级平台"}
DIRECTIONS: Final = {Direction.IN: "收", Direction.OUT: "发"}
MENDABLE: Final = frozenset({MessageState.REFUSED, MessageState.UNREADABLE})


async def get_exchange(request: web.Request) -> web.Response:
    """Show every peer with what waits, and the journal, newest first."""
    query = request.query
    state = query.get("state", "")
    if state and state not in set(MessageState):
        raise Invalid("state", f"is none of {', '.join(MessageState)}")
    async with request.app[DATABASE].read() as session:
        journal = Journal(session)
        talks, counts = await journal.peers(), await journal.counts()
        rows = await journal.page(
            peer=query.get("peer") or None,
            state=MessageState(state) if state else None,
            case_ref=query.get("case") or None,
            before=_number(query.get("before", "0")) or None,
            limit=PAGE,
        )
        files = await troubled_files(session, limit=PAGE)
    peers = [
        {
            "name": peer.name,
            "role": peer.role,
            "talk": talks.get(peer.name),
            "counts": {each: counts.get((peer.name, each), 0) for each in MessageState},
        }
        for peer in request.app[EXCHANGE].peers.values()
    ]
    if wants_json(request):
        return web.json_response({"messages": [message_json(row) for row in rows]})
    return render(
        request,
        "exchange/exchange.html",
        peers=peers,
        rows=rows,
        files=files,
        file_states=FILE_STATES,
        size_words=size_words,
        following=rows[-1].id if len(rows) == PAGE else None,
        chosen={name: query.get(name, "") for name in ("peer", "state", "case")},
        may_mend=not current_user(request).roles.isdisjoint(MENDERS),
        may_send=not current_user(request).roles.isdisjoint(SENDERS),
        **_words(),
    )


async def get_evaluations(request: web.Request) -> web.Response:
    """Show what subordinates published of their units and areas, newest first (R96)."""
    before = _number(request.query.get("before", "0")) or None
    async with request.app[DATABASE].read() as session:
        told = await told_evaluations(
            session, request.app[EXCHANGE], before=before, limit=TOLD_AT_ONCE
        )
    if wants_json(request):
        return web.json_response(
            {
                "evaluations": [
                    {"peer": each.peer} | each.report.model_dump(mode="json") for each in told
                ]
            }
        )
    return render(
        request,
        "exchange/evaluations.html",
        told=told,
        kinds=KINDS,
        following=told[-1].message_id if len(told) == TOLD_AT_ONCE else None,
    )


async def post_fetch(request: web.Request) -> web.Response:
    """Fetch a refused file once more. No fields."""
    async with request.app[DATABASE].begin() as uow:
        row = await fetch_again(uow, path_id(request, "file_id"))
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="exchange.mend",
            target=f"exchange_file:{row.id}",
            detail={"peer": row.peer, "sha256": row.sha256},
            now=request.app[CLOCK](),
        )
    return _answered(request, "/exchange")


async def get_message(request: web.Request) -> web.Response:
    """Show one message as it came or went, byte for byte.

    Raises:
        NotFound: if there is none.
    """
    async with request.app[DATABASE].read() as session:
        row = await session.get(ExchangeMessageRow, _number(request.match_info["row_id"]))
    if row is None:
        raise NotFound("message", request.match_info["row_id"])
    if wants_json(request):
        return web.json_response(message_json(row))
    return render(
        request,
        "exchange/message.html",
        row=row,
        text=_pretty(row.raw),
        may_mend=row.state in MENDABLE and not current_user(request).roles.isdisjoint(MENDERS),
        **_words(),
    )


async def post_mend(request: web.Request) -> web.Response:
    """Send or apply a refused message again. Fields: reason."""
    row_id, fields = _number(request.match_info["row_id"]), await read_fields(request)
    reason = fields.text("reason")
    if len(reason) < 2:
        raise Invalid("reason", "a reason of 2 characters or more is needed")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        row = await Journal(uow.session).message(row_id)
        if row.direction is Direction.OUT:
            row.state = OUTGOING.next(row.state, MessageTrigger.RESEND)
            row.problem = None
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="exchange.mend",
            target=f"exchange:{row_id}",
            detail={"reason": reason},
            now=now,
        )
        is_incoming = row.direction is Direction.IN
    if is_incoming:
        await replay(request.app[DATABASE], request.app[EXCHANGE], row_id, now=now)
    return _answered(request, f"/exchange/messages/{row_id}")


async def post_compare(request: web.Request) -> web.Response:
    """Let the next round, within seconds, compare both sides' counters. Fields: peer."""
    peer = request.app[EXCHANGE].peer((await read_fields(request)).text("peer"))
    async with request.app[DATABASE].begin() as uow:
        row = await Journal(uow.session).peer(peer.name)
        row.compared_at = row.next_attempt_at = None
    return _answered(request, "/exchange")


async def post_send(request: web.Request) -> web.Response:
    """Report a case to a peer, or have it verified there. Fields: number, peer, kind, text."""
    fields = await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await report_to(
            uow,
            request.app[EXCHANGE],
            fields.text("peer"),
            await case_by_number(uow.session, fields.text("number")),
            verify=fields.text("kind") == "verify",
            text=fields.text("text"),
            actor=actor,
            now=now,
        )
    return _answered(request, "/exchange")


def message_json(row: ExchangeMessageRow) -> dict[str, Any]:
    """Return one message of the journal, without its text."""
    return {
        "id": row.id,
        "peer": row.peer,
        "direction": row.direction.value,
        "state": row.state.value,
        "case": row.case_ref,
        "sequence": row.sequence,
        "form": row.form.value if row.form else None,
        "problem": row.problem or "",
        "recorded_at": row.recorded_at.isoformat(),
    }


def _words() -> dict[str, Any]:
    return {"forms": FORMS, "states": STATES, "roles": ROLES, "directions": DIRECTIONS}


def _pretty(raw: bytes) -> str:
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _answered(request: web.Request, location: str) -> web.Response:
    return web.json_response({}) if wants_json(request) else see_other(location)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid("id", "is not a number of ours")
    return int(text)


ROUTES: Final = (
    Route("GET", "/exchange", at_first_level(get_exchange), WATCHERS, "exchange"),
    Route(
        "GET",
        "/exchange/evaluations",
        at_first_level(get_evaluations),
        ASSESSED,
        "exchange.evaluations",
    ),
    Route(
        "POST",
        "/exchange/files/{file_id}/fetch",
        at_first_level(post_fetch),
        MENDERS,
        "exchange.fetch",
    ),
    Route("POST", "/exchange/send", at_first_level(post_send), SENDERS, "exchange.send"),
    Route("POST", "/exchange/compare", at_first_level(post_compare), MENDERS, "exchange.compare"),
    Route(
        "GET",
        "/exchange/messages/{row_id}",
        at_first_level(get_message),
        WATCHERS,
        "exchange.message",
    ),
    Route(
        "POST",
        "/exchange/messages/{row_id}/mend",
        at_first_level(post_mend),
        MENDERS,
        "exchange.mend",
    ),
)
MENU: Final = (
    MenuEntry("平台交换", "/exchange", WATCHERS, MenuGroup.SYSTEM),
    MenuEntry("下级考核", "/exchange/evaluations", ASSESSED, MenuGroup.FOLLOW_UP),
)

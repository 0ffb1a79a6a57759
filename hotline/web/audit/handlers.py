"""The audit log (审计日志): read, verified and taken away; each of that is a row of it too."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.audit_reading import AuditWanted, all_of, names_of, one, page
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.reports.exports.files import as_csv, harmless
from hotline.web.audit.words import GROUPS, word_of
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.language import translate
from hotline.web.pages import render
from hotline.web.requests import form_fields, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

WATCHING: Final = frozenset({Role.AUDIT_ADMIN})
MOST: Final = 50
LONGEST: Final = 100
LARGEST_SEQ: Final = 2**63 - 1

COLUMNS: Final = ("序号", "时间", "操作人", "操作", "操作代码", "对象", "详情", "校验值")


async def get_log(request: web.Request) -> web.Response:
    """Show a page of the rows that fit, newest first."""
    wanted = _wanted(request.query)
    before = _seq(request.query["before"]) if request.query.get("before") else None
    async with request.app[DATABASE].begin() as uow:
        rows = await page(uow.session, wanted, before=before, limit=MOST + 1)
        names = await names_of(uow.session, rows)
        await _log(request, uow, "audit.read", dict(wanted.as_detail()))
    shown = rows[:MOST]
    following = shown[-1].seq if len(rows) > MOST else None
    if wants_json(request):
        return web.json_response({"rows": [_plain(row) for row in shown], "next": following})
    return _page(request, wanted, shown, names=names, following=following)


async def get_row(request: web.Request) -> web.Response:
    """Show one row with its detail and its place in the chain."""
    seq = _seq(request.match_info["seq"])
    async with request.app[DATABASE].begin() as uow:
        row = await one(uow.session, seq)
        names = await names_of(uow.session, [row])
        newest = await audit.head(uow.session)
        await _log(request, uow, "audit.read", {"row": seq})
    return render(
        request,
        "hotline/audit_row.html",
        row=row,
        word=word_of(row.action),
        name=names.get(row.target, ""),
        detail=_pretty(row.detail),
        has_next=seq < newest.seq,
    )


async def post_verify(request: web.Request) -> web.Response:
    """Walk the whole chain and show the result with the head, which is to be noted elsewhere."""
    noted = (await form_fields(request)).get("head", "")
    expected = _head(noted) if noted else None
    async with request.app[DATABASE].read() as session:
        problems = await audit.verify(session, expected)
        newest = await audit.head(session)
    async with request.app[DATABASE].begin() as uow:
        found = {"head": f"{newest.seq}:{newest.hash}", "problems": len(problems)}
        await _log(request, uow, "audit.verify", found)
    if wants_json(request):
        told = [{"seq": each.seq, "what": each.what} for each in problems]
        return web.json_response({"problems": told, "head": found["head"]})
    return render(
        request,
        "hotline/audit_verified.html",
        problems=problems[:MOST],
        total=len(problems),
        head=newest,
        noted=noted,
    )


async def post_export(request: web.Request) -> web.StreamResponse:
    """Send the rows that fit as CSV, oldest first."""
    wanted = _wanted(await form_fields(request))
    async with request.app[DATABASE].begin() as uow:
        await _log(request, uow, "audit.export", dict(wanted.as_detail()))
    name = f"audit-{request.app[CLOCK]().astimezone(SHANGHAI):%Y%m%d}.csv"
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    await answer.prepare(request)
    # The mark of UTF-8, without which spreadsheets guess another encoding.
    titles = [translate(request, each) for each in COLUMNS]
    await answer.write(b"\xef\xbb\xbf" + as_csv([titles]))
    async with request.app[DATABASE].read() as session:
        async for rows in all_of(session, wanted):
            await answer.write(as_csv(_line(request, row) for row in rows))
    await answer.write_eof()
    return answer


def _page(
    request: web.Request,
    wanted: AuditWanted,
    rows: Any,
    *,
    names: Mapping[str, str],
    following: int | None,
) -> web.Response:
    asked = wanted.as_detail()
    return render(
        request,
        "hotline/audit.html",
        wide=True,
        rows=[(row, word_of(row.action), names.get(row.target, "")) for row in rows],
        asked=asked,
        query=urlencode(asked),
        following=following,
        is_first="before" not in request.query,
        groups=list(GROUPS.items()),
    )


async def _log(
    request: web.Request, uow: UnitOfWork, action: str, detail: Mapping[str, Any]
) -> None:
    await audit.append(
        uow,
        actor=current_user(request).login,
        action=action,
        target="audit",
        detail=detail,
        now=request.app[CLOCK](),
    )


def _wanted(fields: Mapping[str, str]) -> AuditWanted:
    def text(name: str) -> str:
        return fields.get(name, "").strip()[:LONGEST]

    return AuditWanted(
        actor=text("actor").lower(),
        action=text("action"),
        target=text("target"),
        since=_day(text("since"), "since"),
        until=_day(text("until"), "until"),
    )


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(name, "is not a day") from None


def _seq(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_SEQ:
        raise Invalid("seq", "is not the number of a row")
    return int(text)


def _head(text: str) -> audit.Head:
    seq, _, digest = text.partition(":")
    if not seq.isdecimal() or not digest or int(seq) > LARGEST_SEQ:
        raise Invalid("head", "must be SEQ:HASH, as it was shown")
    return audit.Head(int(seq), digest)


def _pretty(detail: Mapping[str, Any] | None) -> str | None:
    if detail is None:
        return None
    return json.dumps(detail, ensure_ascii=False, indent=2, sort_keys=True)


def _plain(row: AuditRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "detail": row.detail,
        "hash": row.hash,
    }


def _line(request: web.Request, row: AuditRow) -> list[str]:
    texts = (
        str(row.seq),
        f"{row.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        row.actor,
        translate(request, word_of(row.action)),
        row.action,
        row.target,
        json.dumps(row.detail, ensure_ascii=False, sort_keys=True) if row.detail else "",
        row.hash,
    )
    return [harmless(text) for text in texts]


ROUTES: Final = (
    Route("GET", "/audit", get_log, WATCHING, "audit"),
    Route("GET", "/audit/{seq}", get_row, WATCHING, "audit.row"),
    Route("POST", "/audit/verify", post_verify, WATCHING, "audit.verify"),
    Route("POST", "/audit/export", post_export, WATCHING, "audit.export"),
)

PART: Final = WebPart(
    "audit",
    ROUTES,
    menu=(MenuEntry("审计日志", "/audit", WATCHING, MenuGroup.SYSTEM),),
)

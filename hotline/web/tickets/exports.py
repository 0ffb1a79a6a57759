"""Take a list away as a file: asked for, written by a job, taken by who asked."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts.roles import Role
from hotline.kernel.errors import Forbidden, Invalid
from hotline.reports.exports import service
from hotline.reports.exports.model import ExportState, FileFormat
from hotline.tickets.lists import Sort
from hotline.web.auth import current_user
from hotline.web.desk.handlers import TICKET_ROLES
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import Route
from hotline.web.tickets.asked import read_asked
from hotline.web.tickets.options import TICKET_LISTS

EXPORTING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR, Role.LEADER})
TAKING: Final = EXPORTING | {Role.DISPATCHER, Role.UNIT}
"""Who may take some list away; everybody only what they asked for themselves."""
UNMASKING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})

Wanted = tuple[Mapping[str, Any], Sort]

STATES: Final = {
    ExportState.WAITING: "排队中",
    ExportState.WRITING: "正在生成",
    ExportState.READY: "可下载",
    ExportState.FAILED: "未能生成",
    ExportState.EXPIRED: "已清除",
}


async def get_exports(request: web.Request) -> web.Response:
    """Show a person's files and how far they are."""
    async with request.app[DATABASE].read() as session:
        rows = await service.exports_of(session, current_user(request))
    return render(
        request,
        "hotline/exports.html",
        rows=rows,
        lists=request.app[TICKET_LISTS].exports.lists,
        may_find_tickets=not TICKET_ROLES.isdisjoint(current_user(request).roles),
        states=STATES,
        kept_days=service.KEPT.days,
        is_running=any(row.state in {ExportState.WAITING, ExportState.WRITING} for row in rows),
    )


async def post_export(request: web.Request) -> web.Response:
    """Owe a file of the list of tickets."""

    async def asked_for(session: AsyncSession, query: MultiDict[str]) -> Wanted:
        asked = await read_asked(session, query)
        return asked.wanted.to_payload(), asked.sort

    return await owe_export(request, "tickets", asked_for)


async def owe_export(
    request: web.Request,
    list_name: str,
    asked_for: Callable[[AsyncSession, MultiDict[str]], Awaitable[Wanted]],
    *,
    unmasking: Collection[Role] = UNMASKING,
) -> web.Response:
    """Owe a file of a list; `asked_for` reads its address, and narrows it to who asks.

    Raises:
        Invalid: if the format is unknown, or a reason is missing.
        Forbidden: if the person may not have it unmasked.
    """
    fields, user = await form_fields(request), current_user(request)
    unmasked = fields.get("unmasked") == "on"
    if unmasked and user.roles.isdisjoint(unmasking):
        raise Forbidden("this role gets numbers and addresses masked")
    if fields.get("format") not in set(FileFormat):
        raise Invalid("format", f"is none of {', '.join(FileFormat)}")
    async with request.app[DATABASE].begin() as uow:
        wanted, sort = await asked_for(uow.session, MultiDict(parse_qsl(fields.get("query", ""))))
        await service.ask_export(
            uow,
            user,
            request.app[TICKET_LISTS].exports.lists[list_name],
            wanted=wanted,
            sort=sort,
            file_format=FileFormat(fields["format"]),
            unmasked=unmasked,
            reason=fields.get("export_reason", ""),
            now=request.app[CLOCK](),
        )
    return web.Response(status=303, headers={"Location": "/lists/exports"})


async def get_file(request: web.Request) -> web.StreamResponse:
    """Send a finished file to who asked for it."""
    async with request.app[DATABASE].begin() as uow:
        row, path = await service.take_export(
            uow,
            current_user(request),
            path_id(request, "export_id"),
            options=request.app[TICKET_LISTS].exports,
            now=request.app[CLOCK](),
        )
    name = f"{row.list_name}-{row.asked_at:%Y%m%d-%H%M}.{row.file_format}"
    return web.FileResponse(
        path,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


ROUTES: Final = (
    Route("GET", "/lists/exports", get_exports, TAKING, "exports"),
    Route("POST", "/lists/tickets/exports", post_export, EXPORTING, "tickets.export"),
    Route("GET", "/lists/exports/{export_id}/file", get_file, TAKING, "exports.file"),
)

"""The standard on pages: upload, errors, preview, effective day, history, roll-back, download."""

from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from case_bridge.cases.reading import cases_under
from case_bridge.cases.views import CaseLine
from case_bridge.standards import reading, service
from case_bridge.standards.finding import Finding
from case_bridge.standards.reading import Preview
from case_bridge.standards.service import StandardFile
from case_bridge.standards.states import StandardState, StandardTrigger
from case_bridge.standards.tables import MAX_FILE
from case_bridge.standards.writing import write_csv, write_xlsx
from case_bridge.web.requests import acting, read_fields, see_other, show
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

STAFF: Final = frozenset({Role.SYSTEM_ADMIN})
"""Base-data staff (应用维护, 基础数据管理)."""
SHOWN: Final = 200
"""Mistakes and changes on one page; a program gets all of them."""

STATES: Final = {
    StandardState.CHECKED: "已校验",
    StandardState.SCHEDULED: "待生效",
    StandardState.IN_FORCE: "现行",
    StandardState.REPLACED: "已停用",
}
TRIGGERS: Final = {
    StandardTrigger.SCHEDULE: "排期",
    StandardTrigger.WITHDRAW: "取消排期",
    StandardTrigger.ACTIVATE: "启用",
    StandardTrigger.REPLACE: "停用",
}
_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


async def get_standards(request: web.Request) -> web.Response:
    """Show the versions, the acts so far, and the form of the next import."""
    return await _list(request, ())


async def post_standard(request: web.Request) -> web.StreamResponse:
    """Import a file; every mistake at once, or the preview. Fields: file, scheme."""
    file = await _uploaded(request)
    async with acting(request) as (uow, actor, now):
        done = await service.import_standard(uow, file, actor=actor.login, now=now)
    if done.standard_id is None:
        return await _list(request, done.findings)
    if wants_json(request):
        return await get_standard(request, done.standard_id)
    return see_other(f"/standards/{done.standard_id}")


async def get_standard(request: web.Request, standard_id: UUID | None = None) -> web.Response:
    """Show a version: what it changes, which open cases keep theirs, and what may be done."""
    standard_id = standard_id or path_id(request, "standard_id")
    async with request.app[DATABASE].read() as session:
        found = await reading.preview(session, standard_id)
        keeping: tuple[CaseLine, ...] = ()
        if found.against is not None and found.difference.touched:
            keeping = await cases_under(
                session,
                found.against.scheme,
                found.against.version,
                found.difference.touched,
                now=request.app[CLOCK](),
            )
    if wants_json(request):
        return web.json_response(_preview_json(found, keeping))
    return show(
        request,
        "standard.html",
        found=found,
        difference=found.difference,
        keeping=keeping,
        shown=SHOWN,
        states=STATES,
        today=request.app[CLOCK]().astimezone(SHANGHAI).date(),
    )


async def post_activate(request: web.Request) -> web.StreamResponse:
    """Put a version in force. Fields: effective_on."""
    standard_id, fields = path_id(request, "standard_id"), await read_fields(request)
    effective_on = fields.required_day("effective_on")
    async with acting(request) as (uow, actor, now):
        await service.activate_standard(
            uow, standard_id, effective_on=effective_on, actor=actor.login, now=now
        )
    return await _answer(request, standard_id)


async def post_withdraw(request: web.Request) -> web.StreamResponse:
    """Take back that a version comes into force. No fields."""
    standard_id = path_id(request, "standard_id")
    async with acting(request) as (uow, actor, now):
        await service.withdraw_standard(uow, standard_id, actor=actor.login, now=now)
    return await _answer(request, standard_id)


async def post_roll_back(request: web.Request) -> web.StreamResponse:
    """Go back to the version before. Fields: reason."""
    fields = await read_fields(request)
    async with acting(request) as (uow, actor, now):
        standard_id = await service.roll_back(
            uow, actor=actor.login, reason=fields.text("reason"), now=now
        )
    return await _answer(request, standard_id)


async def get_file(request: web.Request) -> web.Response:
    """Return a version as a file that can be imported again.

    Raises:
        Invalid: if the format is neither xlsx nor csv.
    """
    form = request.query.get("format", "xlsx")
    if form not in _TYPES:
        raise Invalid("format", f"is none of {', '.join(_TYPES)}")
    async with request.app[DATABASE].read() as session:
        found = await reading.preview(session, path_id(request, "standard_id"))
    content = write_csv(found.standard) if form == "csv" else write_xlsx(found.standard)
    name = quote(f"{found.standard.title}-{found.standard.version}.{form}")
    return web.Response(
        body=content,
        content_type=_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="standard.{form}"; '
            f"filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
        },
    )


async def _list(request: web.Request, findings: tuple[Finding, ...]) -> web.Response:
    async with request.app[DATABASE].read() as session:
        versions = await reading.standard_list(session)
        acts = await reading.acts(session)
    tongue = "en" if request[LANGUAGE] == "en" else "zh"
    told = [
        {
            "place": each.place(tongue),
            "sheet": each.sheet,
            "row": each.row,
            "column": each.column,
            "problem": each.words(tongue),
        }
        for each in findings
    ]
    in_force = next((each for each in versions if each.state is StandardState.IN_FORCE), None)
    if wants_json(request):
        body = {"problems": told, "in_force": in_force.version if in_force else None}
        return web.json_response(body, status=422 if findings else 200)
    page = show(
        request,
        "standards.html",
        versions=versions,
        acts=acts,
        problems=told[:SHOWN],
        more=max(0, len(told) - SHOWN),
        count=len(told),
        in_force=in_force,
        states=STATES,
        triggers=TRIGGERS,
    )
    page.set_status(422 if findings else 200)
    return page


async def _uploaded(request: web.Request) -> StandardFile:
    fields = await read_fields(request)
    if len(fields.files) != 1:
        raise Invalid("file", "choose one file, .xlsx or .csv")
    (file,) = fields.files
    return StandardFile(file.name, file.content, fields.optional("scheme"))


async def _answer(request: web.Request, standard_id: UUID) -> web.StreamResponse:
    if wants_json(request):
        return await get_standard(request, standard_id)
    return see_other("/standards")


def _preview_json(found: Preview, keeping: tuple[CaseLine, ...]) -> dict[str, Any]:
    change = found.difference
    return {
        "standard_id": str(found.view.standard_id),
        "scheme": found.view.scheme,
        "version": found.view.version,
        "state": found.view.state.value,
        "effective_on": found.view.effective_on.isoformat() if found.view.effective_on else None,
        "added": [f"{item.kind}:{item.code}" for item in change.added],
        "changed": [
            {
                "category": f"{each.item.kind}:{each.item.code}",
                "changes": [
                    {"what": one.what, "old": one.old, "new": one.new} for one in each.changes
                ],
            }
            for each in change.changed
        ],
        "removed": [f"{item.kind}:{item.code}" for item in change.removed],
        "unchanged": change.unchanged,
        "keeping": [line.number for line in keeping],
    }


ROUTES: Final = (
    Route("GET", "/standards", get_standards, STAFF, "standards"),
    Route(
        "POST", "/standards", post_standard, STAFF, "standards.import", max_body=MAX_FILE + 65536
    ),
    Route("POST", "/standards/roll-back", post_roll_back, STAFF, "standards.roll_back"),
    Route("GET", "/standards/{standard_id}", get_standard, STAFF, "standards.standard"),
    Route("GET", "/standards/{standard_id}/file", get_file, STAFF, "standards.file"),
    Route("POST", "/standards/{standard_id}/activate", post_activate, STAFF, "standards.activate"),
    Route("POST", "/standards/{standard_id}/withdraw", post_withdraw, STAFF, "standards.withdraw"),
)

MENU: Final = (MenuEntry("立案标准", "/standards", STAFF, MenuGroup.BASE_DATA),)

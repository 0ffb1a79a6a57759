"""Base data on pages: import of grids, census of components, and the online update tool."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.places import register
from case_bridge.places.component import Accuracy, ComponentState
from case_bridge.places.position import Crs, parse_crs, to_wgs84
from case_bridge.places.problem import BadFile, Problem
from case_bridge.places.register import Editor
from case_bridge.places.service import (
    GridFileDraft,
    grid_imports,
    grid_page,
    grid_sum,
    import_grids,
    preview_grids,
)
from case_bridge.units.repository import Units
from case_bridge.web.places_options import MAP
from case_bridge.web.places_words import FIELDS, STATES
from case_bridge.web.requests import Fields, acting, read_fields, see_other
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.forms import posted
from hotline.web.keys import CLOCK, DATABASE, LANGUAGE
from hotline.web.pages import render
from hotline.web.requests import wants_json

PAGE: Final = 50
SHOWN_PROBLEMS: Final = 100


async def get_grids(request: web.Request) -> web.Response:
    """Show the grids in force, the imports so far, and the form of the next one."""
    return await _grids_page(request)


async def _grids_page(request: web.Request, problems: Sequence[Problem] = ()) -> web.Response:
    today = request.app[CLOCK]().astimezone(SHANGHAI).date()
    async with request.app[DATABASE].read() as session:
        count, area_m2 = await grid_sum(session, on=today)
        imports = await grid_imports(session)
    return render(
        request,
        "places/grids.html",
        status=422 if problems else 200,
        count=count,
        area=area_m2 / 1e6,
        imports=imports,
        systems=[(crs.value, crs.value) for crs in Crs],
        today=today,
        **_told(request, problems),
    )


def _told(request: web.Request, problems: Sequence[Problem]) -> dict[str, Any]:
    lines = [problem.words(request[LANGUAGE]) for problem in problems[:SHOWN_PROBLEMS]]
    return {"problems": lines, "more": max(0, len(problems) - SHOWN_PROBLEMS)}


async def get_grid_list(request: web.Request) -> web.Response:
    """List the unit grids in force by code. Query: q, the beginning of a code; after."""
    words, after = request.query.get("q", "").strip(), request.query.get("after", "")
    today = request.app[CLOCK]().astimezone(SHANGHAI).date()
    async with request.app[DATABASE].read() as session:
        found = await grid_page(session, on=today, begins=words, after=after, limit=PAGE + 1)
    page = found[:PAGE]
    return render(
        request,
        "places/grid_list.html",
        page=page,
        next_code=page[-1].code if len(found) > PAGE else None,
        q=words,
    )


async def post_preview(request: web.Request) -> web.Response:
    """Check a file of grids and show what it would change. Fields: file, crs, whole."""
    file = await _uploaded(request)
    async with request.app[DATABASE].read() as session:
        preview = await preview_grids(session, file)
    if wants_json(request):
        problems = [str(problem) for problem in preview.problems]
        change = preview.difference
        return web.json_response(
            {
                "problems": problems,
                "added": change.added,
                "changed": change.changed,
                "ended": change.ended,
                "unchanged": change.unchanged,
            }
        )
    return render(
        request,
        "places/preview.html",
        preview=preview,
        **_told(request, preview.problems),
    )


async def post_grids(request: web.Request) -> web.StreamResponse:
    """Import a file of grids. Fields: file, crs, whole, effective_on."""
    file, fields = await _uploaded(request), await read_fields(request)
    effective_on = fields.required_day("effective_on")
    try:
        async with acting(request) as (uow, actor, now):
            change = await import_grids(
                uow, file, effective_on=effective_on, actor=actor.login, now=now
            )
    except BadFile as error:
        if wants_json(request):
            raise
        return await _grids_page(request, error.problems)
    if wants_json(request):
        return web.json_response({"added": len(change.added), "changed": len(change.changed)})
    return see_other("/places/grids")


async def get_components(request: web.Request) -> web.Response:
    """List components by code. Query: q, after; people of a unit see their own first."""
    return await _components_page(request)


async def _components_page(request: web.Request, problems: Sequence[Problem] = ()) -> web.Response:
    words, after = request.query.get("q", "").strip(), request.query.get("after", "")
    is_mine = "mine" in request.query
    async with request.app[DATABASE].read() as session:
        editor = await _editor(session, request)
        found = await register.component_page(
            session,
            words=words,
            department=editor.department if is_mine else None,
            after=after,
            limit=PAGE + 1,
        )
    page = found[:PAGE]
    return render(
        request,
        "places/components.html",
        status=422 if problems else 200,
        page=page,
        next_code=page[-1].component.code if len(found) > PAGE else None,
        q=words,
        is_mine=is_mine,
        is_department=bool(editor.department),
        is_staff=Role.SYSTEM_ADMIN in current_user(request).roles,
        systems=[(crs.value, crs.value) for crs in Crs],
        states=STATES,
        **_told(request, problems),
    )


async def post_census_preview(request: web.Request) -> web.Response:
    """Check a census and show what it would change. Fields: file, crs."""
    file = await _uploaded(request)
    async with request.app[DATABASE].read() as session:
        census = await register.preview_components(session, file.content, file.crs)
    if wants_json(request):
        problems = [str(problem) for problem in census.problems]
        return web.json_response(
            {"problems": problems, "added": census.added, "changed": census.changed}
        )
    return render(
        request,
        "places/census.html",
        census=census,
        **_told(request, census.problems),
    )


async def post_census(request: web.Request) -> web.StreamResponse:
    """Take a census into the register. Fields: file, crs, reason."""
    file = await _uploaded(request)
    form = await posted(request)
    try:
        async with acting(request) as (uow, actor, now):
            done = await register.import_components(
                uow,
                file.content,
                file.crs,
                editor=Editor(actor.name),
                reason=str(form.get("reason", "")),
                now=now,
            )
    except BadFile as error:
        if wants_json(request):
            raise
        return await _components_page(request, error.problems)
    if wants_json(request):
        return web.json_response({"added": done.added, "changed": done.changed})
    return see_other("/places/components")


async def get_component(request: web.Request) -> web.Response:
    """Show one component, its history, and the form to those who may change it."""
    code = request.match_info["code"]
    async with request.app[DATABASE].read() as session:
        view = await register.component_view(session, code)
        history = await register.component_history(session, code)
        editor = await _editor(session, request)
    return render(
        request,
        "places/component.html",
        view=view,
        component=view.component,
        history=history,
        may_edit=_may_edit(request, editor, view.component.departments),
        states=STATES,
        accuracies=[(each.value, each.value) for each in Accuracy],
        words=FIELDS,
    )


async def post_component(request: web.Request) -> web.StreamResponse:
    """Change a component. Fields: version, reason, crs, and those of a component."""
    code, fields = request.match_info["code"], await read_fields(request)
    async with acting(request) as (uow, _, now):
        editor = await _editor(uow.session, request)
        await register.update_component(
            uow,
            code,
            _changes(fields),
            version=_whole_number(fields, "version"),
            editor=editor,
            reason=fields.text("reason"),
            now=now,
        )
    return web.json_response({}) if wants_json(request) else see_other(f"/places/components/{code}")


def _changes(fields: Fields) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: fields.text(name) for name in ("name", "place", "note") if name in fields.texts
    }
    if "state" in fields.texts:
        changes["state"] = fields.member("state", ComponentState)
    if "accuracy" in fields.texts:
        changes["accuracy"] = fields.member("accuracy", Accuracy)
    if "surveyed_on" in fields.texts:
        changes["surveyed_on"] = fields.day("surveyed_on")
    longitude, latitude = fields.number("longitude"), fields.number("latitude")
    if longitude is not None and latitude is not None:
        position = to_wgs84(longitude, latitude, parse_crs(fields.text("crs") or Crs.WGS84))
        changes |= {"longitude": position.longitude, "latitude": position.latitude}
    return changes


def _whole_number(fields: Fields, name: str) -> int:
    try:
        return int(fields.text(name))
    except ValueError:
        raise Invalid(name, "is not a whole number") from None


async def _uploaded(request: web.Request) -> GridFileDraft:
    # Not by `read_fields`, which takes evidence: photos and papers.
    form = await posted(request)
    file = form.get("file")
    if not isinstance(file, web.FileField) or not file.filename:
        raise Invalid("file", "choose a .geojson or .csv file")
    crs = form.get("crs")
    return GridFileDraft(
        name=file.filename[-120:],
        content=file.file.read(),
        crs=parse_crs(crs if isinstance(crs, str) else ""),
        whole=form.get("whole") == "true",
        county=request.app[MAP].county,
    )


async def _editor(session: AsyncSession, request: web.Request) -> Editor:
    """Return who edits: staff of the base data, or a department by its unit's code."""
    user = current_user(request)
    if Role.SYSTEM_ADMIN in user.roles:
        return Editor(user.display_name)
    code = (await Units(session).get(user.unit_id)).code if user.unit_id else ""
    return Editor(user.display_name, code)


def _may_edit(request: web.Request, editor: Editor, departments: frozenset[str]) -> bool:
    roles = current_user(request).roles
    if Role.SYSTEM_ADMIN in roles:
        return True
    return Role.UNIT in roles and editor.department in departments

"""The inspector's telephone and the roster: session, track, duty; grids, training, suspension."""

from datetime import UTC, datetime
from typing import Final, TypedDict

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field

from case_bridge.cases.reach import inspectors_within, require_own_inspector
from case_bridge.field import roster
from case_bridge.field.roster import MAX_POINTS, TrackPoint
from case_bridge.places.position import Position
from case_bridge.places.service import supervision_grids
from case_bridge.web.requests import Fields, acting, district_of, read_fields, see_other
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import UserId
from hotline.web.auth import current_user
from hotline.web.forgery import form_token
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import ASSETS, render
from hotline.web.requests import json_body, path_id, wants_json

WORKER: Final = "built/field-worker.js"


class PointBody(BaseModel):
    """One point of the track, as the telephone measured it: WGS 84."""

    at: AwareDatetime
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)
    accuracy: float = Field(ge=0, le=100_000)


class TrackBody(BaseModel):
    """What the telephone kept since it last had a network."""

    points: list[PointBody] = Field(max_length=MAX_POINTS)


class _By(TypedDict):
    actor: str
    now: datetime


async def get_worker(request: web.Request) -> web.FileResponse:
    """Send the service worker; it lies under /field/, so that it keeps only the pages there.

    Raises:
        NotFound: if the pages are not built.
    """
    path = request.app[ASSETS].path(WORKER)
    if path is None:
        raise NotFound("file", WORKER)
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


async def get_session(request: web.Request) -> web.Response:
    """Tell the telephone who is signed in, and the token for what it kept."""
    body = {"user_id": str(current_user(request).id), "form_token": form_token(request)}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def post_track(request: web.Request) -> web.Response:
    """Keep points of the signed-in inspector's track."""
    body = await json_body(request, TrackBody)
    points = [
        TrackPoint(each.at.astimezone(UTC), Position(each.longitude, each.latitude), each.accuracy)
        for each in body.points
    ]
    async with acting(request) as (uow, actor, now):
        assert actor.user_id is not None
        kept = await roster.record_track(uow, actor.user_id, points, now=now)
    return web.json_response({"kept": kept})


async def post_duty(request: web.Request) -> web.StreamResponse:
    """Come on duty or go off. Fields: duty (begin or end)."""
    fields = await read_fields(request)
    async with acting(request) as (uow, actor, now):
        assert actor.user_id is not None
        match fields.text("duty"):
            case "begin":
                await roster.begin_duty(uow, actor.user_id, now=now)
            case "end":
                await roster.end_duty(uow, actor.user_id, now=now)
            case _:
                raise Invalid("duty", "is neither begin nor end")
    return web.json_response({}) if wants_json(request) else see_other("/field/tasks")


async def get_roster(request: web.Request) -> web.Response:
    """Show the inspectors: grids, duty, training, load, and the attendance of a day.

    Who works for a district sees and changes its own alone (R28).
    """
    now = request.app[CLOCK]()
    day = Fields(request.query).day("day") or now.astimezone(SHANGHAI).date()
    async with request.app[DATABASE].read() as session:
        within = inspectors_within(await district_of(session, current_user(request)))
        people = await roster.roster(session, within)
        attended = await roster.attendance(session, day, within=within, now=now)
        grids = await supervision_grids(session, on=now.astimezone(SHANGHAI).date())
    return render(
        request,
        "places/roster.html",
        people=people,
        attended={each.user_id: each for each in attended},
        grids=grids,
        grid_names={grid.code: grid.name for grid in grids},
        day=day,
    )


async def post_roster(request: web.Request) -> web.StreamResponse:
    """Change one inspector. Fields: act, and trained_on, reason or grid."""
    user_id, fields = UserId(path_id(request, "user_id")), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await require_own_inspector(uow.session, user_id, actor.district_id)
        by = _By(actor=actor.login, now=now)
        match fields.text("act"):
            case "train":
                trained_on = fields.required_day("trained_on")
                await roster.record_training(uow, user_id, trained_on=trained_on, **by)
            case "suspend":
                await roster.suspend(uow, user_id, reason=fields.text("reason"), **by)
            case "reinstate":
                await roster.reinstate(uow, user_id, **by)
            case "assign":
                await roster.assign_grid(uow, user_id, fields.text("grid"), **by)
            case "unassign":
                await roster.unassign_grid(uow, user_id, fields.text("grid"), **by)
            case _:
                raise Invalid("act", "is none of train, suspend, reinstate, assign, unassign")
    return web.json_response({}) if wants_json(request) else see_other("/places/roster")


async def get_track(request: web.Request) -> web.Response:
    """Tell where an inspector on duty was on a day, as GeoJSON."""
    user_id = UserId(path_id(request, "user_id"))
    now = request.app[CLOCK]()
    day = Fields(request.query).day("day") or now.astimezone(SHANGHAI).date()
    since = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        await require_own_inspector(session, user_id, district)
        points = await roster.track_of(
            session, user_id, since=since, until=since.replace(hour=23, minute=59, second=59)
        )
    line = [[each.position.longitude, each.position.latitude] for each in points]
    return web.json_response(
        {
            "type": "Feature",
            "properties": {"times": [each.at.isoformat() for each in points]},
            "geometry": {"type": "LineString", "coordinates": line},
        }
    )

"""What stands around a place: the components near a case, its grid, and how a grid was before."""

from datetime import datetime
from typing import Final

from aiohttp import web

from case_bridge.cases.repository import Cases
from case_bridge.places.position import Position
from case_bridge.places.register import components_near
from case_bridge.places.service import grid_history, supervision_grid_of
from case_bridge.web.places_words import STATES
from case_bridge.web.requests import READERS, case_id_of, check_reader, show
from hotline.accounts.roles import Role
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import NotFound
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import wants_json
from hotline.web.routing import Route

RADIUS_M: Final = 50.0
"""Metres within which a report may mean a component."""


async def get_near(request: web.Request) -> web.Response:
    """Show the grid of a case and the components around it, nearest first (R104)."""
    case_id, now = case_id_of(request), request.app[CLOCK]()
    await check_reader(request, case_id)
    async with request.app[DATABASE].read() as session:
        case = await Cases(session).get(case_id)
        walked = await supervision_grid_of(session, case.grid_code, now=now)
        near = (
            await components_near(
                session, Position(case.longitude, case.latitude), radius_m=RADIUS_M
            )
            if case.longitude is not None and case.latitude is not None
            else []
        )
    if wants_json(request):
        return web.json_response(
            {
                "grid": case.grid_code,
                "components": [
                    {"code": each.component.code, "metres": round(each.distance_m or 0.0, 1)}
                    for each in near
                ],
            }
        )
    return show(
        request,
        "near.html",
        grid_code=case.grid_code,
        walked=walked,
        near=near,
        states=STATES,
        radius=RADIUS_M,
        is_placed=case.longitude is not None,
    )


async def get_grid(request: web.Request) -> web.Response:
    """Show every shape that a unit grid ever had, with its days (R104).

    Raises:
        NotFound: if there never was a grid of that code.
    """
    code, now = request.match_info["code"], request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        shapes = await grid_history(session, code)
        walked = await supervision_grid_of(session, code, now=now)
    if not shapes:
        raise NotFound("grid", code)
    if wants_json(request):
        return web.json_response(
            {
                "code": code,
                "shapes": [
                    {
                        "valid_from": each.valid_from.isoformat(),
                        "valid_to": each.valid_to.isoformat() if each.valid_to else None,
                        "area_m2": round(each.area_m2, 1),
                    }
                    for each in shapes
                ],
            }
        )
    return show(request, "grid.html", code=code, shapes=shapes, walked=walked, today=_day(now))


def _day(now: datetime) -> str:
    return now.astimezone(SHANGHAI).date().isoformat()


ROUTES: Final = (
    Route("GET", "/cases/{case_id}/near", get_near, READERS, "cases.near"),
    Route("GET", "/places/grids/{code}", get_grid, READERS | {Role.SYSTEM_ADMIN}, "places.grid"),
)

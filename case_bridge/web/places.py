"""The map: grids, open cases, inspectors on duty, components; and the search for an address."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.reach import inspectors_within
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import in_district
from case_bridge.field.roster import roster
from case_bridge.places.gazetteer import Located, PlaceName, Precision
from case_bridge.places.geometry import Ring
from case_bridge.places.grid import UnitGrid
from case_bridge.places.position import Position, convert
from case_bridge.places.register import ComponentView, components_within
from case_bridge.places.service import ring_points
from case_bridge.resources.service import resources
from case_bridge.web.labels import word
from case_bridge.web.places_options import MAP, MapOptions
from case_bridge.web.places_words import NAME_KINDS, STATES
from case_bridge.web.requests import district_of
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.language import translate
from hotline.web.pages import moment, render
from hotline.web.policy import allow_pictures_from

MOST_CASES: Final = 2000
MOST_GRIDS: Final = 5000
MOST_COMPONENTS: Final = 3000
NOWHERE: Final = (73.0, 18.0, 135.0, 54.0)
"""What the map shows of a city without grids: the whole country."""

PRECISIONS: Final = {
    Precision.EXACT: "准确位置",
    Precision.BETWEEN: "按相邻门牌推算",
    Precision.ROAD: "道路上某处",
    Precision.AREA: "社区或街道中心",
}

Words = Callable[[str], str]
Bounds = tuple[float, float, float, float]


async def get_map(request: web.Request) -> web.Response:
    """Show the map; the base map's host is the only stranger that its pictures may come from."""
    options, bounds = request.app[MAP], await bounds_of_city(request)
    response = render(request, "places/map.html", wide=True, map=options, bounds=bounds)
    return with_base_map(response, options)


async def bounds_of_city(request: web.Request) -> str:
    """Return west, south, east and north of the city's grids, as JSON."""
    options = request.app[MAP]
    async with request.app[DATABASE].read() as session:
        grids = (await options.grids.take(session, now=request.app[CLOCK]())).grids
    return json.dumps(_bounds_of(grids, options))


def with_base_map(response: web.Response, options: MapOptions) -> web.Response:
    """Let a page load the pictures of the base map, if there is one, and of nobody else."""
    return allow_pictures_from(response, options.tile_host)


async def get_map_data(request: web.Request) -> web.Response:
    """Tell what the layers of the map hold. Query: layers, and bbox for grids and components."""
    wanted = set(request.query.get("layers", "").split(","))
    bounds = _bounds(request.query.get("bbox"))
    say = _say(request)
    body: dict[str, Any] = {}
    async with request.app[DATABASE].read() as session:
        if "grids" in wanted:
            body["grids"] = await _grids(session, request, bounds)
            body["components"] = []
        if "components" in wanted:
            components = await components_within(session, bounds, limit=MOST_COMPONENTS)
            body["components"] = [_component(each, request.app[MAP], say) for each in components]
        if "videos" in wanted:
            body["videos"] = await _videos(session, request.app[MAP], say)
        if "cases" in wanted:
            body["cases"] = await _cases(session, request, say)
        if "inspectors" in wanted:
            body["inspectors"] = await _inspectors(session, request, say)
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def get_search(request: web.Request) -> web.Response:
    """Find names and addresses. Query: q. Each hit has its position and unit grid (R102)."""
    query = request.query.get("q", "").strip()
    options, say = request.app[MAP], _say(request)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        gazetteer = await options.names.take(session)
        located = gazetteer.locate(query) if query else None
        hits = [(hit.place, hit.place.position) for hit in gazetteer.search(query)]
        if located is not None:
            best = (located.place, located.position)
            hits = [best, *(each for each in hits if each != best)]
        index = (await options.grids.take(session, now=now)).index
        body = []
        for place, position in hits[:10]:
            grid = index.find(position.longitude, position.latitude)
            body.append(_hit(place, position, grid, options, say))
    return web.json_response({"hits": body, "precision": _precision(located)})


async def get_locate(request: web.Request) -> web.Response:
    """Answer the address of a form with its position, in fields. Query: place, longitude, latitude.

    What a person typed stays; only what an earlier address gave is replaced.
    """
    query, options = request.query, request.app[MAP]
    asked, now = query.get("place", "").strip()[:200], request.app[CLOCK]()
    longitude, latitude = query.get("longitude", "")[:20], query.get("latitude", "")[:20]
    found = grid_code = None
    if asked and ("located" in query or not (longitude or latitude)):
        async with request.app[DATABASE].read() as session:
            found = (await options.names.take(session)).locate(asked)
            index = (await options.grids.take(session, now=now)).index
        longitude = latitude = ""
        if found is not None:
            longitude = f"{found.position.longitude:.6f}"
            latitude = f"{found.position.latitude:.6f}"
            grid_code = index.find(found.position.longitude, found.position.latitude)
    return render(
        request,
        "cases/position.html",
        longitude=longitude,
        latitude=latitude,
        found=found,
        asked=asked and not (longitude or latitude),
        grid_code=grid_code,
        precisions=PRECISIONS,
    )


def _precision(located: Located | None) -> str | None:
    return located.precision.value if located else None


def _hit(
    place: PlaceName, position: Position, grid: str | None, options: MapOptions, say: Words
) -> dict[str, Any]:
    fields = {
        say("名称"): place.name,
        say("类型"): say(NAME_KINDS[place.kind]),
        say("街道"): place.street,
        say("单元网格"): grid or "",
    }
    return _drawn(position, options) | {
        "name": place.name,
        "kind": place.kind.value,
        "grid": grid,
        "position": [position.longitude, position.latitude],
        "card": _filled(fields),
    }


async def _grids(session: AsyncSession, request: web.Request, bounds: Bounds) -> dict[str, Any]:
    options, say = request.app[MAP], _say(request)
    grids = (await options.grids.take(session, now=request.app[CLOCK]())).grids
    seen = [grid for grid in grids if _meets(grid.ring, bounds)][:MOST_GRIDS]
    return {
        "type": "FeatureCollection",
        "features": [_grid(grid, options, say) for grid in seen],
    }


def _grid(grid: UnitGrid, options: MapOptions, say: Words) -> dict[str, Any]:
    line = [
        [shown["longitude"], shown["latitude"]]
        for shown in (_drawn(Position(x, y), options) for x, y in ring_points(grid.ring))
    ]
    return {
        "type": "Feature",
        "properties": {
            say("单元网格"): grid.code,
            say("面积"): f"{grid.area_m2:,.0f} m²",
            say("启用日期"): grid.valid_from.isoformat(),
        },
        "geometry": {"type": "Polygon", "coordinates": [line]},
    }


async def _cases(session: AsyncSession, request: web.Request, say: Words) -> list[dict[str, Any]]:
    now = request.app[CLOCK]()
    district = await district_of(session, current_user(request))
    rows = await session.scalars(
        select(CaseRow)
        .where(
            CaseRow.state.in_(OPEN_STATES),
            CaseRow.longitude.is_not(None),
            *in_district(district),
        )
        .order_by(CaseRow.registered_at.desc(), CaseRow.number.desc())
        .limit(MOST_CASES)
    )
    return [_case(row, request.app[MAP], say, now) for row in rows]


def _case(row: CaseRow, options: MapOptions, say: Words, now: datetime) -> dict[str, Any]:
    assert row.longitude is not None
    assert row.latitude is not None
    is_running = row.due_at is not None and row.clock_stopped_at is None
    fields = {
        say("案卷编号"): row.number,
        say("问题"): row.subject,
        say("状态"): say(word(row.state)),
        say("地点"): row.place,
        say("单元网格"): row.grid_code or "",
        say("处置截止"): moment(row.due_at),
    }
    return _drawn(Position(row.longitude, row.latitude), options) | {
        "href": f"/cases/{row.id}",
        "is_overdue": bool(is_running and row.due_at and row.due_at < now),
        "card": _filled(fields),
    }


async def _inspectors(
    session: AsyncSession, request: web.Request, say: Words
) -> list[dict[str, Any]]:
    district = await district_of(session, current_user(request))
    return [
        _drawn(each.last_seen.position, request.app[MAP])
        | {
            "card": {
                say("监督员"): each.name,
                say("在办任务"): str(each.open_tasks),
                say("定位时间"): moment(each.last_seen.at),
            }
        }
        for each in await roster(session, inspectors_within(district))
        if each.last_seen is not None
    ]


async def _videos(session: AsyncSession, options: MapOptions, say: Words) -> list[dict[str, Any]]:
    return [
        _drawn(Position(each.longitude, each.latitude), options)
        | {
            "href": each.address if each.address.startswith("http") else "/resources",
            "card": _filled(
                {
                    say("视频点位"): each.name,
                    say("编号"): each.code,
                    say("归口单位"): each.owner,
                    say("地址"): each.address,
                }
            ),
        }
        for each in await resources(session)
        if each.retired_at is None and each.longitude is not None and each.latitude is not None
    ]


def _component(view: ComponentView, options: MapOptions, say: Words) -> dict[str, Any]:
    component = view.component
    fields = {
        say("部件"): component.name,
        say("标识码"): component.code,
        say("部件状态"): say(STATES[component.state]),
        say("养护单位"): component.maintainer_name,
    }
    return _drawn(Position(component.longitude, component.latitude), options) | {
        "href": f"/places/components/{component.code}",
        "card": _filled(fields),
    }


def _drawn(position: Position, options: MapOptions) -> dict[str, float]:
    """Return where a position is drawn: in the system of the base map."""
    shown = convert(position, options.crs)
    return {"longitude": round(shown.longitude, 7), "latitude": round(shown.latitude, 7)}


def _filled(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _say(request: web.Request) -> Words:
    return lambda text: translate(request, text)


def _bounds(text: str | None) -> Bounds:
    if not text:
        return (-180.0, -90.0, 180.0, 90.0)
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid("bbox", "is not west,south,east,north in degrees") from None
    # A base map of another system shifts by up to some 1,200 m: look that much further.
    return west - 0.015, south - 0.015, east + 0.015, north + 0.015


def _meets(ring: Ring, bounds: Bounds) -> bool:
    west, south, east, north = ring.bounds
    return west <= bounds[2] and east >= bounds[0] and south <= bounds[3] and north >= bounds[1]


def _bounds_of(grids: Sequence[UnitGrid], options: MapOptions) -> Bounds:
    if not grids:
        return NOWHERE
    edges = [grid.ring.bounds for grid in grids]
    low = _drawn(Position(min(e[0] for e in edges), min(e[1] for e in edges)), options)
    high = _drawn(Position(max(e[2] for e in edges), max(e[3] for e in edges)), options)
    return low["longitude"], low["latitude"], high["longitude"], high["latitude"]

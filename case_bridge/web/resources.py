"""Shared resources: their register, and what other systems read of ours (R94, R100)."""

from datetime import datetime
from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.states import CaseState
from case_bridge.places.model import ComponentRow
from case_bridge.places.service import ring_points
from case_bridge.resources import service
from case_bridge.resources.model import ResourceKind, ResourceRow
from case_bridge.resources.service import BROWSED, Resource
from case_bridge.web.labels import word
from case_bridge.web.places_options import MAP
from case_bridge.web.requests import by_user, read_fields, see_other, show
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import PUBLIC, MenuEntry, MenuGroup, Route

KEEPERS: Final = frozenset({Role.SYSTEM_ADMIN})
LOOKERS: Final = KEEPERS | frozenset(
    {Role.SEAT, Role.SHIFT_LEADER, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER}
)
HERE: Final = "/resources"
OVER: Final = (CaseState.CLOSED, CaseState.DECLINED, CaseState.VOIDED, CaseState.MERGED)
MOST_SHARED: Final = 5000


async def get_resources(request: web.Request) -> web.Response:
    """Show what is shared: systems and video points, each with the way to look at it."""
    return await _page(request)


async def _page(request: web.Request, *, key: str = "", of: str = "") -> web.Response:
    async with request.app[DATABASE].read() as session:
        found = await service.resources(session)
    if wants_json(request):
        body: dict[str, Any] = {"resources": [_json(each) for each in found]}
        return web.json_response(body | ({"key": key} if key else {}))
    response = show(
        request,
        "resources.html",
        resources=found,
        kinds=list(ResourceKind),
        browsed=tuple(f"{each}://" for each in BROWSED),
        may_keep=bool(current_user(request).roles & KEEPERS),
        key=key,
        key_of=of,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def post_resource(request: web.Request) -> web.StreamResponse:
    """Enter one. Fields: kind, code, name, owner, address, longitude, latitude."""
    fields = await read_fields(request)
    resource = Resource(
        kind=fields.member("kind", ResourceKind),
        code=fields.text("code"),
        name=fields.text("name"),
        owner=fields.text("owner"),
        address=fields.text("address"),
        longitude=fields.number("longitude"),
        latitude=fields.number("latitude"),
    )
    async with request.app[DATABASE].begin() as uow:
        await service.add_resource(uow, resource, **by_user(request))
    return see_other(HERE)


async def post_retire(request: web.Request) -> web.StreamResponse:
    """Take one out of use."""
    async with request.app[DATABASE].begin() as uow:
        await service.retire_resource(uow, path_id(request, "resource_id"), **by_user(request))
    return see_other(HERE)


async def post_key(request: web.Request) -> web.StreamResponse:
    """Give a system a key to read ours by; it is shown once."""
    resource_id = path_id(request, "resource_id")
    async with request.app[DATABASE].begin() as uow:
        key = await service.give_key(uow, resource_id, **by_user(request))
        row = await service.resource_of(uow.session, resource_id)
        name = row.name
    return await _page(request, key=key, of=name)


async def get_shared(request: web.Request) -> web.Response:
    """Tell another system our open cases, components or grids as GeoJSON, WGS 84 (R94, R95).

    The key stands in `Authorization: Bearer KEY`. Of people nothing is told.

    Raises:
        Invalid: if there is no such layer.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        reader = await service.reader_of(uow, key.strip(), now=now) if key else None
        if scheme.lower() != "bearer" or reader is None:
            return web.json_response(
                {"problem": "show the key that the city gave you: Authorization: Bearer KEY"},
                status=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        features = await _features(uow.session, request, request.match_info["layer"], now)
    return web.json_response(
        {"type": "FeatureCollection", "features": features},
        content_type="application/geo+json",
        headers={"Cache-Control": "no-store"},
    )


async def _features(
    session: AsyncSession, request: web.Request, layer: str, now: datetime
) -> list[dict[str, Any]]:
    match layer:
        case "cases":
            return await _cases(session)
        case "components":
            rows = await session.scalars(
                select(ComponentRow).order_by(ComponentRow.code).limit(MOST_SHARED)
            )
            return [
                _point(
                    row.longitude, row.latitude, code=row.code, name=row.name, state=row.state.value
                )
                for row in rows
            ]
        case "grids":
            grids = (await request.app[MAP].grids.take(session, now=now)).grids
            return [
                _feature(
                    "Polygon", [[list(point) for point in ring_points(each.ring)]], code=each.code
                )
                for each in grids[:MOST_SHARED]
            ]
        case _:
            raise Invalid("layer", "is none of cases, components, grids")


async def _cases(session: AsyncSession) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(CaseRow)
        .where(CaseRow.state.not_in(OVER), CaseRow.longitude.is_not(None))
        .order_by(CaseRow.registered_at.desc(), CaseRow.number.desc())
        .limit(MOST_SHARED)
    )
    return [
        _point(
            row.longitude,
            row.latitude,
            number=row.number,
            state=row.state.value,
            category=row.category_name or "",
            grid=row.grid_code or "",
            registered_at=row.registered_at.isoformat(),
            due_at=row.due_at.isoformat() if row.due_at else None,
        )
        for row in rows
    ]


def _point(x: float | None, y: float | None, **properties: Any) -> dict[str, Any]:
    return _feature("Point", [x, y], **properties)


def _feature(kind: str, coordinates: list[Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


def _json(row: ResourceRow) -> dict[str, Any]:
    return {
        "resource_id": str(row.id),
        "kind": row.kind.value,
        "kind_label": word(row.kind),
        "code": row.code,
        "name": row.name,
        "owner": row.owner,
        "address": row.address,
        "longitude": row.longitude,
        "latitude": row.latitude,
        "may_read": row.key_hash is not None,
        "retired": row.retired_at is not None,
    }


ROUTES: Final = (
    Route("GET", HERE, get_resources, LOOKERS, "resources"),
    Route("POST", HERE, post_resource, KEEPERS, "resources.add"),
    Route("POST", f"{HERE}/{{resource_id}}/retire", post_retire, KEEPERS, "resources.retire"),
    Route("POST", f"{HERE}/{{resource_id}}/key", post_key, KEEPERS, "resources.key"),
    # Programs prove themselves by their key.
    Route("GET", "/shared/{layer}.geojson", get_shared, PUBLIC, "shared"),
)
MENU: Final = (MenuEntry("共享资源", HERE, LOOKERS, MenuGroup.BASE_DATA),)

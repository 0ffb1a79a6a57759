"""Plans for emergencies and every day: units write them, dispatchers see them (R46)."""

from typing import Any, Final

from aiohttp import web

from case_bridge.plans import service
from case_bridge.plans.model import PlanKind
from case_bridge.plans.service import Plan
from case_bridge.units.service import list_units
from case_bridge.web.requests import Fields, by_user, read_fields, see_other, show
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UnitId
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

WRITERS: Final = frozenset({Role.UNIT, Role.SHIFT_LEADER})
READERS: Final = WRITERS | frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER})
HERE: Final = "/plans"


async def get_plans(request: web.Request) -> web.Response:
    """Show the plans in force; to people of a unit their own; to others who lacks one."""
    user = current_user(request)
    own = _own_unit(user)
    async with request.app[DATABASE].read() as session:
        found = await service.plans(session, unit_id=own)
        lacking = [] if own else await service.units_without_plan(session)
        units = await list_units(session)
    if wants_json(request):
        return web.json_response({"plans": [plan_json(each) for each in found]})
    return show(
        request,
        "plans.html",
        plans=found,
        lacking=lacking,
        units=units,
        kinds=list(PlanKind),
        own=own,
        may_write=bool(user.roles & WRITERS),
    )


async def post_plan(request: web.Request) -> web.StreamResponse:
    """Put a plan in force. Fields: kind, category, title, text, phone, rehearsed_on, unit_id.

    People of a unit write their own unit's.
    """
    fields = await read_fields(request)
    plan = Plan(
        kind=fields.member("kind", PlanKind),
        category=fields.text("category"),
        title=fields.text("title"),
        text=fields.text("text"),
        phone=fields.text("phone"),
        rehearsed_on=fields.day("rehearsed_on"),
    )
    unit_id = _unit_of(current_user(request), fields)
    async with request.app[DATABASE].begin() as uow:
        await service.write_plan(uow, unit_id, plan, **by_user(request))
    return see_other(HERE)


async def post_end(request: web.Request) -> web.StreamResponse:
    """End a plan; people of a unit only their own."""
    own = _own_unit(current_user(request))
    async with request.app[DATABASE].begin() as uow:
        await service.end_plan(uow, path_id(request, "plan_id"), unit_id=own, **by_user(request))
    return see_other(HERE)


def _own_unit(user: User) -> UnitId | None:
    """Return the unit whose plans alone somebody sees; None for people of the centre.

    Raises:
        Forbidden: if the account of a unit belongs to none.
    """
    if user.roles & (READERS - {Role.UNIT}):
        return None
    if user.unit_id is None:
        raise Forbidden("the account belongs to no unit")
    return user.unit_id


def _unit_of(user: User, fields: Fields) -> UnitId:
    return _own_unit(user) or UnitId(fields.id("unit_id"))


def plan_json(each: service.PlanView) -> dict[str, Any]:
    """Return a plan for a program."""
    return {
        "plan_id": str(each.plan_id),
        "unit": each.unit_name,
        "kind": each.kind.value,
        "category": each.category,
        "title": each.title,
        "text": each.text,
        "phone": each.phone,
    }


ROUTES: Final = (
    Route("GET", HERE, get_plans, READERS, "plans"),
    Route("POST", HERE, post_plan, WRITERS, "plans.write"),
    Route("POST", f"{HERE}/{{plan_id}}/end", post_end, WRITERS, "plans.end"),
)
MENU: Final = (MenuEntry("处置预案", HERE, READERS, MenuGroup.FOLLOW_UP),)

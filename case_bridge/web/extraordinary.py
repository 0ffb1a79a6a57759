"""Extraordinary problems: marked at the case, followed until the money is settled (R47)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from aiohttp import web

from case_bridge.extraordinary import service
from case_bridge.web.requests import (
    acting,
    by_user,
    case_id_of,
    district_of,
    read_fields,
    require_own_district,
    see_other,
    show,
)
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

MARKERS: Final = frozenset({Role.DISPATCHER, Role.SHIFT_LEADER, Role.LEADER})
DECIDERS: Final = frozenset({Role.SHIFT_LEADER, Role.LEADER})
READERS: Final = MARKERS | {Role.SUPERVISOR}
HERE: Final = "/extraordinary"


async def get_register(request: web.Request) -> web.Response:
    """Show every extraordinary problem with the step that it waits for; a district its own."""
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        found = await service.register(session, district=district)
    if wants_json(request):
        return web.json_response(
            {
                "problems": [
                    {
                        "id": str(row.id),
                        "case_id": str(case.id),
                        "case": case.number,
                        "step": row.step.value,
                        "is_solved": is_solved,
                        "responsible": row.responsible,
                        "cost": str(row.cost) if row.cost is not None else None,
                        "recovered": str(row.recovered),
                    }
                    for row, case, is_solved in found
                ]
            }
        )
    may_decide = bool(current_user(request).roles & DECIDERS)
    return show(request, "extraordinary.html", problems=found, may_decide=may_decide)


async def post_mark(request: web.Request) -> web.StreamResponse:
    """Mark a case. Fields: reason, is_major."""
    fields, case_id = await read_fields(request), case_id_of(request)
    async with acting(request) as (uow, actor, _):
        await require_own_district(uow.session, case_id, actor)
        await service.mark(
            uow,
            case_id,
            reason=fields.text("reason"),
            is_major=fields.flag("is_major"),
            **by_user(request),
        )
    return see_other(f"/cases/{case_id}")


async def post_decide(request: web.Request) -> web.StreamResponse:
    """Say who is responsible. Fields: responsible, grounds."""
    fields = await read_fields(request)
    async with _deciding(request) as (uow, problem_id):
        await service.decide(
            uow,
            problem_id,
            responsible=fields.text("responsible"),
            grounds=fields.text("grounds"),
            **by_user(request),
        )
    return see_other(HERE)


async def post_settle(request: web.Request) -> web.StreamResponse:
    """Say what it cost and who paid. Fields: cost, payer."""
    fields = await read_fields(request)
    async with _deciding(request) as (uow, problem_id):
        await service.settle(
            uow,
            problem_id,
            cost=fields.text("cost"),
            payer=fields.text("payer"),
            **by_user(request),
        )
    return see_other(HERE)


async def post_recover(request: web.Request) -> web.StreamResponse:
    """Enter what was got back. Fields: amount."""
    fields = await read_fields(request)
    async with _deciding(request) as (uow, problem_id):
        await service.recover(uow, problem_id, amount=fields.text("amount"), **by_user(request))
    return see_other(HERE)


@asynccontextmanager
async def _deciding(request: web.Request) -> AsyncGenerator[tuple[UnitOfWork, UUID], None]:
    """Open the transaction of an act on the problem in the path; a district has its own alone."""
    problem_id = path_id(request, "problem_id")
    async with acting(request) as (uow, actor, _):
        case_id = await service.case_of(uow.session, problem_id)
        await require_own_district(uow.session, case_id, actor)
        yield uow, problem_id


ROUTES: Final = (
    Route("GET", HERE, get_register, READERS, "extraordinary"),
    Route("POST", "/cases/{case_id}/extraordinary", post_mark, MARKERS, "extraordinary.mark"),
    Route("POST", f"{HERE}/{{problem_id}}/decide", post_decide, DECIDERS, "extraordinary.decide"),
    Route("POST", f"{HERE}/{{problem_id}}/settle", post_settle, DECIDERS, "extraordinary.settle"),
    Route(
        "POST", f"{HERE}/{{problem_id}}/recover", post_recover, DECIDERS, "extraordinary.recover"
    ),
)
MENU: Final = (MenuEntry("非常规问题", HERE, READERS, MenuGroup.FOLLOW_UP),)

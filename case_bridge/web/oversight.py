"""The pages of those who approve and supervise: applications, late cases, pool, notices, looks."""

from collections.abc import Collection
from urllib.parse import urlencode

from aiohttp import web

from case_bridge.cases.course import waiting_notices
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.states import CaseState
from case_bridge.cases.watch import (
    AT_WORK,
    district_summaries,
    late_stages,
    overdue_cases,
    ownerless_cases,
)
from case_bridge.later.reading import problem_pool, waiting_requests
from case_bridge.later.request import LaterKind
from case_bridge.units.service import class_one_looks, frontage_register
from case_bridge.web.course_present import notice_json, pool_json, request_json
from case_bridge.web.present import line_json
from case_bridge.web.requests import district_of, show
from hotline.accounts.roles import Role
from hotline.tickets.lists import Due
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import wants_json


async def get_approvals(request: web.Request) -> web.Response:
    """Show the applications that wait: to the leader deferrals, to the centre the others too."""
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        waiting = await waiting_requests(session, list(LaterKind), district=district)
    if wants_json(request):
        return web.json_response({"requests": [request_json(each) for each in waiting]})
    return show(request, "approvals.html", requests=waiting)


async def get_supervision(request: web.Request) -> web.Response:
    """Show what is late, at the units and in the centre, and what belongs to nobody."""
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        overdue = await overdue_cases(session, district=district, now=now)
        stages = await late_stages(session, district=district, now=now)
        ownerless = await ownerless_cases(session, district=district, now=now)
        # R87: the first level inspects the second; a district sees to its own.
        districts = () if district else await district_summaries(session, now=now)
        looks = await class_one_looks(session, district=district, now=now)
    if wants_json(request):
        return web.json_response(
            {
                "overdue": [line_json(line) for line in overdue],
                "late_stages": [
                    {
                        "case_id": str(each.case_id),
                        "number": each.number,
                        "stage": each.stage.value,
                        "due_at": each.due_at.isoformat(),
                    }
                    for each in stages
                ],
                "ownerless": [line_json(line) for line in ownerless],
                "districts": [
                    {"name": each.name, "open": each.open, "overdue": each.overdue}
                    for each in districts
                ],
            }
        )
    return show(
        request,
        "supervision.html",
        overdue=overdue,
        stages=stages,
        ownerless=ownerless,
        looks=looks,
        districts=districts,
        open_rows=_rows(OPEN_STATES),
        late_rows=_rows(AT_WORK, due=Due.OVERDUE.value),
        disputed_rows=_rows({CaseState.DISPUTED}),
    )


def _rows(states: Collection[CaseState], **more: str) -> str:
    """Return the part of a list's address that opens the rows of one number."""
    return urlencode([*(("state", state.value) for state in sorted(states)), *more.items()])


async def get_pool(request: web.Request) -> web.Response:
    """Show the problem pool with its summary (R56)."""
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        pool = await problem_pool(session, district=district, now=request.app[CLOCK]())
    if wants_json(request):
        return web.json_response(pool_json(pool))
    return show(request, "pool.html", pool=pool)


async def get_notices(request: web.Request) -> web.Response:
    """Show what waits for an answer: of the person's unit, or of the centre."""
    user = current_user(request)
    is_centre = not user.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER})
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, user)
        waiting = [
            *(await waiting_notices(session, None, district=district) if is_centre else ()),
            *(await waiting_notices(session, user.unit_id) if user.unit_id else ()),
        ]
    if wants_json(request):
        return web.json_response({"notices": [notice_json(each) for each in waiting]})
    return show(request, "notices.html", notices=waiting)


async def get_frontage(request: web.Request) -> web.Response:
    """Show the register of frontage agreements (R40)."""
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        agreements = await frontage_register(session, district=district, now=request.app[CLOCK]())
    if wants_json(request):
        return web.json_response(
            {
                "agreements": [
                    {
                        "number": each.number,
                        "shop": each.shop,
                        "address": each.address,
                        "duties": each.duties,
                        "contact": each.contact_name,
                        "signed_on": each.signed_on.isoformat(),
                        "ends_on": each.ends_on.isoformat() if each.ends_on else None,
                    }
                    for each in agreements
                ]
            }
        )
    return show(request, "frontage.html", agreements=agreements)

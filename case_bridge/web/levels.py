"""Two command levels on the screen: hand down, report up, check at the centre; the organisation."""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases import checking, delegation, levels
from case_bridge.cases.case import Actor
from case_bridge.cases.organisation import SILENT, Organisation, Question
from case_bridge.cases.reading import organisation_of
from case_bridge.cases.watch import district_summaries
from case_bridge.units.service import list_districts, list_units, terminals
from case_bridge.web.requests import (
    By,
    Fields,
    acting,
    actor_of,
    answer_act,
    case_id_of,
    on_case,
    read_fields,
    see_other,
    show,
)
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CaseId, UnitId
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import path_id, wants_json


@on_case
async def post_hand_down(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Give a case to a second-level platform. Fields: district_id, order, reason."""
    await levels.hand_down(
        uow,
        case_id,
        district_id=UnitId(fields.id("district_id")),
        order=fields.text("order"),
        reason=fields.text("reason"),
        **by,
    )


async def post_hand_up(request: web.Request) -> web.StreamResponse:
    """Give or call a case back to the first level. Fields: reason."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await levels.hand_up(uow, case_id, reason=fields.text("reason"), actor=actor, now=now)
        is_held_here = actor.district_id is not None
    if is_held_here and not wants_json(request):
        return see_other("/cases/dispatch")
    return await answer_act(request, case_id, fields)


@on_case
async def post_pass_up(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Report a unit's feedback up. Fields: text."""
    await levels.pass_up(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_send_back(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Send a unit's feedback back to it. Fields: reason."""
    await levels.send_back(uow, case_id, reason=fields.text("reason"), **by)


@on_case
async def post_check(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Check a feedback at the centre. Fields: passed (true or false), text.

    Raises:
        Invalid: if nothing says whether it is in order.
    """
    if not fields.text("passed"):
        raise Invalid("passed", "say whether it is in order")
    await checking.check_at_centre(
        uow,
        case_id,
        passed=fields.flag("passed"),
        text=fields.text("text"),
        **by,
    )


async def get_organisation(request: web.Request) -> web.Response:
    """Show how the city is organised: its rules, districts, terminals of units, delegations."""
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        organisation = await organisation_of(session)
        actor = await actor_of(session, current_user(request))
        districts = await district_summaries(session, now=now)
        given = await delegation.delegations(session, now=now)
        parts = await terminals(session, district=actor.district_id)
    if wants_json(request):
        return web.json_response(
            organisation.to_payload()
            | {
                "districts": [
                    {
                        "district_id": str(each.district_id),
                        "name": each.name,
                        "open": each.open,
                        "overdue": each.overdue,
                        "disputed": each.disputed,
                    }
                    for each in districts
                ],
                "terminals": [
                    {"unit": each.unit_name, "codes": [part.code for part in each.terminals]}
                    for each in parts
                ],
                "delegations": [
                    {
                        "delegation_id": str(each.delegation_id),
                        "to": each.to,
                        "given_by": each.given_by,
                        "until": each.until.isoformat() if each.until else None,
                    }
                    for each in given
                ],
            }
        )
    return show(
        request,
        "organisation.html",
        organisation=organisation,
        rules=[(each, organisation.rules[each]) for each in Question],
        silent=SILENT,
        districts=districts,
        terminals=parts,
        delegations=given,
        may_delegate=_may_delegate(organisation, actor),
    )


def _may_delegate(organisation: Organisation, actor: Actor) -> bool:
    rule = organisation.rules[Question.CLOSES]
    return bool(rule.delegates) and not actor.roles.isdisjoint(rule.roles)


async def post_delegate(request: web.Request) -> web.StreamResponse:
    """Let a person close by delegation (R68). Fields: login, until."""
    fields = await read_fields(request)
    async with acting(request) as (uow, actor, now):
        delegation_id = await delegation.delegate_closing(
            uow,
            login=fields.text("login"),
            until=fields.instant("until"),
            actor=actor,
            now=now,
        )
    if wants_json(request):
        return web.json_response({"delegation_id": str(delegation_id)})
    return see_other("/cases/organisation")


async def post_end_delegation(request: web.Request) -> web.StreamResponse:
    """Take a delegation back. No fields."""
    delegation_id = path_id(request, "delegation_id")
    async with acting(request) as (uow, actor, now):
        await delegation.end_delegation(uow, delegation_id, actor=actor, now=now)
    return web.json_response({}) if wants_json(request) else see_other("/cases/organisation")


async def level_choices(
    session: AsyncSession, actor: Actor, organisation: Organisation
) -> dict[str, Any]:
    """Return the units and districts that the person's level may name on a form."""
    units = await list_units(session, district_id=actor.district_id)
    is_first = organisation.has_districts and actor.district_id is None
    return {"units": units, "districts": await list_districts(session) if is_first else ()}

"""What was done to inspectors, and what the police were told (R108, R14)."""

from typing import Final

from aiohttp import web

from case_bridge.cases.reach import inspectors_within, require_own_inspector
from case_bridge.field.roster import roster
from case_bridge.threats import service
from case_bridge.threats.model import ThreatKind
from case_bridge.threats.service import Threat
from case_bridge.web.requests import by_user, district_of, read_fields, see_other, show
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import UserId
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import path_id, wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

KEEPERS: Final = frozenset({Role.SHIFT_LEADER, Role.LEADER})
WRITERS: Final = KEEPERS | {Role.INSPECTOR}
HERE: Final = "/field/threats"


async def get_threats(request: web.Request) -> web.Response:
    """Show the incidents: to an inspector their own, to the shift leader those of the level."""
    user = current_user(request)
    is_keeper = bool(user.roles & KEEPERS)
    async with request.app[DATABASE].read() as session:
        if is_keeper:
            within = inspectors_within(await district_of(session, user))
            found = await service.threats(session, within=within)
            inspectors = await roster(session, within)
        else:
            found, inspectors = await service.threats(session, inspector_id=user.id), []
    if wants_json(request):
        return web.json_response(
            {
                "threats": [
                    {
                        "threat_id": str(row.id),
                        "kind": row.kind.value,
                        "happened_at": row.happened_at.isoformat(),
                        "inspector": name,
                        "told_to": row.told_to,
                        "receipt_number": row.receipt_number,
                        "outcome": row.outcome,
                    }
                    for row, name in found
                ]
            }
        )
    return show(
        request,
        "threats.html",
        threats=found,
        kinds=list(ThreatKind),
        inspectors=inspectors,
        is_keeper=is_keeper,
    )


async def post_threat(request: web.Request) -> web.StreamResponse:
    """Record one. Fields: kind, happened_at, place, text, device, inspector_id.

    Raises:
        Invalid: if it does not say when.
    """
    fields, user = await read_fields(request), current_user(request)
    happened_at = fields.instant("happened_at")
    if happened_at is None:
        raise Invalid("happened_at", "is missing")
    is_keeper = bool(user.roles & KEEPERS)
    threat = Threat(
        kind=fields.member("kind", ThreatKind),
        happened_at=happened_at,
        place=fields.text("place"),
        text=fields.text("text"),
        device=fields.text("device"),
        inspector_id=UserId(fields.id("inspector_id")) if is_keeper else user.id,
    )
    async with request.app[DATABASE].begin() as uow:
        if is_keeper:
            await _require_own(uow, request, threat.inspector_id)
        await service.record_threat(uow, threat, **by_user(request))
    return see_other(HERE)


async def post_tell(request: web.Request) -> web.StreamResponse:
    """Note that the police were told. Fields: station."""
    fields, threat_id = await read_fields(request), path_id(request, "threat_id")
    async with request.app[DATABASE].begin() as uow:
        await _require_own(uow, request, await service.inspector_of(uow.session, threat_id))
        await service.tell_police(
            uow, threat_id, station=fields.text("station"), **by_user(request)
        )
    return see_other(HERE)


async def post_answer(request: web.Request) -> web.StreamResponse:
    """Enter the police's answer. Fields: receipt_number, outcome."""
    fields, threat_id = await read_fields(request), path_id(request, "threat_id")
    async with request.app[DATABASE].begin() as uow:
        await _require_own(uow, request, await service.inspector_of(uow.session, threat_id))
        await service.enter_answer(
            uow,
            threat_id,
            receipt_number=fields.text("receipt_number"),
            outcome=fields.text("outcome"),
            **by_user(request),
        )
    return see_other(HERE)


async def _require_own(uow: UnitOfWork, request: web.Request, inspector_id: UserId) -> None:
    district = await district_of(uow.session, current_user(request))
    await require_own_inspector(uow.session, inspector_id, district)


ROUTES: Final = (
    Route("GET", HERE, get_threats, WRITERS, "threats"),
    Route("POST", HERE, post_threat, WRITERS, "threats.record"),
    Route("POST", f"{HERE}/{{threat_id}}/tell", post_tell, KEEPERS, "threats.tell"),
    Route("POST", f"{HERE}/{{threat_id}}/answer", post_answer, KEEPERS, "threats.answer"),
)
MENU: Final = (MenuEntry("侵害监督员记录", HERE, WRITERS, MenuGroup.FOLLOW_UP),)

"""What people do to cases: one handler an act, for forms (303) and programs (JSON) alike."""

from aiohttp import web

from case_bridge.bridge.service import retry_failed, settle_alarm
from case_bridge.cases import checking, handling, service
from case_bridge.cases.case import DeclineReason
from case_bridge.web.labels import limit_code
from case_bridge.web.requests import By, Fields, acting, on_case, see_other
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CaseId, TicketId, UnitId
from hotline.web.auth import current_user
from hotline.web.requests import path_id, wants_json


@on_case
async def post_verify(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Send an inspector before filing. Fields: text."""
    await service.verify_case(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_file(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """File. Fields: category, condition (or `condition|limit` in one), limit, text."""
    condition, _, limit = fields.text("condition").partition("|")
    is_given = "condition" in fields.texts
    await service.file_case(
        uow,
        case_id,
        category=fields.optional("category"),
        condition=condition if is_given else None,
        limit=limit_code(fields.text("limit")) or limit or None,
        text=fields.text("text"),
        **by,
    )


@on_case
async def post_decline(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Refuse to file. Fields: reason (a code), text."""
    reason = fields.member("reason", DeclineReason)
    await service.decline_case(uow, case_id, reason=reason, text=fields.text("text"), **by)


@on_case
async def post_dispatch(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Dispatch. Fields: unit_id, order, reason, is_emergency (ticked)."""
    unit_id = UnitId(fields.id("unit_id"))
    await handling.dispatch_case(
        uow,
        case_id,
        unit_id=unit_id,
        order=fields.text("order"),
        reason=fields.text("reason"),
        is_emergency=fields.flag("is_emergency"),
        **by,
    )


@on_case
async def post_accept(uow: UnitOfWork, case_id: CaseId, _fields: Fields, by: By) -> None:
    """Sign for a case. No fields."""
    await handling.accept_case(uow, case_id, **by)


@on_case
async def post_return(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Give a case back. Fields: reason."""
    await handling.return_case(uow, case_id, reason=fields.text("reason"), **by)


@on_case
async def post_handle(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Feed back. Fields: text, and files in a multipart form."""
    await handling.handle_case(
        uow, case_id, text=fields.text("text"), attachments=fields.files, **by
    )


@on_case
async def post_rework(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Send back to the unit before closing. Fields: text."""
    await checking.rework_case(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_close(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Close. Fields: matches_order (ticked), text."""
    await service.close_case(
        uow, case_id, matches_order=fields.flag("matches_order"), text=fields.text("text"), **by
    )


@on_case
async def post_void(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Void. Fields: reason."""
    await service.void_case(uow, case_id, reason=fields.text("reason"), **by)


async def post_settle_alarm(request: web.Request) -> web.StreamResponse:
    """Note that an alarm of the bridge was looked after. No fields."""
    by = current_user(request).display_name
    async with acting(request) as (uow, _, now):
        await settle_alarm(uow, path_id(request, "alarm_id"), by=by, now=now)
    return _back_to_desk(request)


async def post_retry_link(request: web.Request) -> web.StreamResponse:
    """Send a filing again that the case system refused. No fields."""
    ticket_id = TicketId(path_id(request, "ticket_id"))
    try:
        round_ = int(request.match_info["round"])
    except ValueError:
        raise Invalid("round", "is not a number") from None
    async with acting(request) as (uow, _, now):
        await retry_failed(uow, ticket_id, round_, now=now)
    return _back_to_desk(request)


def _back_to_desk(request: web.Request) -> web.Response:
    return web.json_response({}) if wants_json(request) else see_other("/cases/desk")

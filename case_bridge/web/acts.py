"""What people do to cases: one handler an act, for forms (303) and programs (JSON) alike."""

from uuid import UUID

from aiohttp import web

from case_bridge.bridge.service import retry_failed, settle_alarm
from case_bridge.cases import checking, handling, service
from case_bridge.cases.case import DeclineReason
from case_bridge.web.requests import acting, answer_act, case_id_of, read_fields, see_other
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import TicketId, UnitId
from hotline.web.auth import current_user
from hotline.web.requests import path_id, wants_json


async def post_verify(request: web.Request) -> web.StreamResponse:
    """Send an inspector before filing. Fields: text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await service.verify_case(uow, case_id, text=fields.text("text"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_file(request: web.Request) -> web.StreamResponse:
    """File. Fields: category, condition (or `condition|limit` in one), limit, text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    condition, _, limit = fields.text("condition").partition("|")
    is_given = "condition" in fields.texts
    async with acting(request) as (uow, actor, now):
        await service.file_case(
            uow,
            case_id,
            category=fields.optional("category"),
            condition=condition if is_given else None,
            limit=fields.optional("limit") or limit or None,
            text=fields.text("text"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_decline(request: web.Request) -> web.StreamResponse:
    """Refuse to file. Fields: reason (a code), text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    try:
        reason = DeclineReason(fields.text("reason"))
    except ValueError:
        raise Invalid("reason", f"is none of {', '.join(DeclineReason)}") from None
    async with acting(request) as (uow, actor, now):
        await service.decline_case(
            uow, case_id, reason=reason, text=fields.text("text"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_dispatch(request: web.Request) -> web.StreamResponse:
    """Dispatch. Fields: unit_id, order, reason, is_emergency (ticked)."""
    case_id, fields = case_id_of(request), await read_fields(request)
    unit_id = UnitId(_uuid("unit_id", fields.text("unit_id")))
    async with acting(request) as (uow, actor, now):
        await handling.dispatch_case(
            uow,
            case_id,
            unit_id=unit_id,
            order=fields.text("order"),
            reason=fields.text("reason"),
            is_emergency=fields.flag("is_emergency"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_accept(request: web.Request) -> web.StreamResponse:
    """Sign for a case. No fields."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await handling.accept_case(uow, case_id, actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_return(request: web.Request) -> web.StreamResponse:
    """Give a case back. Fields: reason."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await handling.return_case(uow, case_id, reason=fields.text("reason"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_handle(request: web.Request) -> web.StreamResponse:
    """Feed back. Fields: text, and files in a multipart form."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await handling.handle_case(
            uow,
            case_id,
            text=fields.text("text"),
            attachments=fields.files,
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_rework(request: web.Request) -> web.StreamResponse:
    """Send back to the unit before closing. Fields: text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await checking.rework_case(uow, case_id, text=fields.text("text"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_close(request: web.Request) -> web.StreamResponse:
    """Close. Fields: matches_order (ticked), text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await service.close_case(
            uow,
            case_id,
            matches_order=fields.flag("matches_order"),
            text=fields.text("text"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_void(request: web.Request) -> web.StreamResponse:
    """Void. Fields: reason."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await service.void_case(uow, case_id, reason=fields.text("reason"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


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


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(name, "is not an id") from None


def _back_to_desk(request: web.Request) -> web.Response:
    return web.json_response({}) if wants_json(request) else see_other("/cases/desk")

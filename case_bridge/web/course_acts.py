"""What people do around a case: more time, urging, responsibility, privileged ends."""

from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from aiohttp import web

from case_bridge.cases import disputes, handling, notices, service
from case_bridge.cases.notice import DecisionKind, Ground
from case_bridge.cases.states import CaseTrigger
from case_bridge.later import service as later
from case_bridge.later.request import Application, LaterKind
from case_bridge.units.service import sign_frontage
from case_bridge.units.unit import Unit, UnitClass
from case_bridge.web.requests import (
    Fields,
    acting,
    answer_act,
    case_id_of,
    read_fields,
    see_other,
)
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import UnitId
from hotline.sla.limit import Limit
from hotline.web.requests import path_id, wants_json

E = TypeVar("E", bound=StrEnum)


async def post_settle(request: web.Request) -> web.StreamResponse:
    """Settle on the spot. Fields: text, and files in a multipart form."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await service.settle_case(
            uow,
            case_id,
            text=fields.text("text"),
            attachments=fields.files,
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_guard(request: web.Request) -> web.StreamResponse:
    """Record that the place was guarded. Fields: text, and files in a multipart form."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await handling.guard_case(
            uow,
            case_id,
            text=fields.text("text"),
            attachments=fields.files,
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_phone(request: web.Request) -> web.StreamResponse:
    """Record a unit's feedback by phone. Fields: told_by, text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await handling.handle_by_phone(
            uow,
            case_id,
            told_by=fields.text("told_by"),
            text=fields.text("text"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_frontage(request: web.Request) -> web.StreamResponse:
    """Register a frontage agreement (R40).

    Fields: number, code, shop, contact, phone, address, duties, signed_on, ends_on.
    """
    fields = await read_fields(request)
    signed_on, ends_on = _day("signed_on", fields), _day("ends_on", fields)
    if signed_on is None:
        raise Invalid("signed_on", "is missing")
    shop = Unit(
        code=fields.text("code"),
        name=fields.text("shop"),
        unit_class=UnitClass.FRONTAGE,
        contact_name=fields.text("contact"),
        phone=fields.text("phone"),
    )
    async with acting(request) as (uow, _, _now):
        await sign_frontage(
            uow,
            number=fields.text("number"),
            shop=shop,
            address=fields.text("address"),
            duties=fields.text("duties"),
            signed_on=signed_on,
            ends_on=ends_on,
        )
    return web.json_response({}) if wants_json(request) else see_other("/cases/frontage")


async def post_force_close(request: web.Request) -> web.StreamResponse:
    """Close without a check. Fields: reason."""
    return await _force(request, CaseTrigger.FORCE_CLOSE)


async def post_force_void(request: web.Request) -> web.StreamResponse:
    """Void what is under way. Fields: reason."""
    return await _force(request, CaseTrigger.FORCE_VOID)


async def post_apply(request: web.Request) -> web.StreamResponse:
    """Apply for more time. Fields: kind, reason, unit_leader, amount, until."""
    case_id, fields = case_id_of(request), await read_fields(request)
    amount = fields.optional("extension")
    application = Application(
        kind=_member("kind", fields, LaterKind),
        reason=fields.text("reason"),
        unit_leader=fields.text("unit_leader"),
        extension=Limit.parse(amount) if amount else None,
        until=instant_of("until", fields),
    )
    async with acting(request) as (uow, actor, now):
        await later.apply_for(uow, case_id, application, actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_request_verify(request: web.Request) -> web.StreamResponse:
    """Note that the centre verified an application. Fields: text."""
    request_id, fields = path_id(request, "request_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await later.verify_request(
            uow, request_id, text=fields.text("text"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_request_approve(request: web.Request) -> web.StreamResponse:
    """Grant an application. Fields: signature, text."""
    request_id, fields = path_id(request, "request_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await later.approve_request(
            uow,
            request_id,
            signature=fields.text("signature"),
            text=fields.text("text"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_request_refuse(request: web.Request) -> web.StreamResponse:
    """Refuse an application. Fields: text."""
    request_id, fields = path_id(request, "request_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await later.refuse_request(
            uow, request_id, text=fields.text("text"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_request_withdraw(request: web.Request) -> web.StreamResponse:
    """Take an application back. No fields."""
    request_id, fields = path_id(request, "request_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await later.withdraw_request(uow, request_id, actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_resume(request: web.Request) -> web.StreamResponse:
    """Take up again what was deferred or parked. Fields: text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await later.resume_case(uow, case_id, text=fields.text("text"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_urge(request: web.Request) -> web.StreamResponse:
    """Urge the unit. Fields: text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await notices.urge_case(uow, case_id, text=fields.text("text"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_supervise(request: web.Request) -> web.StreamResponse:
    """Supervise. Fields: text, reply_by."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await notices.supervise_case(
            uow,
            case_id,
            text=fields.text("text"),
            reply_by=instant_of("reply_by", fields),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_order(request: web.Request) -> web.StreamResponse:
    """Order with a date. Fields: text, reply_by."""
    case_id, fields = case_id_of(request), await read_fields(request)
    reply_by = instant_of("reply_by", fields)
    if reply_by is None:
        raise Invalid("reply_by", "an order names its date")
    async with acting(request) as (uow, actor, now):
        await notices.order_case(
            uow, case_id, text=fields.text("text"), reply_by=reply_by, actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_circulate(request: web.Request) -> web.StreamResponse:
    """Circulate. Fields: ground, text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    ground = _member("ground", fields, Ground)
    async with acting(request) as (uow, actor, now):
        await notices.circulate_case(
            uow, case_id, ground=ground, text=fields.text("text"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_answer(request: web.Request) -> web.StreamResponse:
    """Answer a notice. Fields: text."""
    notice_id, fields = path_id(request, "notice_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await notices.answer_notice(
            uow, notice_id, text=fields.text("text"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_dispute(request: web.Request) -> web.StreamResponse:
    """Ask who is responsible. Fields: reason."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await disputes.open_dispute(
            uow, case_id, reason=fields.text("reason"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_meet(request: web.Request) -> web.StreamResponse:
    """Record the site meeting. Fields: unit_1 to unit_4 (ids), minutes."""
    case_id, fields = case_id_of(request), await read_fields(request)
    names = ("unit_1", "unit_2", "unit_3", "unit_4")
    unit_ids = [unit_of(name, fields) for name in names if fields.optional(name)]
    async with acting(request) as (uow, actor, now):
        await disputes.hold_meeting(
            uow,
            case_id,
            unit_ids=unit_ids,
            minutes=fields.text("minutes"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_decide(request: web.Request) -> web.StreamResponse:
    """Settle who is responsible. Fields: decision, unit_id, words, order."""
    case_id, fields = case_id_of(request), await read_fields(request)
    decision = _member("decision", fields, DecisionKind)
    unit_id = unit_of("unit_id", fields)
    async with acting(request) as (uow, actor, now):
        await disputes.decide_dispute(
            uow,
            case_id,
            decision=decision,
            unit_id=unit_id,
            words=fields.text("words"),
            order=fields.text("order"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_ask_helper(request: web.Request) -> web.StreamResponse:
    """Let a further unit help. Fields: unit_id, task."""
    case_id, fields = case_id_of(request), await read_fields(request)
    unit_id = unit_of("unit_id", fields)
    async with acting(request) as (uow, actor, now):
        await disputes.ask_helper(
            uow, case_id, unit_id=unit_id, task=fields.text("task"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


async def post_help(request: web.Request) -> web.StreamResponse:
    """Report what a helping unit did. Fields: text."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await disputes.report_help(uow, case_id, text=fields.text("text"), actor=actor, now=now)
    return await answer_act(request, case_id, fields)


async def post_refer(request: web.Request) -> web.StreamResponse:
    """Hand a violation to enforcement. Fields: body, facts."""
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await disputes.refer_case(
            uow,
            case_id,
            body=fields.text("body"),
            facts=fields.text("facts"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def post_receipt(request: web.Request) -> web.StreamResponse:
    """Enter the receipt of an enforcement body. Fields: receipt_number, received_by."""
    referral_id, fields = path_id(request, "referral_id"), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        case_id = await disputes.receipt_referral(
            uow,
            referral_id,
            number=fields.text("receipt_number"),
            received_by=fields.text("received_by"),
            actor=actor,
            now=now,
        )
    return await answer_act(request, case_id, fields)


async def _force(request: web.Request, trigger: CaseTrigger) -> web.StreamResponse:
    case_id, fields = case_id_of(request), await read_fields(request)
    async with acting(request) as (uow, actor, now):
        await service.force_end(
            uow, case_id, trigger, reason=fields.text("reason"), actor=actor, now=now
        )
    return await answer_act(request, case_id, fields)


def _member(name: str, fields: Fields, kind: type[E]) -> E:
    try:
        return kind(fields.text(name))
    except ValueError:
        raise Invalid(name, f"is none of {', '.join(kind)}") from None


def unit_of(name: str, fields: Fields) -> UnitId:
    """Return the id of a unit.

    Raises:
        Invalid: if it is none.
    """
    try:
        return UnitId(UUID(fields.text(name)))
    except ValueError:
        raise Invalid(name, "is not an id") from None


def _day(name: str, fields: Fields) -> date | None:
    text = fields.optional(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(name, "is not a date") from None


def instant_of(name: str, fields: Fields) -> datetime | None:
    """Return an instant; what a browser's field sends is Shanghai's wall clock."""
    text = fields.optional(name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(name, "is not a date with a time") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)

"""What people do around a case: more time, urging, responsibility, privileged ends."""

from uuid import UUID

from aiohttp import web

from case_bridge.cases import disputes, handling, notices, service
from case_bridge.cases.notice import DecisionKind, Ground
from case_bridge.cases.states import CaseTrigger
from case_bridge.later import service as later
from case_bridge.later.request import Application, LaterKind
from case_bridge.units.service import sign_frontage
from case_bridge.units.unit import Unit, UnitClass
from case_bridge.web.requests import By, Fields, acting, on_case, on_part, read_fields, see_other
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.limit import Limit
from hotline.web.requests import wants_json


@on_case
async def post_settle(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Settle on the spot. Fields: text, and files in a multipart form."""
    await service.settle_case(
        uow, case_id, text=fields.text("text"), attachments=fields.files, **by
    )


@on_case
async def post_guard(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Record that the place was guarded. Fields: text, and files in a multipart form."""
    await handling.guard_case(
        uow, case_id, text=fields.text("text"), attachments=fields.files, **by
    )


@on_case
async def post_phone(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Record a unit's feedback by phone. Fields: told_by, text."""
    await handling.handle_by_phone(
        uow, case_id, told_by=fields.text("told_by"), text=fields.text("text"), **by
    )


async def post_frontage(request: web.Request) -> web.StreamResponse:
    """Register a frontage agreement (R40).

    Fields: number, code, shop, contact, phone, address, duties, signed_on, ends_on.
    """
    fields = await read_fields(request)
    shop = Unit(
        code=fields.text("code"),
        name=fields.text("shop"),
        unit_class=UnitClass.FRONTAGE,
        contact_name=fields.text("contact"),
        phone=fields.text("phone"),
    )
    async with acting(request) as (uow, actor, _now):
        await sign_frontage(
            uow,
            number=fields.text("number"),
            shop=shop,
            address=fields.text("address"),
            duties=fields.text("duties"),
            signed_on=fields.required_day("signed_on"),
            ends_on=fields.day("ends_on"),
            district=actor.district_id,
        )
    return web.json_response({}) if wants_json(request) else see_other("/cases/frontage")


@on_case
async def post_force_close(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Close without a check. Fields: reason."""
    trigger = CaseTrigger.FORCE_CLOSE
    await service.force_end(uow, case_id, trigger, reason=fields.text("reason"), **by)


@on_case
async def post_force_void(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Void what is under way. Fields: reason."""
    trigger = CaseTrigger.FORCE_VOID
    await service.force_end(uow, case_id, trigger, reason=fields.text("reason"), **by)


@on_case
async def post_apply(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Apply for more time. Fields: kind, reason, unit_leader, amount, until."""
    amount = fields.optional("extension")
    application = Application(
        kind=fields.member("kind", LaterKind),
        reason=fields.text("reason"),
        unit_leader=fields.text("unit_leader"),
        extension=Limit.parse(amount) if amount else None,
        until=fields.instant("until"),
    )
    await later.apply_for(uow, case_id, application, **by)


@on_part("request_id")
async def post_request_verify(uow: UnitOfWork, request_id: UUID, fields: Fields, by: By) -> CaseId:
    """Note that the centre verified an application. Fields: text."""
    return await later.verify_request(uow, request_id, text=fields.text("text"), **by)


@on_part("request_id")
async def post_request_approve(uow: UnitOfWork, request_id: UUID, fields: Fields, by: By) -> CaseId:
    """Grant an application. Fields: signature, text."""
    return await later.approve_request(
        uow, request_id, signature=fields.text("signature"), text=fields.text("text"), **by
    )


@on_part("request_id")
async def post_request_refuse(uow: UnitOfWork, request_id: UUID, fields: Fields, by: By) -> CaseId:
    """Refuse an application. Fields: text."""
    return await later.refuse_request(uow, request_id, text=fields.text("text"), **by)


@on_part("request_id")
async def post_request_withdraw(
    uow: UnitOfWork, request_id: UUID, _fields: Fields, by: By
) -> CaseId:
    """Take an application back. No fields."""
    return await later.withdraw_request(uow, request_id, **by)


@on_case
async def post_resume(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Take up again what was deferred or shelved. Fields: text."""
    await later.resume_case(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_urge(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Urge the unit. Fields: text."""
    await notices.urge_case(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_supervise(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Supervise. Fields: text, reply_by."""
    await notices.supervise_case(
        uow, case_id, text=fields.text("text"), reply_by=fields.instant("reply_by"), **by
    )


@on_case
async def post_order(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Order with a date. Fields: text, reply_by."""
    reply_by = fields.instant("reply_by")
    if reply_by is None:
        raise Invalid("reply_by", "an order names its date")
    await notices.order_case(uow, case_id, text=fields.text("text"), reply_by=reply_by, **by)


@on_case
async def post_circulate(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Circulate. Fields: ground, text."""
    await notices.circulate_case(
        uow, case_id, ground=fields.member("ground", Ground), text=fields.text("text"), **by
    )


@on_part("notice_id")
async def post_answer(uow: UnitOfWork, notice_id: UUID, fields: Fields, by: By) -> CaseId:
    """Answer a notice. Fields: text."""
    return await notices.answer_notice(uow, notice_id, text=fields.text("text"), **by)


@on_case
async def post_dispute(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Ask who is responsible. Fields: reason."""
    await disputes.open_dispute(uow, case_id, reason=fields.text("reason"), **by)


@on_case
async def post_meet(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Record the site meeting. Fields: unit_1 to unit_4 (ids), minutes."""
    names = ("unit_1", "unit_2", "unit_3", "unit_4")
    unit_ids = [UnitId(fields.id(name)) for name in names if fields.optional(name)]
    await disputes.hold_meeting(
        uow, case_id, unit_ids=unit_ids, minutes=fields.text("minutes"), **by
    )


@on_case
async def post_decide(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Settle who is responsible. Fields: decision, unit_id, words, order."""
    await disputes.decide_dispute(
        uow,
        case_id,
        decision=fields.member("decision", DecisionKind),
        unit_id=UnitId(fields.id("unit_id")),
        words=fields.text("words"),
        order=fields.text("order"),
        **by,
    )


@on_case
async def post_ask_helper(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Let a further unit help. Fields: unit_id, task."""
    await disputes.ask_helper(
        uow, case_id, unit_id=UnitId(fields.id("unit_id")), task=fields.text("task"), **by
    )


@on_case
async def post_help(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Report what a helping unit did. Fields: text."""
    await disputes.report_help(uow, case_id, text=fields.text("text"), **by)


@on_case
async def post_refer(uow: UnitOfWork, case_id: CaseId, fields: Fields, by: By) -> None:
    """Hand a violation to enforcement. Fields: body, facts."""
    await disputes.refer_case(
        uow, case_id, body=fields.text("body"), facts=fields.text("facts"), **by
    )


@on_part("referral_id")
async def post_receipt(uow: UnitOfWork, referral_id: UUID, fields: Fields, by: By) -> CaseId:
    """Enter the receipt of an enforcement body. Fields: receipt_number, received_by."""
    return await disputes.receipt_referral(
        uow,
        referral_id,
        number=fields.text("receipt_number"),
        received_by=fields.text("received_by"),
        **by,
    )

"""Use cases of responsibility: dispute, site meeting, decision; helpers; enforcement (R49-R61)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from case_bridge.cases.case import Actor
from case_bridge.cases.handling import send_to_unit
from case_bridge.cases.model import DisputeRow, HelperRow, ReferralRow
from case_bridge.cases.notice import DecisionKind
from case_bridge.cases.reach import district_for
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.responsibility_sql import Disputes
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.units.service import unit_contact
from hotline.accounts.roles import Role
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId, UnitId, new_id

_WORDS = {
    DecisionKind.AGREED: "协商一致，由{unit}负责",
    DecisionKind.SUBSTITUTE: "协商不成，指定{unit}代为整改",
    DecisionKind.SPECIALIST: "专业性强，指定{unit}代为整改",
    DecisionKind.OWNERLESS: "无责任主体，由属地{unit}办理",
}

MAX_PRESENT = 20
"""Units at one site meeting."""


async def open_dispute(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> UUID:
    """Ask the centre to settle who is responsible; whoever received it first applies (R58).

    The clock runs on: a dispute is no time off.

    Raises:
        Invalid: if there is no reason.
        Forbidden: if the case is another unit's.
        Conflict: if the case has no place for a dispute now.
    """
    words = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    if Role.DISPATCHER not in actor.roles and actor.unit_id != case.unit_id:
        raise Forbidden("the case is not with this unit")
    marks = await Cases(uow.session).marks(case.id)
    against = marks.binding_unit_id is not None and marks.binding_unit_id == actor.unit_id
    await move_case(
        uow,
        case,
        CaseTrigger.DISPUTE,
        actor=actor,
        text=words,
        # R60: 000 a24, an agreed opinion is strictly carried out; what comes after is flagged.
        reason_code="against_decision" if against else None,
        now=now,
    )
    row = DisputeRow(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        unit_id=case.unit_id,
        reason=words,
        opened_by=actor.name,
        opened_at=now,
        present=[],
    )
    uow.session.add(row)
    await uow.session.flush()
    return row.id


async def hold_meeting(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    unit_ids: Sequence[UnitId],
    minutes: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Record the meeting on the site: who came, what was said (R58: 003 a19).

    Raises:
        NotFound: if one of the units does not exist.
        Invalid: if there are no minutes, or nobody came.
        Conflict: if the case is not in dispute.
    """
    words = require_words("minutes", minutes)
    if not 1 <= len(set(unit_ids)) <= MAX_PRESENT:
        raise Invalid("unit_ids", f"1 to {MAX_PRESENT} units come to a meeting")
    case = await Cases(uow.session).get(case_id, lock=True)
    names = [(await unit_contact(uow.session, each)).name for each in dict.fromkeys(unit_ids)]
    await move_case(
        uow,
        case,
        CaseTrigger.MEET,
        actor=actor,
        text=f"{'、'.join(names)}到场：{words}",
        detail={"present": names},
        now=now,
    )
    row = await Disputes(uow.session).open_of(case.id)
    row.met_at, row.present, row.minutes = now, names, words


async def decide_dispute(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    decision: DecisionKind,
    unit_id: UnitId,
    words: str,
    order: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Settle who is responsible, which binds the unit, and send it out at once (R60, R61).

    Where the regulation asks for it (003 a19) an agreement and a substitute come out of a meeting
    on the site; for what belongs to nobody the
    territory is named, in a class of its own (R57). Across districts the city decides, whoever
    held the case (R59: 004 a13).

    Raises:
        NotFound: if there is no such unit.
        Invalid: if there are no words.
        Conflict: if the case is not in dispute, or there was no meeting.
        Forbidden: if the unit is beyond the district whose people decide.
    """
    words = require_words("words", words)
    case = await Cases(uow.session).get(case_id, lock=True)
    if case.district_id and await district_for(uow.session, unit_id) != case.district_id:
        if actor.district_id is not None:
            raise Forbidden("the unit is beyond the district: the city decides")
        case.district_id = None
    if case.state is CaseState.DISPUTED:
        row = await Disputes(uow.session).open_of(case.id)
        organisation = await Cases(uow.session).organisation()
        needs_meeting = organisation.site_meeting.value and decision is not DecisionKind.OWNERLESS
        if row.met_at is None and needs_meeting:
            raise Conflict("the units meet on the site before it is decided")
        row.decision, row.decided_unit_id, row.words = decision, unit_id, words
        row.decided_by, row.decided_at = actor.name, now
    marks = await Cases(uow.session).marks(case.id)
    marks.binding_unit_id = unit_id
    marks.is_ownerless = decision is DecisionKind.OWNERLESS
    await send_to_unit(
        uow,
        case,
        CaseTrigger.DECIDE,
        unit_id=unit_id,
        order=order,
        text=_WORDS[decision],
        reason=words,
        reason_code=decision.value,
        actor=actor,
        now=now,
    )


async def ask_helper(
    uow: UnitOfWork, case_id: CaseId, *, unit_id: UnitId, task: str, actor: Actor, now: datetime
) -> None:
    """Let a further unit help the one in the lead (R49: 003 a19).

    Raises:
        NotFound: if there is no such unit.
        Invalid: if there is no task.
        Forbidden: if it is not the dispatcher's or the shift leader's act.
        Conflict: if the case is with no unit, with this one, or it helps already.
    """
    words = require_words("task", task)
    if actor.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER}):
        raise Forbidden("the command centre names helping units")
    case = await Cases(uow.session).get(case_id, lock=True)
    if case.state not in {CaseState.DISPATCHED, CaseState.HANDLING}:
        raise Conflict("the case is with no unit")
    await unit_contact(uow.session, unit_id)
    if unit_id == case.unit_id:
        raise Conflict("the unit is in the lead")
    if await Disputes(uow.session).helper(case.id, case.round, unit_id) is not None:
        raise Conflict("the unit helps already")
    uow.session.add(
        HelperRow(
            id=new_id(),
            case_id=case.id,
            round=case.round,
            unit_id=unit_id,
            task=words,
            asked_by=actor.name,
            asked_at=now,
        )
    )
    await uow.session.flush()
    uow.signal("case", case_id=case.id, helper=unit_id)


async def report_help(
    uow: UnitOfWork, case_id: CaseId, *, text: str, actor: Actor, now: datetime
) -> None:
    """Report what the helping unit did; the unit in the lead feeds back for all (R49).

    Raises:
        Invalid: if there are no words.
        Forbidden: if the actor's unit does not help.
        Conflict: if it reported before.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    helper = None
    if actor.unit_id is not None:
        helper = await Disputes(uow.session).helper(case.id, case.round, actor.unit_id)
    if helper is None:
        raise Forbidden("the unit does not help with this case")
    if helper.done_at is not None:
        raise Conflict("the unit reported before")
    helper.result, helper.done_by, helper.done_at = words, actor.name, now
    uow.signal("case", case_id=case.id, helper=helper.unit_id)


async def refer_case(
    uow: UnitOfWork, case_id: CaseId, *, body: str, facts: str, actor: Actor, now: datetime
) -> UUID:
    """Hand a violation of law to an enforcement body (R109: 000 a29); return the referral's id.

    Raises:
        Invalid: if body or facts are missing.
        Conflict: if the case is not filed.
    """
    body, facts = require_words("body", body), require_words("facts", facts)
    case = await Cases(uow.session).get(case_id, lock=True)
    await move_case(
        uow,
        case,
        CaseTrigger.REFER,
        actor=actor,
        text=f"移送{body}：{facts}",
        detail={"body": body},
        now=now,
    )
    row = ReferralRow(
        id=new_id(),
        case_id=case.id,
        body=body,
        facts=facts,
        referred_by=actor.name,
        referred_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    return row.id


async def receipt_referral(
    uow: UnitOfWork,
    referral_id: UUID,
    *,
    number: str,
    received_by: str,
    actor: Actor,
    now: datetime,
) -> CaseId:
    """Enter the receipt that the enforcement body gave (R109).

    Raises:
        NotFound: if there is no such referral.
        Invalid: if number or name are missing.
        Forbidden: if it is not the centre's act.
        Conflict: if the receipt was entered before.
    """
    number = require_words("receipt_number", number)
    received_by = require_words("received_by", received_by)
    if actor.roles.isdisjoint({Role.DISPATCHER, Role.SHIFT_LEADER}):
        raise Forbidden("the centre enters receipts")
    row = await Disputes(uow.session).referral(referral_id, lock=True)
    if row.receipted_at is not None:
        raise Conflict("the receipt was entered before")
    row.receipt_number, row.received_by, row.receipted_at = number, received_by, now
    uow.signal("case", case_id=row.case_id)
    return CaseId(row.case_id)

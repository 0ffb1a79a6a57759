"""Use cases of the supervision centre: register, verify, file, decline, close, reopen, void.

Dispatch and handling are in `handling`, the answers from the street in `checking`.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from case_bridge.cases.case import (
    DECLINE_REASONS,
    HOUSE,
    Actor,
    Attachment,
    DeclineReason,
    EvidenceOrigin,
    Registered,
    Report,
)
from case_bridge.cases.checking import assignment
from case_bridge.cases.clock import clear_clock, end_pause, turn_stage
from case_bridge.cases.delegation import authority_to_close
from case_bridge.cases.events import CaseMatterChanged
from case_bridge.cases.evidence import check_attachments, fingerprint
from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.cases.numbers import case_day, case_number
from case_bridge.cases.record import add_words, keep_evidence, move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.responsibility_sql import Disputes
from case_bridge.cases.standard import choose_limit, known_category, present_category
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.field.repository import Tasks
from case_bridge.field.service import open_task, submit_result
from case_bridge.field.task import FieldResult, TaskKind
from case_bridge.places.service import grid_at
from hotline.accounts import audit
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CaseId, new_id
from hotline.tickets.category import Category, category_key

_ENDED: Final = frozenset(
    {CaseState.CLOSED, CaseState.SETTLED, CaseState.DECLINED, CaseState.VOIDED}
)


async def register_case(uow: UnitOfWork, report: Report, *, now: datetime) -> Registered:
    """Register a report as a case, once for each round of a ticket (R8, R12).

    A voided case does not count; the report moves on to the next one.

    Raises:
        Invalid: if it says nothing, or names an unknown category.
    """
    cases = Cases(uow.session)
    if (known := await _known(cases, report)) is not None:
        return known
    subject = require_words("subject", report.subject)
    day = case_day(now)
    # The day's counter row is locked from here on: a twin that was waiting sees this report.
    serial = await cases.next_serial(day)
    if (known := await _known(cases, report)) is not None:
        return known
    case = CaseRow(
        id=new_id(),
        number=case_number(day, serial),
        round=1,
        state=CASE.initial,
        sequence=0,
        source=report.source,
        channel=report.channel,
        subject=subject,
        body=report.body,
        place=report.place,
        longitude=report.longitude,
        latitude=report.latitude,
        grid_code=await grid_at(uow.session, report.longitude, report.latitude, now=now),
        condition=report.condition,
        registered_at=now,
    )
    if report.category is not None:
        await _set_category(uow, case, report.category)
    uow.session.add(case)
    await uow.session.flush()
    add_words(uow, case)
    await turn_stage(uow, case, None, None, now=now)
    await _attach_report(uow, case, report, now=now)
    uow.record(CaseMatterChanged(case_id=CaseId(case.id), occurred_at=now))
    uow.signal("case", case_id=case.id, state=case.state.value)
    return _registered(case)


async def reopen_case(
    uow: UnitOfWork, case_id: CaseId, report: Report, *, reason: str, now: datetime
) -> Registered:
    """Work on a finished case again, with a new round; join it if somebody reopened it before.

    A closed case is filed again at once (the complainant says it is not done), a declined one
    is registered again (they say it was wrong). Once for each round of a ticket.

    Raises:
        NotFound: if there is no such case.
        Conflict: if the case was voided.
        Invalid: if there is no reason.
    """
    cases = Cases(uow.session)
    reason = require_words("reason", reason)
    case = await cases.get(case_id, lock=True)
    if (known := await _known(cases, report)) is not None:
        return known
    if case.state in _ENDED:
        await move_case(uow, case, CaseTrigger.REOPEN, actor=HOUSE, text=reason, now=now)
        clear_clock(case, await cases.marks(case.id))
        uow.record(CaseMatterChanged(case_id=CaseId(case.id), occurred_at=now))
    await _attach_report(uow, case, report, now=now)
    return _registered(case)


async def verify_case(
    uow: UnitOfWork, case_id: CaseId, *, actor: Actor, text: str = "", now: datetime
) -> UUID:
    """Send an inspector to see whether the report is true (核实, R18); return the task's id.

    Raises:
        Conflict: if the case is past that.
    """
    case = await Cases(uow.session).get(case_id, lock=True)
    await move_case(uow, case, CaseTrigger.VERIFY, actor=actor, text=text, now=now)
    return await open_task(
        uow,
        assignment(case, TaskKind.VERIFY, text or case.body or case.subject),
        excluded=frozenset(),
        now=now,
    )


async def file_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    category: str | None = None,
    condition: str | None = None,
    limit: str | None = None,
    actor: Actor,
    text: str = "",
    now: datetime,
) -> None:
    """File a case (立案) under a category, whose condition names the handling limit (R16, R20).

    What is None stays as it was reported.

    Raises:
        Invalid: if category, condition or limit are missing or not in the standard.
        Conflict: if the case cannot be filed now.
    """
    case = await Cases(uow.session).get(case_id, lock=True)
    if category is not None:
        await _set_category(uow, case, category)
    key = category_key_of(case)
    if key is None:
        raise Invalid("category", "a case is filed under a category")
    case.condition = condition if condition is not None else case.condition
    # Filed under the standard of today, which the case keeps whatever comes after (R22).
    standard = await present_category(uow.session, key)
    _classify(case, standard)
    case.limit_text = str(choose_limit(standard, case.condition, limit))
    case.filed_at = now
    detail = {"category": standard.key, "condition": case.condition, "limit": case.limit_text}
    await move_case(uow, case, CaseTrigger.FILE, actor=actor, text=text, detail=detail, now=now)
    uow.record(CaseMatterChanged(case_id=CaseId(case.id), occurred_at=now))


async def decline_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    reason: DeclineReason,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Refuse to file a case, with a reason and words for the reporter (R17).

    Raises:
        Invalid: if there are no words.
        Conflict: if the case cannot be declined now.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    case.result = f"{DECLINE_REASONS[reason]}：{words}"
    await move_case(
        uow,
        case,
        CaseTrigger.DECLINE,
        actor=actor,
        text=case.result,
        reason_code=reason.value,
        now=now,
    )


async def close_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    matches_order: bool,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Close a case whose result was checked and equals the order (R65: 003 a18).

    Who does it is the city's organisation; a seat closes only by delegation (R68).

    `text` replaces the unit's words where the citizen needs plainer ones.

    Raises:
        Invalid: if result and order were not compared, or there is no result in words.
        Forbidden: if closing is not the actor's duty, nor delegated to them.
        Conflict: if the case is not ready to be closed.
    """
    case = await Cases(uow.session).get(case_id, lock=True)
    if not matches_order:
        raise Invalid("matches_order", "compare the result with the order, or send it to rework")
    authority = await authority_to_close(uow, actor, now=now)
    case.result = require_words("text", text.strip() or case.result or "")
    case.closed_at = now
    await move_case(
        uow, case, CaseTrigger.CLOSE, actor=actor, text=case.result, detail=authority, now=now
    )


async def void_case(
    uow: UnitOfWork, case_id: CaseId, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Void a case that should not be there, with a reason.

    Raises:
        Invalid: if there is no reason.
        Conflict: if a unit or an inspector is at work on it.
    """
    words = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    await move_case(uow, case, CaseTrigger.VOID, actor=actor, text=words, now=now)


async def settle_case(
    uow: UnitOfWork,
    case_id: CaseId,
    *,
    text: str,
    attachments: tuple[Attachment, ...] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Settle a trivial matter on the spot, still logged (R19: 000 a16).

    What an inspector was sent out to verify is answered with it.

    Raises:
        Invalid: if there are no words, or a file cannot be kept.
        Forbidden: if another inspector was sent out for it.
        Conflict: if the case is past that.
    """
    words = require_words("text", text)
    check_attachments(attachments)
    case = await Cases(uow.session).get(case_id, lock=True)
    task = await Tasks(uow.session).open_for_case(case.id)
    await move_case(uow, case, CaseTrigger.SETTLE, actor=actor, text=words, now=now)
    if task is not None:
        assert actor.user_id is not None
        result = FieldResult(key=f"settled:{task.id}", passed=True, text=words)
        await submit_result(uow, task, result, user_id=actor.user_id, name=actor.name, now=now)
    case.result, case.closed_at = words, now
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.INSPECTOR,
        actor=actor,
        text=words,
        attachments=attachments,
        now=now,
    )


async def force_end(
    uow: UnitOfWork,
    case_id: CaseId,
    trigger: CaseTrigger,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """End a case without its check: `FORCE_CLOSE` or `FORCE_VOID`, privileged and audited.

    Raises:
        Invalid: if there is no reason.
        Forbidden: if the act is not among the actor's duties.
        Conflict: if an inspector is at work on it, or it ended before.
    """
    words = require_words("reason", reason)
    case = await Cases(uow.session).get(case_id, lock=True)
    state = case.state
    await move_case(uow, case, trigger, actor=actor, text=words, now=now)
    await end_pause(uow, case, now=now)
    if state is CaseState.DISPUTED:
        dispute = await Disputes(uow.session).open_of(case.id)
        dispute.words, dispute.decided_by, dispute.decided_at = words, actor.name, now
    if trigger is CaseTrigger.FORCE_CLOSE:
        case.closed_at, case.result = now, words
    await audit.append(
        uow,
        actor=actor.login or actor.name,
        action=f"case.{trigger}",
        target=f"case:{case.number}",
        detail={"from": state.value, "reason": words},
        now=now,
    )


def category_key_of(case: CaseRow) -> str | None:
    """Return the key of the case's category, or None."""
    if case.category_scheme is None or case.category_code is None or case.kind is None:
        return None
    return category_key(
        case.category_scheme, case.category_version or "", case.kind, case.category_code
    )


async def _set_category(uow: UnitOfWork, case: CaseRow, key: str) -> None:
    _classify(case, await known_category(uow.session, key))


def _classify(case: CaseRow, category: Category) -> None:
    case.kind = category.kind
    case.category_scheme, case.category_version = category.scheme, category.version
    case.category_code, case.category_name = category.code, category.name_zh


async def _known(cases: Cases, report: Report) -> Registered | None:
    """Return where this round of this ticket ended up before."""
    if report.ticket_id is None:
        return None
    row = await cases.report_of(report.ticket_id, report.round)
    if row is None:
        return None
    case = await cases.get(row.case_id)
    if case.state is CaseState.VOIDED:
        return None
    return Registered(CaseId(case.id), case.number, row.case_round)


async def _attach_report(uow: UnitOfWork, case: CaseRow, report: Report, *, now: datetime) -> None:
    row = None
    if report.ticket_id is not None:
        row = await Cases(uow.session).report_of(report.ticket_id, report.round)
    if row is None:
        row = ReportRow(
            id=new_id(),
            ticket_id=report.ticket_id,
            ticket_number=report.ticket_number,
            round=report.round,
            source=report.source,
        )
        uow.session.add(row)
    row.case_id, row.case_round = case.id, case.round
    row.text, row.reported_at = report.body or report.subject, now
    # A later round brings the same files again, perhaps with new ones.
    known = await Cases(uow.session).reported_hashes(case.id)
    keep_evidence(
        uow,
        case,
        EvidenceOrigin.REPORT,
        actor=HOUSE,
        text=report.body or report.subject,
        attachments=tuple(
            each for each in report.attachments if fingerprint(each.content) not in known
        ),
        now=now,
    )
    await uow.session.flush()


def _registered(case: CaseRow) -> Registered:
    return Registered(CaseId(case.id), case.number, case.round)

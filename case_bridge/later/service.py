"""Use cases: apply for more time, verify, approve or refuse, resume."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from case_bridge.cases.case import HOUSE, Actor
from case_bridge.cases.clock import pause_clock, reckon_clock, resume_clock
from case_bridge.cases.duties import ASKED, CENTRE, check_duty
from case_bridge.cases.handling import own_case
from case_bridge.cases.model import CaseRow
from case_bridge.cases.notice import PauseKind
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.rules import FilingBase
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.words import require_words
from case_bridge.later.model import LaterRequestRow
from case_bridge.later.repository import Requests
from case_bridge.later.request import (
    TRIGGERS,
    Application,
    LaterKind,
    Quota,
    check_approver,
    check_extension,
    check_until,
    month_of,
)
from case_bridge.later.states import REQUEST, RequestState, RequestTrigger
from hotline.accounts.roles import Role
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, IllegalTransition, Invalid
from hotline.kernel.ids import CaseId, UnitId, UserId, new_id
from hotline.sla.limit import Limit

BATCH: Final = 100
"""Cases of one round; the next round takes the rest."""

_PAUSES: Final = {
    LaterKind.DEFERRAL: PauseKind.DEFERRAL,
    LaterKind.SHELVING: PauseKind.SHELVING,
}
_RESUMING: Final = {
    CaseState.DEFERRED: CaseTrigger.RESUME,
    CaseState.SHELVED: CaseTrigger.UNSHELVE,
}


async def apply_for(
    uow: UnitOfWork, case_id: CaseId, application: Application, *, actor: Actor, now: datetime
) -> UUID:
    """Apply in writing, with the name of the unit's leader (R51); return the application's id.

    Raises:
        Invalid: if reason, leader or length are missing, or the length is against the rule.
        Forbidden: if the case is another unit's.
        Conflict: if the case cannot have it now, or an application waits already.
    """
    reason = require_words("reason", application.reason)
    leader = require_words("unit_leader", application.unit_leader)
    case = await own_case(uow, case_id, actor)
    trigger = TRIGGERS[application.kind]
    if not CASE.allows(case.state, trigger):
        raise IllegalTransition(CASE.name, case.state, trigger)
    if not (await Cases(uow.session).organisation()).rules[ASKED[trigger]].roles:
        raise Conflict(f"this city's regulation knows no {application.kind}")
    await _make_room(uow, case, now=now)
    warning = await _check_terms(uow, case, application, now=now)
    assert actor.unit_id is not None
    row = LaterRequestRow(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        kind=application.kind,
        state=REQUEST.initial,
        unit_id=actor.unit_id,
        reason=reason,
        unit_leader=leader,
        extension=str(application.extension) if application.extension else None,
        until=application.until,
        warning=warning,
        applied_by=actor.user_id,
        applied_name=actor.name,
        applied_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    uow.signal("case", case_id=case.id, later=application.kind.value)
    return row.id


async def verify_request(
    uow: UnitOfWork, request_id: UUID, *, text: str, actor: Actor, now: datetime
) -> CaseId:
    """Note that the centre has verified why a case cannot be solved (R56: 002i a8).

    Raises:
        Invalid: if there are no words.
        Forbidden: if the actor is not of the centre.
        Conflict: if it is not an application to shelve that waits for it.
    """
    words = require_words("text", text)
    row = await _locked(uow, request_id)
    if actor.roles.isdisjoint(CENTRE):
        raise Forbidden("the centre verifies applications")
    if row.kind is not LaterKind.SHELVING:
        raise Conflict("only an application to shelve is verified")
    row.state = REQUEST.next(row.state, RequestTrigger.VERIFY)
    row.verified_name, row.verified_words, row.verified_at = actor.name, words, now
    return CaseId(row.case_id)


async def approve_request(
    uow: UnitOfWork,
    request_id: UUID,
    *,
    signature: str = "",
    text: str = "",
    actor: Actor,
    now: datetime,
) -> CaseId:
    """Grant what was applied for: the deadline moves, or the clock stands still.

    A deferral is signed by the leader with their name (R55).

    Raises:
        Invalid: if the leader's signature is missing, or the rule stands against the length.
        Forbidden: if it is not among the actor's duties, or the actor applied for it.
        Conflict: if it was answered before, was not verified, or the case has moved on.
    """
    row = await _locked(uow, request_id)
    case = await Cases(uow.session).get(row.case_id, lock=True)
    await _check_decider(uow, row, case, actor)
    if row.kind is LaterKind.SHELVING and row.state is not RequestState.VERIFIED:
        raise Conflict("the centre verifies an application to shelve before it is granted")
    if row.kind is LaterKind.DEFERRAL:
        signature = require_words("signature", signature)
    if row.unit_id != case.unit_id or row.round != case.round:
        raise Conflict("the case has moved on since the application")
    _decide(row, RequestTrigger.APPROVE, signature, text, actor=actor, now=now)
    detail = await _grant(uow, case, row, now=now)
    await move_case(
        uow,
        case,
        TRIGGERS[row.kind],
        actor=actor,
        text=text.strip() or row.reason,
        detail=detail | {"request": str(row.id), "signature": row.signature},
        now=now,
    )
    return CaseId(case.id)


async def refuse_request(
    uow: UnitOfWork, request_id: UUID, *, text: str, actor: Actor, now: datetime
) -> CaseId:
    """Refuse what was applied for, with a reason.

    Raises:
        Invalid: if there is no reason.
        Forbidden: if it is not among the actor's duties, or the actor applied for it.
        Conflict: if it was answered before.
    """
    words = require_words("text", text)
    row = await _locked(uow, request_id)
    await _check_decider(uow, row, await Cases(uow.session).get(row.case_id), actor)
    _decide(row, RequestTrigger.REFUSE, "", words, actor=actor, now=now)
    uow.signal("case", case_id=row.case_id, later=row.kind.value)
    return CaseId(row.case_id)


async def withdraw_request(
    uow: UnitOfWork, request_id: UUID, *, actor: Actor, now: datetime
) -> CaseId:
    """Take an application back that nobody has answered.

    Raises:
        Forbidden: if it is another unit's.
        Conflict: if it was answered before.
    """
    row = await _locked(uow, request_id)
    if actor.unit_id != row.unit_id:
        raise Forbidden("the application is another unit's")
    _decide(row, RequestTrigger.WITHDRAW, "", "", actor=actor, now=now)
    return CaseId(row.case_id)


async def resume_case(
    uow: UnitOfWork, case_id: CaseId, *, text: str, actor: Actor, now: datetime
) -> None:
    """Take up again what was deferred or shelved; the clock runs on where it stood (R56).

    Raises:
        Invalid: if there are no words.
        Forbidden: if it is not among the actor's duties, or the case is another unit's.
        Conflict: if the clock of the case does not stand still.
    """
    words = require_words("text", text)
    case = await Cases(uow.session).get(case_id, lock=True)
    is_theirs = actor.unit_id == case.unit_id
    if actor.roles == {Role.UNIT} and not is_theirs:
        raise Forbidden("the case is not with this unit")
    await _resume(uow, case, words, actor=actor, now=now)


async def resume_due(database: Database, *, now: datetime) -> int:
    """Take up every case whose date has come; return how many."""
    async with database.read() as session:
        due = await Requests(session).resuming(now, limit=BATCH)
    resumed = 0
    for case_id in due:
        async with database.begin() as uow:
            case = await Cases(uow.session).get(case_id, lock=True)
            pause = await Cases(uow.session).open_pause(case.id)
            # Somebody may have been faster since the list was made.
            if pause is not None and pause.until is not None and case.state in _RESUMING:
                await _resume(uow, case, "到期自动恢复办理", actor=HOUSE, now=now)
                resumed += 1
    return resumed


async def quota_of(
    uow: UnitOfWork, unit_id: UnitId, *, without: UUID | None = None, now: datetime
) -> Quota:
    """Return how the unit stands to the 10 % rule in the present month (R53)."""
    rule = (await Cases(uow.session).rules()).extension
    of_unit = unit_id if rule.base is FilingBase.OWN else None
    begin, end = month_of(now)
    requests = Requests(uow.session)
    return Quota(
        filed=await requests.filed(begin, end, unit_id=of_unit),
        extensions=await requests.extensions(begin, end, unit_id=of_unit, without=without),
        percent=rule.percent,
    )


async def _make_room(uow: UnitOfWork, case: CaseRow, *, now: datetime) -> None:
    """Refuse a second application; one of an earlier unit or round fell with it."""
    row = await Requests(uow.session).open_of(case.id)
    if row is None:
        return
    if row.round == case.round and row.unit_id == case.unit_id:
        raise Conflict("an application of this case waits for an answer")
    _decide(row, RequestTrigger.WITHDRAW, "", "案卷已转出，申请失效", actor=HOUSE, now=now)
    await uow.session.flush()


async def _check_terms(
    uow: UnitOfWork, case: CaseRow, application: Application, *, now: datetime
) -> str:
    """Return the warning of the 10 % rule, or refuse what the rules do not allow."""
    rules = await Cases(uow.session).rules()
    requests = Requests(uow.session)
    marks = await Cases(uow.session).marks(case.id)
    if application.kind is LaterKind.EXTENSION:
        if marks.is_absolute:
            raise Conflict("the 24-hour rule of street facilities knows no extension")
        assert case.limit_text is not None
        if case.due_at is not None and now > case.due_at:
            raise Conflict("the deadline is past: an extension is applied for before it")
        before = await requests.granted(case.id, case.round, LaterKind.EXTENSION)
        check_extension(
            Limit.parse(case.limit_text),
            application.extension,
            before=before,
            had=Limit.parse(marks.extension).amount if marks.extension else 0,
            rule=rules.extension,
        )
        assert case.unit_id is not None
        warning = (await quota_of(uow, UnitId(case.unit_id), now=now)).words()
        if warning and rules.extension.blocks:
            raise Conflict(warning)
        return warning
    if application.extension is not None:
        raise Invalid("extension", "belongs to an extension only")
    if marks.is_absolute and marks.guarded_at is None:
        raise Conflict("guard the place before the case is put off")
    if application.kind is LaterKind.SHELVING:
        if await requests.granted(case.id, case.round, application.kind) >= rules.shelving.per_case:
            raise Conflict("the case was shelved as often as it may be")
        check_until(application.until, now=now, longest_days=rules.shelving.longest_days)
    else:
        check_until(application.until, now=now, longest_days=None)
    return ""


async def _grant(
    uow: UnitOfWork, case: CaseRow, row: LaterRequestRow, *, now: datetime
) -> dict[str, Any]:
    """Do to the clock what was granted; return what the history keeps of it."""
    marks = await Cases(uow.session).marks(case.id)
    if row.kind is LaterKind.EXTENSION:
        assert row.extension is not None
        row.warning = (await quota_of(uow, UnitId(row.unit_id), without=row.id, now=now)).words()
        asked = Limit.parse(row.extension)
        had = Limit.parse(marks.extension).amount if marks.extension else 0
        marks.extension = str(Limit(asked.amount + had, asked.unit))
        return await reckon_clock(uow, case) | {"extension": row.extension}
    kind = _PAUSES[row.kind]
    if kind is PauseKind.DEFERRAL:
        marks.is_deferred = True
    until = row.until
    if until is not None and until <= now:
        raise Conflict("the date until which it was asked for has passed")
    if until is None and kind is PauseKind.SHELVING:
        # Nothing lies in the problem pool for ever: without a date it is taken up after the most.
        longest = (await Cases(uow.session).rules()).shelving.longest_days
        until = now + timedelta(days=longest)
    await pause_clock(uow, case, kind, reason=row.reason, until=until, now=now)
    return {"receipt": case.receipt, "until": until.isoformat() if until else None}


async def _resume(
    uow: UnitOfWork, case: CaseRow, words: str, *, actor: Actor, now: datetime
) -> None:
    trigger = _RESUMING.get(case.state, CaseTrigger.RESUME)
    if not CASE.allows(case.state, trigger):
        raise IllegalTransition(CASE.name, case.state, trigger)
    detail = await resume_clock(uow, case, now=now)
    await move_case(uow, case, trigger, actor=actor, text=words, detail=detail, now=now)


async def _locked(uow: UnitOfWork, request_id: UUID) -> LaterRequestRow:
    requests = Requests(uow.session)
    # The case first, then its application: two locks in one order never block each other.
    await Cases(uow.session).get((await requests.get(request_id)).case_id, lock=True)
    return await requests.get(request_id, lock=True)


async def _check_decider(
    uow: UnitOfWork, row: LaterRequestRow, case: CaseRow, actor: Actor
) -> None:
    check_duty(
        await Cases(uow.session).organisation(),
        TRIGGERS[row.kind],
        actor,
        state=case.state,
        district_id=UnitId(case.district_id) if case.district_id else None,
    )
    check_approver(
        actor,
        applied_by=UserId(row.applied_by) if row.applied_by else None,
        unit_id=UnitId(row.unit_id),
    )


def _decide(
    row: LaterRequestRow,
    trigger: RequestTrigger,
    signature: str,
    text: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    row.state = REQUEST.next(row.state, trigger)
    row.decided_by, row.decided_name, row.decided_at = actor.user_id, actor.name, now
    row.signature = signature.strip() or None
    row.decision_words = text.strip() or None

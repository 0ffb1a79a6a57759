"""What screens see of applications and of the problem pool: values, never rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.duties import ASKED
from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import Cases, District
from case_bridge.cases.states import CASE, CaseState
from case_bridge.later.model import LaterRequestRow
from case_bridge.later.repository import Requests
from case_bridge.later.request import TRIGGERS, LaterKind
from case_bridge.later.states import RequestState
from case_bridge.units.repository import Units
from hotline.kernel.ids import CaseId, UnitId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One application with everybody who had a say in it."""

    request_id: UUID
    case_id: CaseId
    case_number: str
    subject: str
    case_state: CaseState
    due_at: datetime | None
    limit: str | None
    kind: LaterKind
    state: RequestState
    unit_id: UnitId
    unit_name: str
    reason: str
    unit_leader: str
    extension: str | None
    until: datetime | None
    warning: str
    applied_by: UserId | None
    applied_name: str
    applied_at: datetime
    verified_name: str | None
    verified_words: str | None
    decided_name: str | None
    signature: str | None
    decision_words: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEntry:
    """A shelved case in the problem pool."""

    case_id: CaseId
    number: str
    subject: str
    place: str
    unit_name: str
    reason: str
    since: datetime
    until: datetime | None
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The problem pool and its summary, as it is reported to the leading group (R56)."""

    entries: tuple[PoolEntry, ...]
    by_unit: Mapping[str, int]
    longest_days: int


async def requests_of_case(session: AsyncSession, case_id: CaseId) -> Sequence[RequestView]:
    """Return every application of a case, oldest first."""
    case = await Cases(session).get(case_id)
    names = dict(await Units(session).names())
    return [
        _view(row, case, names.get(UnitId(row.unit_id), ""))
        for row in await Requests(session).of_case(case_id)
    ]


async def waiting_requests(
    session: AsyncSession, kinds: Collection[LaterKind], *, district: District = None
) -> Sequence[RequestView]:
    """Return what waits for an answer, oldest first, of one district if it is named."""
    waiting = await Requests(session).waiting(kinds, district=district)
    return [_view(row, case, unit) for row, case, unit in waiting]


async def problem_pool(session: AsyncSession, *, district: District = None, now: datetime) -> Pool:
    """Return the shelved cases, oldest first, and how many each unit has; of one district too."""
    entries = tuple(
        PoolEntry(
            case_id=CaseId(case.id),
            number=case.number,
            subject=case.subject,
            place=case.place,
            unit_name=unit,
            reason=pause.reason,
            since=pause.begun_at,
            until=pause.until,
            days=(now - pause.begun_at).days,
        )
        for case, pause, unit in await Requests(session).pool(district=district)
    )
    by_unit: dict[str, int] = {}
    for entry in entries:
        by_unit[entry.unit_name] = by_unit.get(entry.unit_name, 0) + 1
    return Pool(
        entries=entries,
        by_unit=dict(sorted(by_unit.items())),
        longest_days=max((entry.days for entry in entries), default=0),
    )


async def application_problems(
    session: AsyncSession, case_id: CaseId, *, now: datetime
) -> Mapping[LaterKind, str]:
    """Return, for each kind of later, why it cannot be applied for now; empty if it can."""
    case = await Cases(session).get(case_id)
    marks = (await Cases(session).noted([case_id])).get(case_id)
    requests, rules = Requests(session), await Cases(session).rules()
    organisation = await Cases(session).organisation()
    waiting = await requests.open_of(case_id)
    is_waiting = waiting is not None and (waiting.round, waiting.unit_id) == (
        case.round,
        case.unit_id,
    )
    problems = {}
    for kind in LaterKind:
        problem = ""
        if not organisation.rules[ASKED[TRIGGERS[kind]]].roles:
            problem = "本市办法未规定此类申请"
        elif not CASE.allows(case.state, TRIGGERS[kind]):
            problem = "案卷当前状态下不能申请"
        elif is_waiting:
            problem = "已有申请等待审批"
        elif kind is LaterKind.EXTENSION and marks is not None and marks.is_absolute:
            problem = "道路设施须在24小时内处置，不得延期"
        elif kind is LaterKind.EXTENSION and case.due_at is not None and now > case.due_at:
            problem = "已超过处置截止时间，不能申请延期"
        elif kind is not LaterKind.EXTENSION and marks and marks.is_absolute:
            problem = "" if marks.guarded_at else "须先采取安全防护措施"
        most = {
            LaterKind.EXTENSION: rules.extension.per_case,
            LaterKind.SHELVING: rules.shelving.per_case,
        }.get(kind)
        if not problem and most is not None:
            had = await requests.granted(case_id, case.round, kind)
            problem = "已达到允许的次数" if had >= most else ""
        problems[kind] = problem
    return problems


def _view(row: LaterRequestRow, case: CaseRow, unit: str) -> RequestView:
    return RequestView(
        request_id=row.id,
        case_id=CaseId(case.id),
        case_number=case.number,
        subject=case.subject,
        case_state=case.state,
        due_at=case.due_at,
        limit=case.limit_text,
        kind=row.kind,
        state=row.state,
        unit_id=UnitId(row.unit_id),
        unit_name=unit,
        reason=row.reason,
        unit_leader=row.unit_leader,
        extension=row.extension,
        until=row.until,
        warning=row.warning,
        applied_by=UserId(row.applied_by) if row.applied_by else None,
        applied_name=row.applied_name,
        applied_at=row.applied_at,
        verified_name=row.verified_name,
        verified_words=row.verified_words,
        decided_name=row.decided_name,
        signature=row.signature,
        decision_words=row.decision_words,
        decided_at=row.decided_at,
    )

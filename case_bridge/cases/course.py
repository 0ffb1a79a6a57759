"""What happened around a case beside its moves, for screens: values, never rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseMarksRow, CaseStageRow, DisputeRow, NoticeRow
from case_bridge.cases.notice import DecisionKind, NoticeKind
from case_bridge.cases.notice_sql import Notices
from case_bridge.cases.repository import Cases, District
from case_bridge.cases.responsibility_sql import Disputes
from case_bridge.cases.rules import Stage
from case_bridge.units.repository import Units
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.deadline import DeadlineReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The special classes and terms of a case."""

    is_absolute: bool = False
    guarded_at: datetime | None = None
    is_deferred: bool = False
    is_ownerless: bool = False
    is_emergency: bool = False
    extension: str | None = None
    binding_unit_id: UnitId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One run of a stage clock with its receipt."""

    stage: Stage
    round: int
    begun_at: datetime
    due_at: datetime
    ended_at: datetime | None
    is_late: bool
    receipt: DeadlineReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """Something written about a case."""

    notice_id: UUID
    case_id: CaseId
    case_number: str
    subject: str
    kind: NoticeKind
    unit_id: UnitId | None
    to: str
    """The unit's name, or empty for the centre."""
    text: str
    issued_by: str
    issued_at: datetime
    reply_by: datetime | None
    answered_by: str | None
    answer: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeView:
    """One question of responsibility."""

    reason: str
    opened_by: str
    opened_at: datetime
    met_at: datetime | None
    present: tuple[str, ...]
    minutes: str | None
    decision: DecisionKind | None
    decided_unit: str
    words: str | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperView:
    """A helping unit."""

    case_id: CaseId
    case_number: str
    subject: str
    unit_id: UnitId
    unit_name: str
    task: str
    asked_at: datetime
    result: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralView:
    """A violation handed to enforcement."""

    referral_id: UUID
    body: str
    facts: str
    referred_by: str
    referred_at: datetime
    receipt_number: str | None
    received_by: str | None
    receipted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All of it."""

    marks: Marks
    stages: tuple[StageView, ...]
    notices: tuple[NoticeView, ...]
    disputes: tuple[DisputeView, ...]
    helpers: tuple[HelperView, ...]
    referrals: tuple[ReferralView, ...]


async def course_of(session: AsyncSession, case_id: CaseId, *, now: datetime) -> Course:
    """Return what happened around a case.

    Raises:
        NotFound: if there is no such case.
    """
    cases, disputes = Cases(session), Disputes(session)
    row = await cases.get(case_id)
    names = dict(await Units(session).names())
    noted = await cases.noted([case_id])
    return Course(
        marks=marks_view(noted.get(case_id)),
        stages=tuple(_stage(each, now) for each in await cases.stages(case_id)),
        notices=tuple(
            notice_view(each, row.number, row.subject, names)
            for each in await Notices(session).of_case(case_id)
        ),
        disputes=tuple(_dispute(each, names) for each in await disputes.of_case(case_id)),
        helpers=tuple(
            HelperView(
                case_id=case_id,
                case_number=row.number,
                subject=row.subject,
                unit_id=UnitId(each.unit_id),
                unit_name=names.get(UnitId(each.unit_id), ""),
                task=each.task,
                asked_at=each.asked_at,
                result=each.result,
                done_at=each.done_at,
            )
            for each in await disputes.helpers(case_id)
        ),
        referrals=tuple(
            ReferralView(
                referral_id=each.id,
                body=each.body,
                facts=each.facts,
                referred_by=each.referred_by,
                referred_at=each.referred_at,
                receipt_number=each.receipt_number,
                received_by=each.received_by,
                receipted_at=each.receipted_at,
            )
            for each in await disputes.referrals(case_id)
        ),
    )


async def waiting_notices(
    session: AsyncSession, unit_id: UnitId | None, *, district: District = None
) -> Sequence[NoticeView]:
    """Return what waits for an answer of a unit, or of the centre (None), newest first.

    Of the centre's only those about a district's cases, if one is named.
    """
    found = await Notices(session).waiting(unit_id, district=district)
    names = dict(await Units(session).names()) if found else {}
    return [notice_view(row, number, subject, names) for row, number, subject in found]


async def helps_wanted(session: AsyncSession, unit_id: UnitId) -> Sequence[HelperView]:
    """Return what a unit has to help with, oldest first (R49)."""
    return [
        HelperView(
            case_id=CaseId(case.id),
            case_number=case.number,
            subject=case.subject,
            unit_id=unit_id,
            unit_name="",
            task=helper.task,
            asked_at=helper.asked_at,
            result=None,
            done_at=None,
        )
        for helper, case in await Disputes(session).asked_for_help(unit_id)
    ]


async def is_concerned(session: AsyncSession, case_id: CaseId, unit_id: UnitId) -> bool:
    """Say whether a unit was written to about a case, or helps with it: it may read it."""
    if await Notices(session).was_told(case_id, unit_id):
        return True
    return await Disputes(session).helps(case_id, unit_id)


def marks_view(row: CaseMarksRow | None) -> Marks:
    """Return the marks of a case; all off where nothing was noted."""
    if row is None:
        return Marks()
    return Marks(
        is_absolute=row.is_absolute,
        guarded_at=row.guarded_at,
        is_deferred=row.is_deferred,
        is_ownerless=row.is_ownerless,
        is_emergency=row.is_emergency,
        extension=row.extension,
        binding_unit_id=UnitId(row.binding_unit_id) if row.binding_unit_id else None,
    )


def notice_view(row: NoticeRow, number: str, subject: str, names: dict[UnitId, str]) -> NoticeView:
    """Return a notice as a value."""
    unit_id = UnitId(row.unit_id) if row.unit_id else None
    return NoticeView(
        notice_id=row.id,
        case_id=CaseId(row.case_id),
        case_number=number,
        subject=subject,
        kind=row.kind,
        unit_id=unit_id,
        to=names.get(unit_id, "") if unit_id else "",
        text=row.text,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        reply_by=row.reply_by,
        answered_by=row.answered_by,
        answer=row.answer,
        answered_at=row.answered_at,
    )


def _stage(row: CaseStageRow, now: datetime) -> StageView:
    return StageView(
        stage=row.stage,
        round=row.round,
        begun_at=row.begun_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        is_late=(row.ended_at or now) > row.due_at,
        receipt=DeadlineReceipt.from_payload(row.receipt),
    )


def _dispute(row: DisputeRow, names: dict[UnitId, str]) -> DisputeView:
    return DisputeView(
        reason=row.reason,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        met_at=row.met_at,
        present=tuple(row.present),
        minutes=row.minutes,
        decision=row.decision,
        decided_unit=names.get(UnitId(row.decided_unit_id), "") if row.decided_unit_id else "",
        words=row.words,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )

"""What screens and programs see of cases: values, never rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from case_bridge.cases.case import CaseSource, EvidenceOrigin
from case_bridge.cases.states import CaseState, CaseTrigger
from hotline.kernel.ids import CaseId, UnitId
from hotline.sla.deadline import DeadlineReceipt
from hotline.tickets.category import CategoryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One line of a work list."""

    case_id: CaseId
    number: str
    state: CaseState
    round: int
    source: CaseSource
    kind: CategoryKind | None
    category_key: str | None
    category_name: str
    condition: str | None
    subject: str
    place: str
    unit_id: UnitId | None
    unit_name: str
    district_id: UnitId | None
    district_name: str
    registered_at: datetime
    due_at: datetime | None
    is_overdue: bool
    stage_due_at: datetime | None = None
    """Until when the step that is on has to be taken; known in the lists of the desks."""
    is_stage_late: bool = False


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some lines, and the cursor of the next page; None at the end."""

    lines: tuple[CaseLine, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of a case."""

    sequence: int
    round: int
    trigger: CaseTrigger
    state: CaseState
    actor_name: str
    text: str
    reason: str
    """Why this unit, where a dispatcher or the matrix said so."""
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One text or file, with what proves it (R15)."""

    evidence_id: UUID
    round: int
    origin: EvidenceOrigin
    actor_name: str
    name: str
    media_type: str
    size: int
    sha256: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report behind a case; of a ticket only its number is shown."""

    ticket_number: str | None
    source: CaseSource
    text: str
    reported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A whole case."""

    line: CaseLine
    channel: str | None
    body: str
    longitude: float | None
    latitude: float | None
    limit: str | None
    order_text: str
    result: str
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    clock_stopped_at: datetime | None
    receipt: DeadlineReceipt | None
    steps: tuple[Step, ...]
    reports: tuple[ReportView, ...]
    evidence: tuple[Evidence, ...]

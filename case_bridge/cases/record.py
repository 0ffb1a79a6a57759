"""How a case moves: duty, table, history and event, always together."""

from datetime import datetime
from typing import Any, Final

from case_bridge.cases.case import Actor, Attachment, EvidenceOrigin
from case_bridge.cases.clock import turn_stage
from case_bridge.cases.duties import check_duty
from case_bridge.cases.events import CaseEvent, event_type
from case_bridge.cases.evidence import fingerprint
from case_bridge.cases.model import CaseHistoryRow, CaseRow, CaseWordsRow, EvidenceRow
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CASE, CaseTrigger
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CaseId, UnitId, new_id
from hotline.tickets.words import indexed_words, time_marks

NOTE_TYPE: Final = "text/plain"
"""The media type of a text that was kept as evidence."""


async def move_case(
    uow: UnitOfWork,
    case: CaseRow,
    trigger: CaseTrigger,
    *,
    actor: Actor,
    now: datetime,
    text: str = "",
    reason_code: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Move a locked case, write its history, turn its stage clock, owe whoever has to hear of it.

    Raises:
        Forbidden: if the act is not among the actor's duties.
        IllegalTransition: if the case does not allow it now.
    """
    before = case.state
    if actor.user_id is not None:
        organisation = await Cases(uow.session).organisation()
        check_duty(
            organisation,
            trigger,
            actor,
            state=before,
            district_id=UnitId(case.district_id) if case.district_id else None,
        )
    case.state = CASE.next(before, trigger)
    if trigger is CaseTrigger.REOPEN:
        case.round += 1
        # Every round begins at the first level.
        case.district_id = None
    case.sequence += 1
    row = CaseHistoryRow(
        id=new_id(),
        case_id=case.id,
        sequence=case.sequence,
        round=case.round,
        trigger=trigger,
        state=case.state,
        actor_id=actor.user_id,
        actor_name=actor.name,
        actor_roles=sorted(actor.roles),
        unit_id=case.unit_id,
        text=text,
        reason_code=reason_code,
        detail=detail or {},
        occurred_at=now,
    )
    uow.session.add(row)
    event = event_of(row, case.number)
    if event is not None:
        uow.record(event)
    await turn_stage(uow, case, before, trigger, now=now)
    uow.signal("case", case_id=case.id, state=case.state.value)


def event_of(row: CaseHistoryRow, case_number: str) -> CaseEvent | None:
    """Return the event that tells of a move, or None for one that stays inside."""
    kind = event_type(row.trigger, row.state)
    if kind is None:
        return None
    return kind(
        occurred_at=row.occurred_at,
        event_id=row.id,
        case_id=CaseId(row.case_id),
        case_number=case_number,
        round=row.round,
        sequence=row.sequence,
        trigger=row.trigger,
        text=row.text,
        reason_code=row.reason_code,
    )


def keep_evidence(
    uow: UnitOfWork,
    case: CaseRow,
    origin: EvidenceOrigin,
    *,
    actor: Actor,
    text: str,
    attachments: tuple[Attachment, ...] = (),
    now: datetime,
) -> None:
    """Keep a text and files with origin, time and fingerprint (R15, R44)."""
    note = Attachment(name="文字说明.txt", media_type=NOTE_TYPE, content=text.encode())
    for piece in (note, *attachments):
        keep_file(uow, case, origin, piece, actor=actor, now=now)


def keep_file(
    uow: UnitOfWork,
    case: CaseRow,
    origin: EvidenceOrigin,
    piece: Attachment,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep one file or text with origin, time and fingerprint (R15)."""
    uow.session.add(
        EvidenceRow(
            id=new_id(),
            case_id=case.id,
            round=case.round,
            sequence=case.sequence,
            origin=origin,
            actor_id=actor.user_id,
            actor_name=actor.name,
            name=piece.name,
            media_type=piece.media_type,
            size=len(piece.content),
            sha256=fingerprint(piece.content),
            longitude=piece.longitude,
            latitude=piece.latitude,
            recorded_at=piece.received_at or now,
            content=piece.content,
        )
    )


def copy_evidence(uow: UnitOfWork, piece: EvidenceRow, case: CaseRow) -> None:
    """Keep a piece of one case for another one too, with its origin, time and fingerprint."""
    uow.session.add(
        EvidenceRow(
            id=new_id(),
            case_id=case.id,
            round=case.round,
            sequence=case.sequence,
            origin=piece.origin,
            actor_id=piece.actor_id,
            actor_name=piece.actor_name,
            name=piece.name,
            media_type=piece.media_type,
            size=piece.size,
            sha256=piece.sha256,
            longitude=piece.longitude,
            latitude=piece.latitude,
            recorded_at=piece.recorded_at,
            content=piece.content,
        )
    )


def add_words(uow: UnitOfWork, case: CaseRow) -> None:
    """Make a new case findable by its words, which never change."""
    words = words_of(case.subject, case.place, case.body, case.registered_at)
    uow.session.add(CaseWordsRow(case_id=case.id, registered_at=case.registered_at, words=words))


def words_of(subject: str, place: str, body: str, registered_at: datetime) -> str:
    """Return what a case is found by."""
    return indexed_words((subject, place, body), time_marks(registered_at))

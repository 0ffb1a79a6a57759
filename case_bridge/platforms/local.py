"""The case system of this house, behind the same port as a stranger's."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from case_bridge.bridge.service import record_progress
from case_bridge.cases import service
from case_bridge.cases.case import Attachment, CaseSource, Registered, Report
from case_bridge.cases.events import EVENTS, CaseEvent
from case_bridge.cases.record import event_of
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseTrigger
from case_bridge.platform import (
    CaseFiling,
    CaseProgress,
    CaseReference,
    FilingRefused,
    ProgressKind,
)
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import CaseId

LOCAL: Final = "local"
"""The name of this platform in links, logs and alarms."""

PAGE: Final = 200
"""Messages read in one transaction."""

_KINDS: Final = MappingProxyType(
    {
        CaseTrigger.FILE: ProgressKind.FILED,
        CaseTrigger.REOPEN: ProgressKind.FILED,
        CaseTrigger.DECLINE: ProgressKind.DECLINED,
        CaseTrigger.DISPATCH: ProgressKind.DISPATCHED,
        CaseTrigger.DECIDE: ProgressKind.DISPATCHED,
        CaseTrigger.RETURN: ProgressKind.RETURNED,
        CaseTrigger.HANDLE: ProgressKind.HANDLED,
        CaseTrigger.REWORK: ProgressKind.REWORKED,
        CaseTrigger.SETTLE: ProgressKind.CLOSED,
        CaseTrigger.CLOSE: ProgressKind.CLOSED,
        CaseTrigger.FORCE_CLOSE: ProgressKind.CLOSED,
        CaseTrigger.VOID: ProgressKind.VOIDED,
        CaseTrigger.FORCE_VOID: ProgressKind.VOIDED,
    }
)


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """Cases in our own tables; the hotline still meets them only through the port."""

    database: Database
    name: str = LOCAL

    async def submit(self, filing: CaseFiling) -> CaseReference:
        """Register the filing as a case."""
        try:
            async with self.database.begin() as uow:
                registered = await service.register_case(
                    uow, _report(filing), now=filing.submitted_at
                )
        except Invalid as error:
            raise FilingRefused(str(error)) from error
        return _reference(registered)

    async def reopen(self, case_key: str, filing: CaseFiling, reason: str) -> CaseReference:
        """Work on the case again in a new round."""
        try:
            async with self.database.begin() as uow:
                registered = await service.reopen_case(
                    uow,
                    CaseId(_case_id(case_key)),
                    _report(filing),
                    reason=reason,
                    now=filing.submitted_at,
                )
        except (Invalid, NotFound, Conflict) as error:
            raise FilingRefused(str(error)) from error
        return _reference(registered)

    async def progress_since(self, since: datetime) -> AsyncIterator[CaseProgress]:
        """Yield the moves of every case that the other side hears of."""
        after: tuple[datetime, UUID, int] | None = None
        while True:
            async with self.database.read() as session:
                rows = await Cases(session).messages_since(
                    since, list(EVENTS), after=after, limit=PAGE
                )
            for row, number in rows:
                event = event_of(row, number)
                if event is not None:
                    yield progress_of(event)
            if len(rows) < PAGE:
                return
            last = rows[-1][0]
            after = (last.occurred_at, last.case_id, last.sequence)

    async def aclose(self) -> None:
        """The database belongs to somebody else."""


async def record_event(database: Database, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Carry an event of the case system over the bridge: the job `record_case_progress`.

    `payload` is what any `CaseEvent` wrote; carrying it twice changes nothing.
    """
    event = CaseEvent.from_payload(payload)
    async with database.begin() as uow:
        await record_progress(uow, LOCAL, progress_of(event), now=now)


def progress_of(event: CaseEvent) -> CaseProgress:
    """Return the message that tells the hotline of an event."""
    return CaseProgress(
        message_id=str(event.event_id),
        case_key=str(event.case_id),
        round=event.round,
        sequence=event.sequence,
        kind=_KINDS[event.trigger],
        text=event.text,
        reason_code=event.reason_code,
        occurred_at=event.occurred_at,
    )


def _report(filing: CaseFiling) -> Report:
    return Report(
        source=CaseSource.WEB if filing.channel == "web" else CaseSource.HOTLINE,
        channel=filing.channel,
        subject=filing.subject,
        body=filing.body,
        place=filing.place,
        longitude=filing.longitude,
        latitude=filing.latitude,
        category=filing.category,
        condition=filing.condition,
        ticket_id=filing.ticket_id,
        ticket_number=filing.ticket_number,
        round=filing.round,
        attachments=tuple(
            Attachment(
                name=each.name,
                media_type=each.media_type,
                content=each.content,
                received_at=each.received_at,
            )
            for each in filing.attachments
        ),
    )


def _reference(registered: Registered) -> CaseReference:
    return CaseReference(str(registered.case_id), registered.number, registered.round)


def _case_id(case_key: str) -> UUID:
    try:
        return UUID(case_key)
    except ValueError:
        raise NotFound("case", case_key) from None

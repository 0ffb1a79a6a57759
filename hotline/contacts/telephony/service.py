"""Reports of the voice processes and the calls they refused: written with each heartbeat."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow, VoiceProcessRow
from hotline.contacts.calls.service import view_of
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.calls.values import CallView
from hotline.contacts.telephony.model import RefusedCallRow, VoiceReportRow
from hotline.contacts.telephony.values import ProcessReport, Refusal, Report
from hotline.kernel.db import UnitOfWork

REFUSALS_KEPT = timedelta(days=90)
MOST_ROWS = 500

_REPORT: TypeAdapter[Report] = TypeAdapter(Report)


async def report(
    uow: UnitOfWork, process_id: UUID, told: Report, refusals: Sequence[Refusal], *, now: datetime
) -> None:
    """Keep what a voice process tells, in place of what it told before."""
    values = {"reported_at": now, "report": _REPORT.dump_python(told, mode="json")}
    query = insert(VoiceReportRow).values(process_id=process_id, **values)
    await uow.session.execute(
        query.on_conflict_do_update(index_elements=[VoiceReportRow.process_id], set_=values)
    )
    uow.session.add_all(
        RefusedCallRow(process_id=process_id, **asdict(refusal)) for refusal in refusals
    )


async def reports(session: AsyncSession) -> list[ProcessReport]:
    """Return the last report of every voice process that lives, by name."""
    query = (
        select(VoiceReportRow, VoiceProcessRow.name)
        .join(VoiceProcessRow, VoiceProcessRow.id == VoiceReportRow.process_id)
        .where(VoiceProcessRow.ended_at.is_(None))
        .order_by(VoiceProcessRow.name)
    )
    return [
        ProcessReport(row.process_id, name, row.reported_at, _read(row.report))
        for row, name in await session.execute(query)
    ]


def _read(stored: dict[str, Any]) -> Report:
    return _REPORT.validate_python(stored)


async def refusals_of(
    session: AsyncSession, direction: CallDirection, place: str, *, since: datetime
) -> list[Refusal]:
    """Return the calls that a line or trunk refused since an instant, the latest first."""
    return await _refusals(
        session,
        RefusedCallRow.direction == direction,
        RefusedCallRow.place == place,
        RefusedCallRow.at > since,
    )


async def refusals_elsewhere(
    session: AsyncSession, places: Sequence[str], *, since: datetime
) -> list[Refusal]:
    """Return the inbound calls that were refused and were for none of these lines."""
    return await _refusals(
        session,
        RefusedCallRow.direction == CallDirection.INBOUND,
        RefusedCallRow.place.not_in(places),
        RefusedCallRow.at > since,
    )


async def _refusals(session: AsyncSession, *which: Any) -> list[Refusal]:
    query = select(RefusedCallRow).where(*which).order_by(RefusedCallRow.id.desc()).limit(MOST_ROWS)
    return [
        Refusal(
            at=row.at,
            direction=row.direction,
            place=row.place,
            source=row.source,
            reason=row.reason,
            status=row.status,
        )
        for row in await session.scalars(query)
    ]


async def calls_now(session: AsyncSession, direction: CallDirection, place: str) -> list[CallView]:
    """Return the calls of a line or trunk that have not ended, the oldest first."""
    query = (
        select(CallRow)
        .where(CallRow.direction == direction, CallRow.line == place, CallRow.ended_at.is_(None))
        .order_by(CallRow.started_at)
        .limit(MOST_ROWS)
    )
    return [view_of(row) for row in await session.scalars(query)]


async def forget(uow: UnitOfWork, *, now: datetime) -> int:
    """Delete refusals that are old and reports of processes that ended; return how many."""
    refusals = await uow.session.scalars(
        delete(RefusedCallRow)
        .where(RefusedCallRow.at < now - REFUSALS_KEPT)
        .returning(RefusedCallRow.id)
    )
    ended = select(VoiceProcessRow.id).where(VoiceProcessRow.ended_at.is_not(None))
    reports = await uow.session.scalars(
        delete(VoiceReportRow)
        .where(VoiceReportRow.process_id.in_(ended))
        .returning(VoiceReportRow.process_id)
    )
    return len(refusals.all()) + len(reports.all())

"""Processes say that they live; the proof of a day's recordings is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.reports.processes.model import ProcessRow, RecordingsProofRow

SILENT_AFTER: Final = timedelta(minutes=2)
"""A process that has said nothing for so long hangs, was killed, or cannot reach the database."""
KEPT: Final = timedelta(days=7)
"""How long a process that ended, or was never heard again, is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOfLife:
    """What a process says of itself; sizes in bytes."""

    role: str
    host: str
    pid: int
    version: str
    started_at: datetime
    disk_free: int
    disk_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessView:
    """One process that has not said that it ends."""

    process_id: UUID
    told: SignOfLife
    seen_at: datetime
    is_silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsProof:
    """The proof of one day: how many calls, and which have no recording that can be played."""

    day: date
    made_at: datetime
    calls: int
    findings: Mapping[str, str]
    """Call id to finding, of those without proof."""


async def say_alive(uow: UnitOfWork, process_id: UUID, told: SignOfLife, *, now: datetime) -> None:
    """Keep that a process lives, and what it says."""
    values = asdict(told) | {"seen_at": now, "ended_at": None}
    query = insert(ProcessRow).values(id=process_id, **values)
    await uow.session.execute(
        query.on_conflict_do_update(index_elements=[ProcessRow.id], set_=values)
    )


async def say_ended(uow: UnitOfWork, process_id: UUID, *, now: datetime) -> None:
    """Keep that a process has ended in order."""
    await uow.session.execute(
        update(ProcessRow).where(ProcessRow.id == process_id).values(ended_at=now)
    )


async def living(session: AsyncSession, *, now: datetime) -> list[ProcessView]:
    """Return every process that has not said that it ends, by role; silent ones are marked.

    Whoever is silent since before the same role began on the same machine has been replaced by it.
    """
    rows = await session.scalars(
        select(ProcessRow)
        .where(ProcessRow.ended_at.is_(None))
        .order_by(ProcessRow.role, ProcessRow.host, ProcessRow.started_at)
    )
    views = [_view(row, now) for row in rows]
    return [each for each in views if not (each.is_silent and _is_replaced(each, views))]


def _view(row: ProcessRow, now: datetime) -> ProcessView:
    told = SignOfLife(
        role=row.role,
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_at=row.started_at,
        disk_free=row.disk_free,
        disk_total=row.disk_total,
    )
    return ProcessView(
        process_id=row.id,
        told=told,
        seen_at=row.seen_at,
        is_silent=now - row.seen_at > SILENT_AFTER,
    )


def _is_replaced(silent: ProcessView, views: list[ProcessView]) -> bool:
    return any(
        not each.is_silent
        and (each.told.role, each.told.host) == (silent.told.role, silent.told.host)
        and each.told.started_at >= silent.seen_at
        for each in views
    )


async def forget(uow: UnitOfWork, *, now: datetime) -> int:
    """Delete what nobody has heard of for a week; return how many."""
    gone = await uow.session.execute(
        delete(ProcessRow).where(ProcessRow.seen_at < now - KEPT).returning(ProcessRow.id)
    )
    return len(gone.all())


async def keep_proof(uow: UnitOfWork, proof: RecordingsProof) -> None:
    """Keep what a proof of recordings found."""
    uow.session.add(
        RecordingsProofRow(
            day=proof.day,
            made_at=proof.made_at,
            calls=proof.calls,
            unproven=len(proof.findings),
            findings=dict(proof.findings),
        )
    )


async def last_proof(session: AsyncSession) -> RecordingsProof | None:
    """Return the proof that was made last, or None if none was ever made."""
    row = await session.scalar(
        select(RecordingsProofRow).order_by(RecordingsProofRow.made_at.desc()).limit(1)
    )
    if row is None:
        return None
    return RecordingsProof(
        day=row.day, made_at=row.made_at, calls=row.calls, findings=dict(row.findings)
    )

"""A backup is noted when it is made, and again when it is proven by loading it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.reports.backups.model import BackupRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup; `size` in bytes."""

    backup_id: UUID
    made_at: datetime
    host: str
    folder: str
    size: int
    verified_at: datetime | None = None
    problem: str | None = None


async def keep_backup(uow: UnitOfWork, backup: Backup) -> None:
    """Note that a backup was made."""
    uow.session.add(
        BackupRow(
            id=backup.backup_id,
            made_at=backup.made_at,
            host=backup.host,
            folder=backup.folder,
            size=backup.size,
        )
    )


async def note_proof(
    uow: UnitOfWork, backup_id: UUID, *, problem: str | None, now: datetime
) -> bool:
    """Note what loading a backup has shown; return whether the house knows that backup."""
    noted = await uow.session.execute(
        update(BackupRow)
        .where(BackupRow.id == backup_id)
        .values(verified_at=now, problem=problem)
        .returning(BackupRow.id)
    )
    return noted.one_or_none() is not None


async def last_backup(session: AsyncSession) -> Backup | None:
    """Return the backup that was made last, or None if none was ever made."""
    query = select(BackupRow).order_by(BackupRow.made_at.desc()).limit(1)
    return _backup(await session.scalar(query))


async def last_proven(session: AsyncSession) -> Backup | None:
    """Return the backup that was loaded last, whatever that has shown, or None."""
    query = (
        select(BackupRow)
        .where(BackupRow.verified_at.is_not(None))
        .order_by(BackupRow.verified_at.desc())
        .limit(1)
    )
    return _backup(await session.scalar(query))


def _backup(row: BackupRow | None) -> Backup | None:
    if row is None:
        return None
    return Backup(
        backup_id=row.id,
        made_at=row.made_at,
        host=row.host,
        folder=row.folder,
        size=row.size,
        verified_at=row.verified_at,
        problem=row.problem,
    )

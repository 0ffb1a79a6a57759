"""Ask for a file, write it piece by piece, hand it out, forget it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import new_id
from hotline.reports.exports.files import as_csv, write_workbook
from hotline.reports.exports.lists import ExportedList, Request
from hotline.reports.exports.model import ExportRow, ExportState, FileFormat
from hotline.tickets.lists import Sort

JOB: Final = "write_export"
KEPT: Final = timedelta(days=7)
PIECE: Final = 1_000
"""Rows that are read and written at once."""
TURN_SECONDS: Final = 15.0
"""How long one run writes; then the next one goes on, so that other work gets its turn."""
MOST_SHEET_ROWS: Final = 50_000
MOST_WAITING: Final = 3
"""Files that one person may have in the making."""
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Where files lie, and which lists there are to be taken away, by their names."""

    folder: Path
    lists: Mapping[str, ExportedList]


async def ask_export(
    uow: UnitOfWork,
    user: User,
    listed: ExportedList,
    *,
    wanted: Mapping[str, Any],
    sort: Sort,
    file_format: FileFormat,
    unmasked: bool,
    reason: str,
    now: datetime,
) -> UUID:
    """Owe a person a file of the rows that fit; in the audit log with who, what and why.

    Whether the person may see these rows, and have them unmasked, is the caller's to check:
    `wanted` is kept as it is, however long the file takes.

    Raises:
        Invalid: if it is to be unmasked without a reason.
        Conflict: if the person waits for enough files already.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if unmasked and len(reason) < SHORTEST_REASON:
        raise Invalid("reason", "needed to export numbers and addresses unmasked")
    running = [row for row in await exports_of(uow.session, user) if row.state in _RUNNING]
    if len(running) >= MOST_WAITING:
        raise Conflict("enough files are in the making; wait for one of them")
    row = ExportRow(
        id=new_id(),
        user_id=user.id,
        list_name=listed.name,
        file_format=file_format,
        wanted=dict(wanted),
        sort=sort.value,
        is_unmasked=unmasked,
        reason=reason,
        expected=await listed.expected(uow.session, wanted, sort=sort, now=now),
        asked_at=now,
    )
    uow.session.add(row)
    _go_on(uow, row, now)
    await audit.append(
        uow,
        actor=user.login,
        action=f"{listed.name}.export",
        target=f"export:{row.id}",
        detail={"wanted": row.wanted, "unmasked": unmasked, "reason": reason},
        now=now,
    )
    return row.id


_RUNNING: Final = frozenset({ExportState.WAITING, ExportState.WRITING})


async def exports_of(session: AsyncSession, user: User, *, limit: int = 50) -> Sequence[ExportRow]:
    """Return a person's files, newest first."""
    found = await session.scalars(
        select(ExportRow)
        .where(ExportRow.user_id == user.id)
        .order_by(ExportRow.asked_at.desc(), ExportRow.id)
        .limit(limit)
    )
    return found.all()


async def write_export(
    database: Database, export_id: UUID, *, options: ExportOptions, now: datetime
) -> None:
    """Write on at a file until it is whole or the turn is over. Job: `write_export` {export_id}.

    Running again after a crash writes no row twice: the row says how much of the file counts.
    """
    ends = time.monotonic() + TURN_SECONDS
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        while await _write_turn(database, export_id, options, now):
            if time.monotonic() > ends:
                async with database.begin() as uow:
                    row = await uow.session.get_one(ExportRow, export_id, with_for_update=True)
                    row.part += 1
                    _go_on(uow, row, now)
                return
    except Invalid as error:
        async with database.begin() as uow:
            row = await uow.session.get_one(ExportRow, export_id, with_for_update=True)
            row.state, row.problem, row.ended_at = ExportState.FAILED, error.problem, now


async def _write_turn(
    database: Database, export_id: UUID, options: ExportOptions, now: datetime
) -> bool:
    """Write one piece; say whether there is more to write."""
    async with database.begin() as uow:
        row = await uow.session.get(ExportRow, export_id, with_for_update=True)
        if row is None or row.state not in _RUNNING:
            return False
        row.state = ExportState.WRITING
        is_whole = await _write_piece(uow.session, row, options)
        if is_whole:
            await _finish(row, options, now)
        return not is_whole


def _go_on(uow: UnitOfWork, row: ExportRow, now: datetime) -> None:
    uow.enqueue(
        JOB,
        key=f"{JOB}:{row.id}:{row.part or 0}",
        payload={"export_id": str(row.id)},
        due_at=now,
    )


async def _write_piece(session: AsyncSession, row: ExportRow, options: ExportOptions) -> bool:
    listed = options.lists[row.list_name]
    asked = Request(
        wanted=row.wanted,
        sort=Sort(row.sort),
        unmasked=row.is_unmasked,
        # What was overdue when it was asked for.
        now=row.asked_at,
    )
    lines, cursor = await listed.lines(session, asked, after=row.cursor, limit=PIECE)
    content = as_csv(lines)
    if row.size == 0:
        # Spreadsheets take UTF-8 for what it is only with this mark.
        content = b"\xef\xbb\xbf" + as_csv([listed.columns]) + content
    await asyncio.to_thread(_append, _path(row, options, FileFormat.CSV), row.size, content)
    row.size += len(content)
    row.written += len(lines)
    row.cursor = cursor
    if row.file_format is FileFormat.XLSX and row.written > MOST_SHEET_ROWS:
        raise Invalid(
            "format", f"more than {MOST_SHEET_ROWS} rows: ask for CSV, or narrow the list"
        )
    return cursor is None


def _append(path: Path, size: int, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=True)
    with path.open("r+b") as file:
        file.truncate(size)
        file.seek(size)
        file.write(content)


async def _finish(row: ExportRow, options: ExportOptions, now: datetime) -> None:
    if row.file_format is FileFormat.XLSX:
        source, target = _path(row, options, FileFormat.CSV), export_path(row, options)
        title = options.lists[row.list_name].title
        await asyncio.to_thread(write_workbook, source, target, title)
        source.unlink()
        target.chmod(0o600)
        row.size = target.stat().st_size
    row.state, row.ended_at = ExportState.READY, now


def export_path(row: ExportRow, options: ExportOptions) -> Path:
    """Return where the finished file lies."""
    return _path(row, options, row.file_format)


def _path(row: ExportRow, options: ExportOptions, file_format: FileFormat) -> Path:
    return options.folder / f"{row.id}.{file_format}"


async def take_export(
    uow: UnitOfWork, user: User, export_id: UUID, *, options: ExportOptions, now: datetime
) -> tuple[ExportRow, Path]:
    """Return a finished file to who asked for it; in the audit log.

    Raises:
        NotFound: if it is not theirs, not finished, or gone.
    """
    row = await uow.session.get(ExportRow, export_id)
    if row is None or row.user_id != user.id or row.state is not ExportState.READY:
        raise NotFound("export", export_id)
    path = export_path(row, options)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("export", export_id)
    await audit.append(
        uow,
        actor=user.login,
        action=f"{row.list_name}.export_taken",
        target=f"export:{row.id}",
        detail={"rows": row.written, "unmasked": row.is_unmasked},
        now=now,
    )
    return row, path


async def forget_exports(database: Database, *, options: ExportOptions, now: datetime) -> int:
    """Remove files that have been kept long enough; return how many. For the sweeper."""
    async with database.begin() as uow:
        found = await uow.session.scalars(
            select(ExportRow)
            .where(ExportRow.state != ExportState.EXPIRED, ExportRow.asked_at < now - KEPT)
            .with_for_update(skip_locked=True)
            .limit(200)
        )
        rows = found.all()
        for row in rows:
            for file_format in FileFormat:
                _path(row, options, file_format).unlink(missing_ok=True)
            row.state = ExportState.EXPIRED
    return len(rows)

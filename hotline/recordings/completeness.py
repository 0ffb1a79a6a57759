"""The daily proof: every call that a seat answered has a playable recording, or a named reason."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.kernel.clock import SHANGHAI
from hotline.recordings.model import RecordingDisposalRow, RecordingRow
from hotline.recordings.repository import Recordings
from hotline.recordings.seal import Unreadable, seal_file
from hotline.recordings.states import RecordingClass, RecordingState

SECOND = timedelta(seconds=1)

TOLERANCE = timedelta(seconds=2)
"""Between the talk in SQL and the file: opening it, and the last chunk of a killed process."""


class Finding(StrEnum):
    """What was found out about one call."""

    WHOLE = "whole"  # 完整
    EXPLAINED = "explained"  # 有说明: nothing to play, and it is known why
    NO_RECORDING = "no_recording"  # 无录音
    UNREADABLE = "unreadable"  # 无法播放
    CHANGED = "changed"  # 与封存哈希不符
    TOO_SHORT = "too_short"  # 时长不足


PROVEN = frozenset({Finding.WHOLE, Finding.EXPLAINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One call of the day."""

    call_id: UUID
    finding: Finding
    reason: str
    talk_seconds: float
    recorded_seconds: float


async def prove_day(database_session: AsyncSession, day: date, *, folder: Path) -> list[Proof]:
    """Examine every call that a seat answered on a day of Shanghai's calendar and that is over.

    Each file is read and hashed: run it at night.
    """
    begin = datetime.combine(day, time(0), SHANGHAI)
    found = Recordings(database_session)
    calls = await found.answered_calls(begin, begin + timedelta(days=1))
    rows = await found.of_calls([call.id for call in calls])
    disposals = await found.disposals_of([row.id for row in rows])
    by_call: dict[UUID, list[RecordingRow]] = defaultdict(list)
    for row in rows:
        if row.kind is not RecordingClass.MESSAGE:  # what is said to nobody is no talk
            by_call[row.call_id].append(row)
    return [
        await asyncio.to_thread(_prove, call, by_call[call.id], disposals, folder) for call in calls
    ]


def _prove(
    call: CallRow,
    rows: Sequence[RecordingRow],
    disposals: dict[UUID, RecordingDisposalRow],
    folder: Path,
) -> Proof:
    findings = [_examine(row, disposals.get(row.id), folder) for row in rows]
    talk = sum(((_end(row) - row.started_at) / SECOND for row in rows), 0.0)
    recorded = sum((row.duration_ms or 0) for row in rows) / 1000
    finding, reason = _judge(call, rows, findings, talk - recorded)
    return Proof(
        call_id=call.id,
        finding=finding,
        reason=reason,
        talk_seconds=round(talk, 1),
        recorded_seconds=round(recorded, 1),
    )


def _end(row: RecordingRow) -> datetime:
    return row.ended_at or row.started_at


def _judge(
    call: CallRow,
    rows: Sequence[RecordingRow],
    findings: Sequence[tuple[Finding, str]],
    missing: float,
) -> tuple[Finding, str]:
    if not findings:
        if call.notice_version is None:
            return Finding.EXPLAINED, "no recording notice was played"
        return Finding.NO_RECORDING, "no recording was begun"
    worst = next((each for each in findings if each[0] is not Finding.WHOLE), None)
    if worst is not None:
        return worst
    assert call.connected_at is not None, "the query asks for answered calls"
    # Of several talks, `connected_at` is that of the last.
    late = (rows[-1].started_at - call.connected_at) / SECOND
    if max(missing, late) > TOLERANCE.total_seconds():
        return Finding.TOO_SHORT, f"{max(missing, late):.1f} s of the talk are missing"
    return Finding.WHOLE, ""


def _examine(
    row: RecordingRow, disposal: RecordingDisposalRow | None, folder: Path
) -> tuple[Finding, str]:
    if disposal is not None:
        return Finding.EXPLAINED, f"disposed of by rule {disposal.rule}"
    if row.state is RecordingState.MISSING:
        return Finding.EXPLAINED, row.problem or "missing"
    if row.state is RecordingState.RUNNING:
        return Finding.NO_RECORDING, "not sealed yet"
    try:
        seal = seal_file(folder / row.path)
    except Unreadable as error:
        return Finding.UNREADABLE, error.problem
    if seal.sha256 != row.sha256:
        return Finding.CHANGED, "the file is not the one that was sealed"
    if row.problem:
        return Finding.EXPLAINED, row.problem
    return Finding.WHOLE, ""

"""The daily proof: every talk and every message has a playable recording, or a named reason.

A talk begins when a seat answers, or when a flow or a seat lets the call go on with somebody, in
the house or outside; each such moment must lie in a recording of the call. Each file must be what
was sealed and as long as the time between its beginning and its end.
"""

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
    """Examine every call that is over and had a talk or a message on a day of Shanghai's calendar.

    Each file is read and hashed: run it at night.
    """
    begin = datetime.combine(day, time(0), SHANGHAI)
    found = Recordings(database_session)
    calls = await found.calls_with_sound(begin, begin + timedelta(days=1))
    ids = [call.id for call in calls]
    rows = await found.of_calls(ids)
    disposals = await found.disposals_of([row.id for row in rows])
    by_call: dict[UUID, list[RecordingRow]] = defaultdict(list)
    for row in rows:
        by_call[row.call_id].append(row)
    talks: dict[UUID, list[datetime]] = defaultdict(list)
    for event in await found.talks_of(ids):
        talks[event.call_id].append(event.at)
    return [
        await asyncio.to_thread(_prove, call, by_call[call.id], talks[call.id], disposals, folder)
        for call in calls
    ]


def _prove(
    call: CallRow,
    rows: Sequence[RecordingRow],
    talks: Sequence[datetime],
    disposals: dict[UUID, RecordingDisposalRow],
    folder: Path,
) -> Proof:
    findings = [_examine(row, disposals.get(row.id), folder) for row in rows]
    talk = sum(((_end(row) - row.started_at) / SECOND for row in rows), 0.0)
    recorded = sum((row.duration_ms or 0) for row in rows) / 1000
    finding, reason = _judge(call, rows, talks, findings)
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
    talks: Sequence[datetime],
    findings: Sequence[tuple[Finding, str]],
) -> tuple[Finding, str]:
    worst = next((each for each in findings if each[0] not in PROVEN), None)
    if worst is not None:
        return worst
    # What is said to nobody is no talk.
    of_talks = [row for row in rows if row.kind is not RecordingClass.MESSAGE]
    for at in talks:
        begins = [row.started_at for row in of_talks if _end(row) >= at]
        if not begins and call.notice_version is None:
            return Finding.EXPLAINED, "no recording notice was played"
        if not begins:
            return Finding.NO_RECORDING, "no recording was begun"
        late = (min(begins) - at) / SECOND
        if late > TOLERANCE.total_seconds():
            return Finding.TOO_SHORT, f"{late:.1f} s of the talk are missing"
    explained = next((each for each in findings if each[0] is Finding.EXPLAINED), None)
    return explained or (Finding.WHOLE, "")


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
    missing = (_end(row) - row.started_at) / SECOND - seal.duration_ms / 1000
    if missing > TOLERANCE.total_seconds():
        what = "message" if row.kind is RecordingClass.MESSAGE else "talk"
        return Finding.TOO_SHORT, f"{missing:.1f} s of the {what} are missing"
    return Finding.WHOLE, ""

"""The recording of a talk: begun, sealed, and never worth a call."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from channels.voice.exchange import Exchange
from channels.voice.leg import Leg
from channels.voice.media.engine import LegClosed, RecordingFailed
from hotline.kernel.ids import CallId, new_id
from hotline.recordings import service as recordings
from hotline.recordings.states import RecordingClass

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunningRecording:
    """A recording that has begun."""

    recording_id: UUID
    path: Path
    is_running: bool
    """False: the file could not be opened; the row says why."""


@asynccontextmanager
async def recorded(
    exchange: Exchange,
    call_id: CallId,
    leg: Leg,
    *,
    part: int = 1,
    kind: RecordingClass = RecordingClass.INBOUND,
) -> AsyncGenerator[RunningRecording, None]:
    """Record both directions of a leg inside the block; a failure costs the file, not the call.

    `part` counts the talks of one call: a caller who came back to the queue has several.
    """
    now = exchange.clock()
    name = recordings.file_name(call_id, now, part=part)
    path = exchange.options.recordings / name
    recording_id = new_id()
    await exchange.ledger.write(
        call_id,
        "recording",
        lambda uow: recordings.start_recording(
            uow, call_id, recording_id=recording_id, path=name, kind=kind, now=now
        ),
    )
    problem: str | None = None
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await leg.media.start_recording(path)
    except (OSError, RecordingFailed, LegClosed) as error:
        problem = getattr(error, "problem", type(error).__name__)
        log.error("recording_failed", call=str(call_id), reason=problem)
    try:
        yield RunningRecording(recording_id, path, is_running=problem is None)
    finally:
        summary = await leg.media.stop_recording()
        if summary is not None and summary.problem is not None:
            problem = summary.problem
        seal = partial(
            recordings.finish_recording,
            exchange.database,
            recording_id,
            folder=exchange.options.recordings,
            problem=problem,
            now=exchange.clock(),
        )
        await exchange.ledger.carry_out(call_id, "seal", seal)

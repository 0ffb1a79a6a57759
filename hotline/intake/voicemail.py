"""A message on the telephone (留言): what was recorded becomes a ticket for a person to hear.

The job that opens the ticket is owed before the first word is recorded: whatever dies meanwhile,
nobody's message is lost. The call opens it itself when it can, to tell the number at once.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.repository import Calls
from hotline.contacts.contact import Channel
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallId, ContactId, TicketId
from hotline.people.citizen import PeopleOptions
from hotline.people.number import parse_number
from hotline.people.service import identify
from hotline.recordings.model import RecordingRow
from hotline.recordings.repository import Recordings
from hotline.recordings.seal import Unreadable
from hotline.recordings.speech import LEAST_SPEECH, spoken_seconds
from hotline.recordings.states import RecordingState
from hotline.tickets.service import open_ticket
from hotline.tickets.ticket import RequestKind, TicketDraft

ACTOR = "system:voicemail"
JOB = "open_voicemail"

SEALED_BY = timedelta(minutes=3)
"""After the longest message: by then it is sealed, by its call or by the sweeper."""


def owe_ticket(uow: UnitOfWork, recording_id: UUID, *, limit: timedelta, now: datetime) -> None:
    """Owe the ticket of a message that is about to be recorded, `limit` long at most."""
    uow.enqueue(
        JOB,
        key=f"{JOB}:{recording_id}",
        payload={"recording_id": str(recording_id)},
        due_at=now + limit + SEALED_BY,
    )


async def open_voicemail(
    database: Database, recording_id: UUID, *, folder: Path, people: PeopleOptions, now: datetime
) -> TicketId | None:
    """Open the one ticket of a message; None if nothing was said.

    A message whose file is lost is a ticket all the same: somebody wanted something.

    Raises:
        Unavailable: while the recording is not sealed.
    """
    async with database.read() as session:
        recording = await Recordings(session).get(recording_id)
    if recording.state is RecordingState.RUNNING:
        raise Unavailable("the recording of a message", SEALED_BY)
    seconds = await asyncio.to_thread(_spoken, folder / recording.path)
    if seconds is not None and seconds < LEAST_SPEECH:
        return None
    async with database.begin() as uow:
        call = await Calls(uow.session).get(CallId(recording.call_id))
        draft = await _draft(uow, call, recording, seconds, people=people, now=now)
        return await open_ticket(uow, draft, now=now, actor=ACTOR)


def _spoken(path: Path) -> float | None:
    try:
        return spoken_seconds(path)
    except Unreadable:
        return None


async def _draft(
    uow: UnitOfWork,
    call: CallRow,
    recording: RecordingRow,
    seconds: float | None,
    *,
    people: PeopleOptions,
    now: datetime,
) -> TicketDraft:
    number = call.number if call.number and parse_number(call.number) else None
    length = round((recording.duration_ms or 0) / 1000)
    if seconds is None:
        body = "来电人留了言，但录音没有保存下来。请按来电号码回电询问。"
    else:
        body = "来电人留了言。请收听录音，补充标题、类别和地点后再转办。"
    return TicketDraft(
        channel=Channel.VOICE,
        contact_id=None if call.contact_id is None else ContactId(call.contact_id),
        call_id=CallId(call.id),
        citizen_id=await identify(uow, options=people, phone=number, now=now),
        request_kind=RequestKind.OTHER,
        subject=f"电话留言（{length} 秒）",
        body=body,
        reply_channel=Channel.VOICE if number else Channel.WEB,
        reply_to=number,
        origin_key=f"voicemail:{recording.id}",
    )

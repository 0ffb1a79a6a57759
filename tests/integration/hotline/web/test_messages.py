"""The message that a ticket came of is heard from the ticket, by whoever works on it."""

import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.intake.voicemail import open_voicemail
from hotline.kernel.ids import TicketId, UserId
from hotline.people.citizen import PeopleOptions
from hotline.queues import service as queues
from hotline.recordings import service as recordings
from hotline.recordings.states import RecordingClass
from hotline.web.recordings.handlers import recordings_part
from hotline.web.recordings.options import RecordingsOptions
from tests.fakes.web_house import WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def ticket(house: WebHouse, tmp_path: Path) -> TicketId:
    """A ticket that came of two seconds of sound."""
    house.parts = (recordings_part(RecordingsOptions(tmp_path)),)
    await house.user("wang", Role.SEAT, seat="801")
    async with house.database.begin() as uow:
        view = await queues.seat_view(uow.session, house.seats["801"])
        await queues.sign_in(uow, view.seat_id, UserId(uuid4()), house.clock())
    call_id = await house.ring()
    async with house.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path="m.wav", kind=RecordingClass.MESSAGE, now=house.clock()
        )
    loud = np.full(2 * 2 * 8000, 4000, dtype="<i2")
    with wave.open(str(tmp_path / "m.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(loud.tobytes())
    await recordings.finish_recording(
        house.database, recording_id, folder=tmp_path, now=house.clock()
    )
    opened = await open_voicemail(
        house.database,
        recording_id,
        folder=tmp_path,
        people=PeopleOptions(index_key=b"0123456789abcdef"),
        now=house.clock(),
    )
    assert opened is not None
    return opened


async def test_a_seat_hears_the_message_of_a_ticket_and_the_log_says_so(
    house: WebHouse, browse: Browse, ticket: TicketId
) -> None:
    """A message is the citizen's own text: no leader is needed, and every listening is logged."""
    client = await browse("wang")
    page = f"/tickets/{ticket}"

    assert "收听留言（2 秒）" in await (await client.get(page)).text()
    assert (await client.get(f"{page}/message")).status == 404
    assert (await client.get(f"{page}/message?listening={uuid4()}")).status == 403
    opened = await client.post(
        f"{page}/message",
        data={"form_token": await form_token(client, page)},
        allow_redirects=False,
    )
    assert opened.status == 303
    shown = await (await client.get(opened.headers["Location"])).text()
    listening = opened.headers["Location"].partition("listening=")[2].partition("#")[0]
    whole = await client.get(f"{page}/message?listening={UUID(listening)}")

    assert f"{page}/message?listening={listening}" in shown
    assert (whole.status, len(await whole.read())) == (200, 2 * 4 * 8000 + 44)
    async with house.database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action)))
    assert "recording.listen" in acts


async def test_a_role_that_reads_no_tickets_hears_no_message(
    house: WebHouse, browse: Browse, ticket: TicketId
) -> None:
    await house.user("unit", Role.UNIT)
    client = await browse("unit")

    assert (await client.get(f"/tickets/{ticket}/message")).status == 403

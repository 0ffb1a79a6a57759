"""What the pages show that need more than a call, a ticket and a case: sound, figures, letters."""

import wave
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from channels.mail.parse import read_mail
from hotline.callbacks import service as callbacks
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.spoken import keep_spoken
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.service import IntakeOptions, receive
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.ids import CallId
from hotline.recordings import service as recordings
from hotline.recordings.states import RecordingClass
from hotline.reports.model import ServiceLevelRow
from hotline.reports.service import keep_day
from tests.fakes.web_house import PEOPLE, WebHouse
from tests.integration.hotline.tickets.drafts import resolved_ticket

BULK = b"From: zhang@example.org\r\nPrecedence: bulk\r\nSubject: light\r\n\r\nThe lamp is dark.\r\n"


async def rare_pages(house: WebHouse, call_id: CallId, folder: Path) -> set[str]:
    """Let there be one of each; return the addresses that no list of the day leads to."""
    await _recorded(house, call_id, folder / "talk.wav")
    contact = InboundContact(Channel.MAIL, "<1@x>", house.clock(), BULK, "zhang@example.org")
    options = IntakeOptions(readers={Channel.MAIL: read_mail}, people=PEOPLE)
    await receive(house.database, contact, options=options, now=house.clock())
    return {await _spoken(house, call_id, folder), await _kept_figure(house)}


async def _recorded(house: WebHouse, call_id: CallId, file: Path) -> UUID:
    """A second of a call, sealed."""
    async with house.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path=file.name, kind=RecordingClass.INBOUND, now=house.clock()
        )
    file.parent.mkdir(exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4 * 8000))
    await recordings.finish_recording(
        house.database, recording_id, folder=file.parent, now=house.clock()
    )
    return recording_id


async def _spoken(house: WebHouse, call_id: CallId, folder: Path) -> str:
    """What a complainant said in the callback; return the address of its page."""
    ticket_id = await resolved_ticket(house.database, house.clock())
    async with house.database.begin() as uow:
        callback_id = await callbacks.schedule_callback(
            uow, ticket_id, policy=CallbackPolicy(), now=house.clock()
        )
    recording_id = await _recorded(house, call_id, folder / "words.wav")
    async with house.database.begin() as uow:
        await keep_spoken(uow, callback_id, recording_id)
    return f"/tickets/{ticket_id}/callbacks/{callback_id}/words"


async def _kept_figure(house: WebHouse) -> str:
    """A figure of yesterday, kept; return the address of its page."""
    day = (house.clock() - timedelta(days=1)).astimezone(SHANGHAI).date()
    async with house.database.begin() as uow:
        assert await keep_day(uow, day, now=house.clock())
        levels = await uow.session.scalars(select(ServiceLevelRow.id))
        return f"/levels/{min(levels)}"

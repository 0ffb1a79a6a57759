"""The pages of recordings: roles, reasons, holds, sound by parts."""

import re
import wave
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.recordings import service as recordings
from hotline.recordings.repository import Recordings
from hotline.recordings.states import RecordingClass
from hotline.tickets.service import open_ticket
from hotline.tickets.ticket import RequestKind, TicketDraft
from hotline.web.recordings.handlers import HEARING_ROLES, recordings_part
from hotline.web.recordings.options import RecordingsOptions
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def recording(house: WebHouse, tmp_path: Path) -> UUID:
    """One second of a call, sealed."""
    house.parts = (recordings_part(RecordingsOptions(tmp_path)),)
    await house.user("wang", Role.SEAT, seat="801")
    async with house.database.begin() as uow:
        view = await queues.seat_view(uow.session, house.seats["801"])
        await queues.sign_in(uow, view.seat_id, uuid4(), house.clock())
    call_id = await house.ring()
    async with house.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path="a.wav", kind=RecordingClass.INBOUND, now=house.clock()
        )
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4 * 8000))
    await recordings.finish_recording(
        house.database, recording_id, folder=tmp_path, now=house.clock()
    )
    return recording_id


async def send(client: TestClient[Any, Any], url: str, page: str, **fields: str) -> Any:
    data = {"form_token": await form_token(client, page), **fields}
    return await client.post(url, data=data, allow_redirects=False)


@pytest.mark.parametrize("role", list(Role))
async def test_only_leaders_and_supervisors_see_recordings(
    house: WebHouse, browse: Browse, recording: UUID, role: Role
) -> None:
    await house.user("person", role)
    client = await browse("person")

    wanted = 200 if role in HEARING_ROLES else 403
    assert (await client.get("/recordings")).status == wanted
    assert (await client.get(f"/recordings/{recording}")).status == wanted


async def test_a_recording_opens_every_ticket_of_its_call(
    house: WebHouse, browse: Browse, recording: UUID
) -> None:
    """One matter, one ticket: all that were told in the call."""
    async with house.database.begin() as uow:
        call_id = CallId((await Recordings(uow.session).get(recording)).call_id)
        draft = TicketDraft(
            channel=Channel.VOICE,
            call_id=call_id,
            request_kind=RequestKind.COMPLAINT,
            subject="路灯不亮",
            body="北大街路灯不亮",
            reply_channel=Channel.WEB,
            reply_to=None,
        )
        told = [await open_ticket(uow, draft, now=house.clock()) for _ in range(2)]
    await house.user("leader", Role.SHIFT_LEADER)
    client = await browse("leader")

    page = await (await client.get(f"/recordings/{recording}")).text()

    assert all(f'href="/tickets/{ticket_id}"' in page for ticket_id in told)


async def test_sound_comes_after_a_reason_and_by_parts(
    house: WebHouse, browse: Browse, recording: UUID
) -> None:
    await house.user("luo", Role.SHIFT_LEADER)
    client = await browse("luo")
    page = f"/recordings/{recording}"
    sound = f"{page}/sound"

    assert (await client.get(sound)).status == 404
    assert (await client.get(f"{sound}?listening={uuid4()}")).status == 403
    assert (await send(client, f"{page}/listenings", page, reason=" ")).status == 422
    opened = await send(client, f"{page}/listenings", page, reason="复核投诉")
    assert opened.status == 303
    listening = opened.headers["Location"].partition("listening=")[2].partition("#")[0]
    url = f"{sound}?listening={listening}"
    whole = await client.get(url)
    part = await client.get(url, headers={"Range": "bytes=0-43"})

    assert (whole.status, len(await whole.read())) == (200, 4 * 8000 + 44)
    assert (part.status, len(await part.read())) == (206, 44)
    assert whole.headers["Cache-Control"] == "no-store"
    shown = await (await client.get(page)).text()
    assert "复核投诉" in shown
    assert "测试luo" in shown


async def test_the_parts_of_the_call_are_marked_with_their_times(
    house: WebHouse, browse: Browse, clock: FakeClock, tmp_path: Path
) -> None:
    """What was announcement, waiting, talk and hold is told on the sound and in a list."""
    house.parts = (recordings_part(RecordingsOptions(tmp_path)),)
    await house.user("wang", Role.SEAT, seat="801")
    await house.user("luo", Role.SHIFT_LEADER)
    client = await browse("wang")
    await client.post("/desk/state", json={"act": "sign_in"})
    call_id = await house.ring()
    async with house.database.begin() as uow:
        recording_id = await recordings.start_recording(
            uow, call_id, path="b.wav", kind=RecordingClass.INBOUND, now=clock()
        )
    clock.advance(timedelta(seconds=20))
    await house.pick_up("801")
    for kind in ("held", "resumed"):
        clock.advance(timedelta(seconds=30))
        async with house.database.begin() as uow:
            await calls.note_event(uow, call_id, kind, now=clock())
    with wave.open(str(tmp_path / "b.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4 * 8000 * 100))
    await recordings.finish_recording(house.database, recording_id, folder=tmp_path, now=clock())
    leader = await browse("luo")
    page = f"/recordings/{recording_id}"

    shown = await (await leader.get(page)).text()

    rows = re.findall(r"<th scope=\"row\">(.*?)</th>\s*<td[^>]*>(.*?)</td>", shown)
    assert rows == [
        ("排队等待", "0:00 – 0:20"),
        ("通话", "0:20 – 0:50"),
        ("保持", "0:50 – 1:20"),
        ("通话", "1:20 – 1:40"),
    ]
    assert 'class="hold" x="50.0%" width="30.0%"' in shown
    opened = await send(leader, f"{page}/listenings", page, reason="复核投诉")
    heard = await (await leader.get(opened.headers["Location"])).text()
    assert 'data-at="50.0">保持</button>' in heard


async def test_a_supervisor_holds_a_recording_and_a_leader_may_not(
    house: WebHouse, browse: Browse, recording: UUID
) -> None:
    await house.user("luo", Role.SHIFT_LEADER)
    await house.user("tang", Role.SUPERVISOR)
    leader, boss = await browse("luo"), await browse("tang")
    page = f"/recordings/{recording}"

    assert (await send(leader, f"{page}/hold", page, reason="行政复议")).status == 403
    assert (await send(boss, f"{page}/hold", page, act="place", reason="行政复议")).status == 303
    assert "保全中" in await (await boss.get(page)).text()
    assert (await send(boss, f"{page}/hold", page, act="lift", reason="已结案")).status == 303
    async with house.database.read() as session:
        acts = await session.scalars(select(AuditRow.action).order_by(AuditRow.seq))
        held = [each for each in acts if "hold" in each]
    assert held == ["recording.hold", "recording.lift_hold"]


async def test_a_day_that_is_none_is_refused(
    house: WebHouse, browse: Browse, recording: UUID
) -> None:
    await house.user("luo", Role.SHIFT_LEADER)
    client = await browse("luo")

    assert (await client.get("/recordings?day=2026-13-01")).status == 422
    assert "这一天没有录音" in await (await client.get("/recordings?day=2020-01-01")).text()

"""The page of announcements, and what they do to figures and return calls."""

import io
import wave
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from config.prompt_rendering import fit_speech
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.announcements import service as announcements
from hotline.contacts.announcements.choice import Choice
from hotline.contacts.announcements.service import HearingClass, Standing
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.returns import service as returns
from hotline.reports import service as reports
from hotline.web.announcements.handlers import announcements_part
from hotline.web.announcements.options import AnnouncementOptions, RecordedPrompt
from hotline.web.supervision.handlers import PART as SUPERVISION
from tests.conftest import FakeClock
from tests.fakes.web_house import WebHouse, form_token
from tests.integration.hotline.queues.floor import SmallFloor

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]

UNTIL = "2026-03-11T14:00"
"""Four hours after the clock of the tests."""


def speak(text: str) -> bytes:
    if "…" in text:
        raise Invalid("text", "makes no sound")
    return b"RIFF" + text.encode()


@pytest.fixture
async def leader(house: WebHouse, browse: Browse, tmp_path: Path) -> TestClient[Any, Any]:
    """The browser of a shift leader, in a house with one recorded announcement."""
    file = tmp_path / "incident_water.wav"
    file.write_bytes(b"RIFF-recorded")
    options = AnnouncementOptions(
        prompts={"incident_water": RecordedPrompt("突发停水", file)}, fit=fit_speech, speak=speak
    )
    house.parts = (*house.parts, announcements_part(options), SUPERVISION)
    await house.user("leader", Role.SHIFT_LEADER)
    return await browse("leader")


async def send(client: TestClient[Any, Any], **fields: Any) -> tuple[int, str]:
    """Fill in the form; return status and page."""
    form = FormData()
    form.add_field("form_token", await form_token(client, "/announcements"))
    for name, value in {"until": UNTIL, "source": "prompt", **fields}.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, bytes):
                form.add_field(name, each, filename="a.wav", content_type="audio/wav")
            else:
                form.add_field(name.rstrip("_"), each)
    answer = await client.post("/announcements", data=form, allow_redirects=False)
    return answer.status, await answer.text()


async def only(house: WebHouse) -> announcements.Announcement:
    async with house.database.read() as session:
        [(found, _)] = await announcements.announcements(session, house.clock())
    return found


async def test_a_shift_leader_switches_on_and_off_and_both_are_in_the_audit_log(
    house: WebHouse, leader: TestClient[Any, Any], clock: FakeClock
) -> None:
    """Issue B 13: what is played, on which lines, until when; it ends by itself."""
    status, _ = await send(leader, prompt="incident_water", lines=["12319"], asks="1")

    found = await only(house)
    assert status == 303
    assert (found.text, found.prompt, found.lines, found.asks) == (
        "突发停水", "incident_water", ("12319",), True,
    )  # fmt: skip
    assert found.until_at - clock() == timedelta(hours=4)
    async with house.database.read() as session:
        heard = [await announcements.heard_on(session, n, clock()) for n in ("12319", "12345")]
        over = await announcements.heard_on(session, "12319", found.until_at)
    assert [each is not None for each in heard] == [True, False]
    assert over is None
    page = await (await leader.get("/announcements")).text()
    assert "播放中" in page
    sound = await leader.get(f"/announcements/{found.announcement_id}/sound")
    assert await sound.read() == b"RIFF-recorded"

    token = await form_token(leader, "/announcements")
    off = f"/announcements/{found.announcement_id}/off"
    answer = await leader.post(off, data={"form_token": token}, allow_redirects=False)
    again = await leader.post(off, data={"form_token": token}, allow_redirects=False)

    assert (answer.status, again.status) == (303, 409)
    assert (await only(house)).ended_by == "leader"
    async with house.database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
    assert acts[-2:] == ["announcement.on", "announcement.off"]


async def test_a_sound_is_uploaded_or_spoken(house: WebHouse, leader: TestClient[Any, Any]) -> None:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\x00\x20\x00\xe0" * 16000)

    assert (await send(leader, source="file", text="停水", file=held.getvalue()))[0] == 303
    uploaded = await only(house)
    sound = await leader.get(f"/announcements/{uploaded.announcement_id}/sound")
    assert (await sound.read())[:4] == b"RIFF"
    assert (await send(leader, source="spoken", text="停电", from_="2026-03-11T12:00"))[0] == 303
    async with house.database.read() as session:
        [(coming, _), _] = await announcements.announcements(session, house.clock())
        spoken = await announcements.sound_of(session, coming.announcement_id)
    assert spoken == b"RIFF" + "停电".encode()
    assert coming.standing(house.clock()) is Standing.COMING


MISTAKES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"prompt": "goodbye"}, "请从列表中选择录好的提示音"),
    ({"source": "file", "text": "停水", "file": b"no sound"}, "请上传能播放的WAV文件"),
    ({"source": "file", "text": "停水"}, "请上传能播放的WAV文件"),
    ({"source": "spoken", "text": "…"}, "语音合成没有成功"),
    ({"source": "spoken"}, "请填写公告内容"),
    ({"prompt": "incident_water", "until": "2026-03-11T09:59"}, "请填写结束时间"),
    ({"prompt": "incident_water", "until": "2026-03-19T10:00"}, "不超过7天"),
    ({"prompt": "incident_water", "from_": "soon"}, "请填写正确的开始时间"),
    ({"prompt": "incident_water", "lines": ["110"]}, "请从列表中选择线路"),
)


async def test_a_mistake_is_told_at_its_field_and_nothing_is_switched_on(
    house: WebHouse, leader: TestClient[Any, Any]
) -> None:
    """One house and one sign-in for all: each mistake leaves everything as it was."""
    for fields, told in MISTAKES:
        status, page = await send(leader, **fields)
        assert (status, told in page) == (422, True), (fields, told)

    async with house.database.read() as session:
        assert await announcements.announcements(session, house.clock()) == []


async def hang_up_after(
    house: WebHouse, floor: SmallFloor, choice: Choice, heard: bool = True
) -> CallId:
    """A caller hears what is on, waits half a minute, and hangs up."""
    call_id = await floor.caller()
    async with house.database.begin() as uow:
        if heard:
            found = await announcements.heard_on(uow.session, "12345", floor.now)
            assert found is not None
            await announcements.begin_hearing(uow, call_id, found.announcement_id, now=floor.now)
            await announcements.end_hearing(uow, call_id, choice, now=floor.now)
    later = floor.now + timedelta(seconds=30)
    async with house.database.begin() as uow:
        await queues.end_contact(uow, call_id, now=later)
        await calls.end_call(uow, call_id, end=CallEnd.CALLER_HUNG_UP, now=later)
    return call_id


async def test_whom_it_answered_did_not_give_up_and_is_not_rung(
    house: WebHouse, leader: TestClient[Any, Any], clock: FakeClock
) -> None:
    """Issue B 13: answered by announcement is a class of its own; its number opens its rows."""
    await send(leader, prompt="incident_water")
    async with house.database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    floor = SmallFloor(house.database, clock(), process_id)

    await hang_up_after(house, floor, Choice.NONE)
    async with house.database.read() as session:
        owed = await returns.return_calls(session)
    asked = await hang_up_after(house, floor, Choice.PERSON)

    assert owed == []
    async with house.database.read() as session:
        assert [each.call_id for each in await returns.return_calls(session)] == [asked]
        level, *_ = await reports.count_day(
            session, clock().date(), now=clock() + timedelta(hours=1)
        )
        [(found, tally)] = await announcements.announcements(session, clock())
    assert (level.figure.abandoned, level.figure.announced, level.figure.counted) == (1, 1, 1)
    assert (tally[HearingClass.ANSWERED], tally[HearingClass.PERSON]) == (1, 1)
    one = f"/announcements/{found.announcement_id}"
    answered = await (await leader.get(f"{one}?class=answered")).text()
    assert "共1通" in answered
    assert "010****1234" in answered
    board = await (await leader.get("/levels")).text()
    assert "公告已答复" in board


async def test_board_and_desk_say_that_one_is_on_ends_soon_and_is_over(
    house: WebHouse, leader: TestClient[Any, Any]
) -> None:
    """Those at work hear of it in time, so that somebody can switch on another one."""
    await send(leader, prompt="incident_water")
    await send(leader, prompt="incident_water", from_="2026-03-11T13:00")
    async with house.database.read() as session:
        found = await announcements.announcements(session, house.clock())
    now = house.clock()
    [never] = [each for each, _ in found if each.standing(now) is Standing.COMING]
    async with house.database.begin() as uow:
        await announcements.switch_off(
            uow, never.announcement_id, actor="leader", now=house.clock()
        )

    seen = []
    for later in (timedelta(0), timedelta(minutes=225), timedelta(minutes=15), timedelta(hours=1)):
        house.clock.advance(later)
        for page in ("/board/live", "/desk/live"):
            async with leader.ws_connect(page) as socket:
                picture = await socket.receive_json()
            seen.append([(each["text"], each["standing"]) for each in picture["announcements"]])

    assert seen[::2] == seen[1::2]
    assert seen[::2] == [
        [("突发停水", "on")],
        [("突发停水", "ends_soon")],
        [("突发停水", "over")],
        [],
    ]

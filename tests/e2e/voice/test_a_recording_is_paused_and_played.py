"""A seat pauses the recording; a supervisor plays it back, with a reason, and sees the silence."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from channels.voice.tones import RATE, loudness, read_channel
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.recordings.model import RecordingPauseRow, RecordingRow
from tests.e2e.voice.conftest import CITIZEN_HZ, TalkHouse
from tests.integration.channels.voice.hall import eventually


@pytest.mark.audio
async def test_what_is_said_in_a_pause_is_not_in_the_file_that_a_supervisor_plays(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """Pause with a reason, resume, playback with a waveform, each listening in the audit log."""
    seat = await house.seat()
    page = seat.page
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await page.wait_for_selector(".phone button:has-text('接听')")
        await page.keyboard.press("Alt+a")
        await seat.hears(CITIZEN_HZ)

        await page.wait_for_selector(".phone button:has-text('暂停录音')")
        await page.keyboard.press("Alt+p")
        await page.fill("#pause-why", "市民报银行卡号")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#standing:has-text('录音已暂停')")
        await seat.picture("recording_paused")
        # Each hearing takes nearly half a second: the pause is long enough to look into.
        await seat.hears(CITIZEN_HZ)
        await seat.hears(CITIZEN_HZ)
        await seat.hears(CITIZEN_HZ)
        await page.keyboard.press("Alt+p")
        await page.wait_for_selector(".phone button:has-text('暂停录音')")
        await seat.hears(CITIZEN_HZ)
        await page.keyboard.press("Alt+x")
        await call.wait_over()
    await house.hall.ended_call()

    async with house.database.read() as session:
        recording = await session.scalar(select(RecordingRow))
        pause = await session.scalar(select(RecordingPauseRow))
    assert recording is not None
    assert pause is not None
    assert (pause.reason, pause.resumed_at is not None) == ("市民报银行卡号", True)
    sound = read_channel(house.hall.options.recordings / recording.path)
    assert pause.resumed_at is not None
    lasted = (pause.resumed_at - pause.paused_at).total_seconds()
    assert lasted > 0.75
    assert longest_silence(sound) > 0.75 * lasted

    await house.account("tang", Role.SUPERVISOR)
    boss = (await house.open("tang", 1500.0, "/recordings")).page
    await boss.click("tbody a")
    await boss.wait_for_selector(".wave svg")
    sound_url = f"/recordings/{recording.id}/sound?listening={recording.id}"
    assert (await boss.request.get(sound_url)).status == 403
    await boss.fill("#reason", "质检抽查")
    await boss.click("button:has-text('收听')")
    await boss.wait_for_selector("audio")
    await boss.evaluate("document.querySelector('audio').play()")

    async def plays() -> bool:
        return bool(await boss.evaluate("document.querySelector('audio').currentTime > 0.5"))

    await eventually(plays, "the recording plays")
    await boss.click(".parts button:has-text('通话')")
    await eventually(plays, "the talk plays")
    await house.finds_nothing_wrong(boss)
    if pictures := house.pictures:
        await boss.screenshot(path=pictures / "recording.png", full_page=True)
    async with house.database.read() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.seq))
        acts = [(row.action, row.detail.get("reason")) for row in rows]
    assert ("recording.pause", "市民报银行卡号") in acts
    assert ("recording.listen", "质检抽查") in acts

    await boss.goto("/recordings")
    if pictures := house.pictures:
        await boss.screenshot(path=pictures / "recordings.png", full_page=True)
    await house.finds_nothing_wrong(boss)


def longest_silence(sound: NDArray[np.int16]) -> float:
    """The seconds of the longest stretch without any sound, between what is heard."""
    window = RATE // 20
    loud = [
        number
        for number in range(len(sound) // window)
        if loudness(sound[number * window : (number + 1) * window]) > 1
    ]
    return max(later - earlier - 1 for earlier, later in pairwise(loud)) * window / RATE

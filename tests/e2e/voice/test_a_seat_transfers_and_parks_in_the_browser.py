"""Call control at the seat's page: consultation, three-way, parking; sound verified by content."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.voice.tones import write_tone
from hotline.queues.control.states import TargetKind, TransferResult
from hotline.queues.phone_directory import DirectoryEntry, save_directory
from hotline.queues.phone_model import TransferRow
from hotline.queues.states import SeatState
from tests.e2e.voice.conftest import CITIZEN_HZ, SEAT_HZ, Person, TalkHouse
from tests.integration.channels.voice.hall import (
    MUSIC_HZ,
    eventually,
    heard_now,
    hears,
    latest_share,
)

COLLEAGUE_HZ = 1500.0

DIRECTORY = (
    DirectoryEntry(key="119", kind=TargetKind.EMERGENCY, name_zh="消防救援", number="119"),
    DirectoryEntry(key="RQG", kind=TargetKind.DEPARTMENT, name_zh="燃气公司", number="01000001022"),
)


async def answered(seat: Person) -> None:
    await seat.page.wait_for_selector(".phone button:has-text('接听')")
    await seat.page.keyboard.press("Alt+a")
    await seat.page.wait_for_selector("#phone-sound:text('语音已接通')")


@pytest.mark.audio
async def test_a_page_consults_a_colleague_makes_it_three_and_leaves(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """By keyboard: directory, consultation, three-way, out; the citizen keeps the colleague."""
    hall = house.hall
    async with house.database.begin() as uow:
        await save_directory(uow, DIRECTORY)
    seat = await house.seat()
    page = seat.page
    voice = write_tone(house.folder / "colleague.wav", COLLEAGUE_HZ, seconds=2)
    async with (
        hall.phone(microphone=citizen_voice) as phone,
    ):
        call = await phone.dial(hall.line())
        await answered(seat)
        await hears(call.heard, SEAT_HZ)
        async with hall.seat("802", microphone=voice) as colleague:
            await page.keyboard.press("Alt+t")
            await page.wait_for_selector("#directory-list li:has-text('燃气公司')")
            await page.keyboard.type("rq")
            await page.wait_for_selector("#directory-list li:only-child:has-text('燃气公司')")
            await seat.picture("directory_found")
            await page.fill("#directory-query", "802")
            await page.wait_for_selector("#directory-0:has-text('坐席802')")
            await seat.picture("directory")
            await house.finds_nothing_wrong(page)
            await page.keyboard.press("Enter")

            at_colleague = await colleague.next_call()
            await page.wait_for_selector("#transfer:has-text('咨询中')")
            await seat.hears(COLLEAGUE_HZ)
            await heard_now(call.heard, MUSIC_HZ)
            await heard_now(at_colleague.heard, SEAT_HZ)
            assert latest_share(at_colleague.heard, CITIZEN_HZ) < 0.05
            await house.finds_nothing_wrong(page)
            await seat.picture("consulting")

            await page.keyboard.press("Alt+j")
            await page.wait_for_selector("#transfer:has-text('三方通话中')")
            await seat.hears(COLLEAGUE_HZ, share=0.25)
            await seat.hears(CITIZEN_HZ, share=0.25)
            await heard_now(at_colleague.heard, CITIZEN_HZ, 0.2)

            await page.keyboard.press("Alt+y")
            await page.wait_for_selector("#seat-state:text('话后处理')")
            await heard_now(call.heard, COLLEAGUE_HZ)
            await hall.seat_is("802", SeatState.TALKING)
            await at_colleague.hang_up()
            await call.wait_over()
    async with house.database.read() as session:
        row = await session.scalar(select(TransferRow))
    assert row is not None
    assert row.result is TransferResult.CONNECTED


@pytest.mark.audio
async def test_a_call_is_parked_on_one_page_and_picked_up_on_another(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """A busy number is named; then the citizen hears music, and another page talks with them."""
    seat = await house.seat()
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await answered(seat)
        await hears(call.heard, SEAT_HZ)
        other = await house.seat("zhao", "802")

        await seat.page.keyboard.press("Alt+e")
        await seat.page.keyboard.type("13900001111")
        await seat.page.wait_for_selector("#directory-0:has-text('外线号码')")
        await seat.page.keyboard.press("Control+Enter")
        await seat.page.wait_for_selector("#transfer-result:has-text('没有可用的外线')")
        await heard_now(call.heard, SEAT_HZ)

        await seat.page.keyboard.press("Alt+u")
        await seat.page.wait_for_selector("#seat-state:text('话后处理')")
        await heard_now(call.heard, MUSIC_HZ)
        await other.page.wait_for_selector("#parked button")
        await other.picture("parked")
        await house.finds_nothing_wrong(other.page)
        await other.page.keyboard.press("Alt+i")
        await other.page.keyboard.press("Enter")
        await other.page.wait_for_selector(".call.answered")
        await other.hears(CITIZEN_HZ)
        await heard_now(call.heard, SEAT_HZ)  # all pages of the test have the same voice
        await house.hall.seat_is("802", SeatState.TALKING)
        await other.page.keyboard.press("Alt+x")
        await call.wait_over()


@pytest.mark.parametrize("house", [timedelta(seconds=8)], indirect=True)
async def test_a_page_that_is_killed_in_a_consultation_leaves_the_citizen_with_the_colleague(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """Killing the seat's page in the middle loses nobody."""
    hall = house.hall
    seat = await house.seat()
    voice = write_tone(house.folder / "colleague.wav", COLLEAGUE_HZ, seconds=2)
    async with hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(hall.line())
        await answered(seat)
        await hears(call.heard, SEAT_HZ)
        async with hall.seat("802", microphone=voice) as colleague:
            await seat.page.keyboard.press("Alt+t")
            await seat.page.fill("#directory-query", "802")
            await seat.page.wait_for_selector("#directory-0:has-text('坐席802')")
            await seat.page.keyboard.press("Enter")
            await colleague.next_call()
            await seat.page.wait_for_selector("#transfer:has-text('咨询中')")
            await seat.page.close()
            await heard_now(call.heard, MUSIC_HZ)
            await eventually(
                lambda: _has(call.heard, COLLEAGUE_HZ), "the colleague attends", seconds=60
            )
            await hall.seat_is("801", SeatState.WRAP_UP)
            await call.hang_up()


async def _has(file: Path, hertz: float) -> bool:
    return latest_share(file, hertz) > 0.8

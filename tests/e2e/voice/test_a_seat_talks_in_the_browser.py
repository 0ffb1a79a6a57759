"""The page is a telephone: sound is verified by content at both ends."""

from pathlib import Path

from channels.voice.options import VoiceLimits
from channels.voice.tones import hears_tone
from hotline.contacts.calls.states import CallEnd
from hotline.queues.states import SeatState
from tests.e2e.voice.conftest import CITIZEN_HZ, SEAT_HZ, TalkHouse
from tests.integration.channels.voice.hall import MUSIC_HZ, hears


async def test_citizen_and_page_hear_each_other_and_the_page_hangs_up(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """R71: a seat answers, holds, mutes and hangs up in the browser; both ends are heard."""
    seat = await house.seat()
    page = seat.page
    await seat.picture("phone_ready")
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await page.wait_for_selector(".phone button:has-text('接听')")
        await seat.picture("phone_ringing")
        await page.keyboard.press("Alt+a")
        await page.wait_for_selector(".call.answered")
        await page.wait_for_selector("#phone-sound:text('语音已接通')")

        await seat.hears(CITIZEN_HZ)
        await hears(call.heard, SEAT_HZ)
        await seat.picture("phone_talking")

        await page.keyboard.press("Alt+x")
        await call.wait_over()
    row = await house.hall.ended_call()
    assert row.end is CallEnd.SEAT_HUNG_UP
    await house.hall.seat_is("801", SeatState.WRAP_UP)
    await page.wait_for_selector("#seat-state:text('话后处理')")

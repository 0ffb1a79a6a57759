"""The page is a telephone: sound is verified by content at both ends."""

from datetime import timedelta
from pathlib import Path

import pytest

from channels.voice.tones import RATE, read_channel, tone_share, write_tone
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.states import SeatState
from tests.e2e.baresip import baresip
from tests.e2e.voice.conftest import CITIZEN_HZ, SEAT_HZ, TalkHouse
from tests.integration.channels.voice.hall import MUSIC_HZ, eventually, hears, latest_share


@pytest.mark.audio
async def test_citizen_and_page_hear_each_other_and_the_page_hangs_up(house: TalkHouse) -> None:
    """Chromium and baresip: answered, held, talking again, hung up; both ends are heard."""
    seat = await house.seat()
    page = seat.page
    await seat.picture("phone_ready")
    voice = write_tone(house.folder / "voice.wav", CITIZEN_HZ, seconds=60)
    account = "<sip:13800001234@127.0.0.1>;regint=0"
    async with baresip(house.folder / "citizen", account, voice) as citizen:

        async def hears_now(hertz: float) -> None:
            async def heard() -> bool:
                return latest_share(citizen.heard_so_far(), hertz) > 0.8

            await eventually(heard, f"baresip hears {hertz:g} Hz")

        await citizen.command("dial", house.hall.line())
        await page.wait_for_selector(".phone button:has-text('接听')")
        await seat.picture("phone_ringing")
        await page.keyboard.press("Alt+a")
        await page.wait_for_selector(".call.answered")
        await page.wait_for_selector("#phone-sound:text('语音已接通')")

        await seat.hears(CITIZEN_HZ)
        await hears_now(SEAT_HZ)
        await seat.picture("phone_talking")
        await page.keyboard.press("Alt+h")
        await page.wait_for_selector("text=通话保持中")
        await hears_now(MUSIC_HZ)
        assert await seat.share_of(CITIZEN_HZ) < 0.05
        await page.keyboard.press("Alt+h")
        await hears_now(SEAT_HZ)

        await page.keyboard.press("Alt+x")
        await citizen.event("CALL_CLOSED")
    row = await house.hall.ended_call()
    assert row.end is CallEnd.SEAT_HUNG_UP
    await house.hall.seat_is("801", SeatState.WRAP_UP)
    await page.wait_for_selector("#seat-state:text('话后处理')")


@pytest.mark.audio
async def test_a_held_citizen_hears_music_and_keys_reach_the_citizen(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """Hold, mute and keys from the page."""
    seat = await house.seat()
    page = seat.page
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await page.wait_for_selector(".phone button:has-text('接听')")
        await page.keyboard.press("Alt+a")
        await hears(call.heard, SEAT_HZ)
        await page.keyboard.press("Alt+k")
        await page.click(".keypad button:text-is('5')")
        assert (await call.next_key()) == "5"

        music_before = seconds_heard(call.heard, MUSIC_HZ)
        await page.keyboard.press("Alt+h")
        await page.wait_for_selector("text=通话保持中")

        async def hears_music() -> bool:
            return seconds_heard(call.heard, MUSIC_HZ) > music_before + 1

        await eventually(hears_music, "the held citizen hears music")
        assert await seat.share_of(CITIZEN_HZ) < 0.05
        await page.keyboard.press("Alt+h")
        await seat.hears(CITIZEN_HZ)


@pytest.mark.audio
async def test_a_reload_in_a_call_brings_both_together_again(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """The citizen hears music while the page is gone, and is back with the same seat."""
    seat = await house.seat()
    page = seat.page
    async with house.hall.phone(microphone=citizen_voice) as phone:
        call = await phone.dial(house.hall.line())
        await page.wait_for_selector(".phone button:has-text('接听')")
        await page.keyboard.press("Alt+a")
        await seat.hears(CITIZEN_HZ)
        music_before = seconds_heard(call.heard, MUSIC_HZ)

        await page.goto("about:blank")

        async def hears_music() -> bool:
            return seconds_heard(call.heard, MUSIC_HZ) > music_before + 1

        await eventually(hears_music, "the citizen hears music while the page is gone")
        await page.goto(f"{house.address}/desk")
        await page.wait_for_selector("#phone-sound:text('语音已接通')")
        await seat.hears(CITIZEN_HZ)
        seat_before = seconds_heard(call.heard, SEAT_HZ)

        async def hears_the_seat() -> bool:
            return seconds_heard(call.heard, SEAT_HZ) > seat_before + 0.5

        await eventually(hears_the_seat, "the citizen hears the seat again")
        (row,) = await house.hall.calls()
        assert {"page_lost", "page_back"} <= set(await house.hall.kinds(row))


@pytest.mark.parametrize("house", [timedelta(seconds=3)], indirect=True)
async def test_a_citizen_whose_seat_is_gone_for_good_is_first_in_the_queue(
    house: TalkHouse, citizen_voice: Path
) -> None:
    """After the limit the citizen goes to another seat, before those who came later."""
    seat = await house.seat()
    async with (
        house.hall.phone(microphone=citizen_voice) as phone,
        house.hall.phone("13800005678") as later,
    ):
        call = await phone.dial(house.hall.line())
        await seat.page.wait_for_selector(".phone button:has-text('接听')")
        await seat.page.keyboard.press("Alt+a")
        await seat.hears(CITIZEN_HZ)
        await later.dial(house.hall.line("12345"))
        first, _ = await house.hall.calls()

        await seat.page.goto("about:blank")

        async def is_back_in_the_queue() -> bool:
            return (await house.hall.kinds(first)).count("enqueued") == 2

        await eventually(is_back_in_the_queue, "the citizen is in the queue again")
        async with house.database.read() as session:
            assert await queues.position(session, CallId(first.id)) == 1
        async with house.hall.seat("802") as second:
            taken = await second.next_call()
            assert taken.is_up
            view = await house.hall.seat_is("802", SeatState.TALKING)
        assert view.contact is not None
        assert view.contact.call_id == first.id
        await call.hang_up()


def seconds_heard(file: Path, hertz: float) -> float:
    """For how long a phone has heard a tone."""
    samples = read_channel(file)
    window = RATE // 10
    return (
        sum(
            tone_share(samples[at : at + window], hertz) > 0.8
            for at in range(0, len(samples) - window + 1, window)
        )
        / 10
    )

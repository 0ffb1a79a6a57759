"""SIPp, another maker's SIP and RTP, calls our lines."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.voice.options import LineOptions
from channels.voice.tones import loudness, read_channel, write_tone
from hotline.contacts.calls.states import CallEnd, CallState
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.states import SeatState
from tests.fakes.ports import free_port
from tests.integration.channels.voice.hall import (
    PASSWORD,
    Hall,
    eventually,
    hears,
    open_hall,
)

SCENARIOS = Path(__file__).parent / "sipp"
COLLEAGUE_HZ, CITIZEN_HZ = 1500.0, 440.0
PCAPS = Path("/usr/share/sip-tester")
LIMIT_SECONDS = 90.0

pytestmark = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="sipp is not installed (Debian: sip-tester)"
)


@pytest.fixture
async def live_database(database_url: str) -> AsyncGenerator[Database, None]:
    database = Database.connect(database_url, clock=system_clock)
    yield database
    await database.close()


@pytest.fixture
async def hall(live_database: Database, tmp_path: Path) -> AsyncGenerator[Hall, None]:
    lines = (LineOptions(number="12319"), LineOptions(number="12345", max_calls=3))
    async with open_hall(live_database, tmp_path, lines=lines) as hall:
        yield hall


async def sipp(hall: Hall, folder: Path, *arguments: str, port: str = "") -> int:
    """Run SIPp against the hall; return its exit code: 0 if every call went as it should."""
    if not (folder / "pcap").exists():
        (folder / "pcap").symlink_to(PCAPS)
    host, hall_port = hall.voice.address
    process = await asyncio.create_subprocess_exec(
        "sipp", f"{host}:{hall_port}", "-i", "127.0.0.1", "-p", port or str(free_port()),
        "-mp", str(free_port()), "-nostdin", "-timeout", "60s", "-timeout_error", *arguments,
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def all_ended(hall: Hall) -> bool:
    return all(call.ended_at is not None for call in await hall.calls())


async def test_thirty_calls_are_answered_and_none_is_left_over(hall: Hall, tmp_path: Path) -> None:
    await hall.sign_in("8001")

    code = await sipp(
        hall, tmp_path, "-sn", "uac", "-s", "12319", "-m", "30", "-r", "10", "-l", "30", "-d", "800"
    )

    assert code == 0
    await eventually(lambda: all_ended(hall), "every call has ended")
    calls = await hall.calls()
    assert len(calls) == 30
    assert {(call.state, call.end) for call in calls} == {(CallState.ENDED, CallEnd.CALLER_HUNG_UP)}
    assert all(call.answered_at is not None for call in calls)
    assert hall.voice._switchboard.legs == 0


@pytest.mark.audio
async def test_a_caller_with_real_packets_and_a_key_is_heard_by_the_seat(
    hall: Hall, tmp_path: Path
) -> None:
    async with hall.seat("8001") as seat:
        sending = asyncio.ensure_future(
            sipp(hall, tmp_path, "-sn", "uac_pcap", "-s", "12319", "-m", "1")
        )
        taken = await seat.next_call()
        await hall.seat_is("8001", SeatState.TALKING)
        await taken.wait_over(timeout=30)
        code = await sending
        row = await hall.ended_call()

    assert code == 0
    assert row.end is CallEnd.CALLER_HUNG_UP
    heard = read_channel(taken.heard)
    assert loudness(heard[8000:32000]) > 200


async def test_more_calls_than_a_line_holds_are_refused_and_the_rest_go_on(
    hall: Hall, tmp_path: Path
) -> None:
    await hall.sign_in("8001")

    # SIPp counts a 503 as a failed call, so that its exit code is 1.
    code = await sipp(
        hall, tmp_path, "-sn", "uac", "-s", "12345", "-m", "6", "-r", "60", "-d", "2000"
    )

    assert code == 1
    await eventually(lambda: all_ended(hall), "every call has ended")
    assert len(await hall.calls()) == 3


@pytest.mark.audio
async def test_a_desk_phone_of_another_maker_transfers_attended_by_refer_with_replaces(
    hall: Hall, tmp_path: Path
) -> None:
    """Issue B 1: REFER with NOTIFY and Replaces; SIPp checks each message, sound who hears whom."""
    await hall.sign_in("8001")
    port, login = str(free_port()), ("-au", "8001", "-ap", PASSWORD, "-m", "1")
    registering = str(SCENARIOS / "phone_registers_with_digest.xml")
    consulting = str(SCENARIOS / "desk_phone_consults_and_replaces.xml")
    voice = write_tone(tmp_path / "citizen.wav", CITIZEN_HZ, seconds=5)
    other_voice = write_tone(tmp_path / "colleague.wav", COLLEAGUE_HZ, seconds=5)
    assert await sipp(hall, tmp_path, "-sf", registering, *login, port=port) == 0

    host, hall_port = hall.voice.address
    uri = ("-auth_uri", f"8002@{host}:{hall_port}")
    desk = asyncio.ensure_future(sipp(hall, tmp_path, "-sf", consulting, *login, *uri, port=port))
    async with hall.phone(microphone=voice) as citizen:
        call = await citizen.dial(hall.line())
        async with hall.seat("8002", microphone=other_voice) as colleague:
            at_colleague = await colleague.next_call()
            await hears(call.heard, COLLEAGUE_HZ, seconds=1.0)
            await hears(at_colleague.heard, CITIZEN_HZ, seconds=1.0)
            await hall.seat_is("8001", SeatState.WRAP_UP)
            await at_colleague.hang_up()
            await call.wait_over(timeout=20)
        assert await desk == 0

"""baresip, another maker's phone: as a citizen who presses keys, and as a seat."""

import shutil
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.voice.options import LineOptions
from channels.voice.phone_call import PhoneCall
from channels.voice.tones import RATE, hears_tone, write_tone
from hotline.contacts.calls.model import CallEventRow
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.control.states import TransferResult
from hotline.queues.phone_model import TransferRow
from hotline.queues.states import SeatState
from tests.e2e.baresip import Baresip, baresip
from tests.integration.channels.voice.hall import PASSWORD, Hall, eventually, hears, open_hall

CITIZEN_HZ, SEAT_HZ, QUESTION_HZ, THANKS_HZ = 440.0, 880.0, 900.0, 1100.0
COLLEAGUE_HZ = 1500.0

pytestmark = pytest.mark.skipif(
    shutil.which("baresip") is None, reason="baresip is not installed (Debian: baresip)"
)


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncGenerator[Hall, None]:
    database = Database.connect(database_url, clock=system_clock)
    lines = (LineOptions(number="12319"), LineOptions(number="12345", flow="menu"))
    async with open_hall(database, tmp_path, lines=lines) as hall:
        yield hall
    await database.close()


@pytest.mark.audio
async def test_it_calls_hears_the_question_presses_a_key_and_hears_the_thanks(
    hall: Hall, tmp_path: Path
) -> None:
    voice = write_tone(tmp_path / "voice.wav", CITIZEN_HZ, seconds=5)
    account = "<sip:13800001234@127.0.0.1>;regint=0"
    async with baresip(tmp_path / "citizen", account, voice) as citizen:
        await citizen.command("dial", hall.line("12345"))
        await citizen.event("CALL_ESTABLISHED")
        await citizen.command("sndcode", "1")
        await citizen.event("CALL_CLOSED")
        row = await hall.ended_call()

    assert row.end is CallEnd.FLOW_ENDED
    assert row.number == "13800001234"
    async with hall.database.read() as session:
        answer = await session.scalar(select(CallEventRow).where(CallEventRow.kind == "answer"))
    assert answer is not None
    assert answer.detail == {"question": "choice", "value": "1"}
    assert hears_tone(citizen.heard(), THANKS_HZ, seconds=0.2)


@pytest.mark.audio
@pytest.mark.parametrize(
    ("module", "codec"), [("g722", "G722/16000/1"), ("opus", "opus/48000/2")], ids=["g722", "opus"]
)
async def test_it_speaks_only_a_wide_codec_and_is_understood(
    hall: Hall, tmp_path: Path, module: str, codec: str
) -> None:
    """G.722 and Opus by another maker's code at the other end."""
    voice = write_tone(tmp_path / "voice.wav", CITIZEN_HZ, seconds=5)
    account = f"<sip:13800001234@127.0.0.1>;regint=0;audio_codecs={codec}"
    extra = f"module {module}.so\n"
    async with baresip(tmp_path / "citizen", account, voice, extra) as citizen:
        await citizen.command("dial", hall.line("12345"))
        await citizen.event("CALL_ESTABLISHED")
        await citizen.command("sndcode", "1")
        await citizen.event("CALL_CLOSED")
        row = await hall.ended_call()

    assert row.end is CallEnd.FLOW_ENDED
    with wave.open(str(citizen.heard())) as heard:
        # `hears_tone` counts 8,000 samples a second: a quicker file looks slower and lower.
        speed = heard.getframerate() / RATE
    assert speed > 1
    assert hears_tone(citizen.heard(), THANKS_HZ / speed, seconds=0.2 * speed)


@pytest.mark.audio
async def test_it_registers_as_a_seat_answers_and_both_hear_each_other(
    hall: Hall, tmp_path: Path
) -> None:
    await hall.sign_in("8001")
    host, port = hall.voice.address
    seat_voice = write_tone(tmp_path / "seat.wav", SEAT_HZ, seconds=10)
    citizen_voice = write_tone(tmp_path / "citizen.wav", CITIZEN_HZ, seconds=5)
    account = (
        f"<sip:8001@{host}:{port};transport=udp>;auth_user=8001;auth_pass={PASSWORD}"
        ";regint=60;answermode=auto"
    )
    async with baresip(tmp_path / "desk", account, seat_voice) as seat:
        await eventually(lambda: _is_registered(hall), "baresip is registered")
        async with hall.phone() as citizen:
            call = await citizen.dial(hall.line())
            call.say(citizen_voice, loop=True)
            await seat.event("CALL_ESTABLISHED")
            await hall.seat_is("8001", SeatState.TALKING)
            await hears(call.heard, SEAT_HZ, seconds=1.0)
            await seat.command("hangup")
            await call.wait_over(timeout=20)
        await hall.seat_is("8001", SeatState.WRAP_UP)
        row = await hall.ended_call()

    assert row.end is CallEnd.SEAT_HUNG_UP
    assert hears_tone(seat.heard(), CITIZEN_HZ, seconds=0.5)


async def _is_registered(hall: Hall) -> bool:
    return (await hall.seat_view("8001")).phone_until is not None


@pytest.mark.audio
async def test_a_seat_at_baresip_transfers_the_citizen_by_refer(hall: Hall, tmp_path: Path) -> None:
    """Another maker's REFER and NOTIFY: the citizen hears the colleague, the phone is hung up."""
    colleague_voice = write_tone(tmp_path / "colleague.wav", COLLEAGUE_HZ, seconds=5)
    async with (
        _talk_at_baresip(hall, tmp_path) as (seat, call),
        hall.seat("8002", microphone=colleague_voice) as colleague,
    ):
        await seat.command("transfer", hall.line("8002"))
        at_colleague = await colleague.next_call()
        await seat.event("CALL_CLOSED")
        await hears(call.heard, COLLEAGUE_HZ, seconds=1.0)
        await hall.seat_is("8001", SeatState.WRAP_UP)
        await eventually(lambda: _results(hall, [TransferResult.CONNECTED]), "connected")
        await at_colleague.hang_up()
        await call.wait_over(timeout=20)


@pytest.mark.audio
async def test_a_phone_that_hangs_up_because_its_refer_failed_loses_no_citizen(
    hall: Hall, tmp_path: Path
) -> None:
    """Some phones end the call themselves when they are told 486: the citizen is next again."""
    colleague_voice = write_tone(tmp_path / "colleague.wav", COLLEAGUE_HZ, seconds=5)
    await hall.put_seat("8003")
    async with _talk_at_baresip(hall, tmp_path) as (seat, call):
        await seat.command("transfer", hall.line("8003"))
        await eventually(lambda: _results(hall, [TransferResult.BUSY]), "busy")
        await seat.command("hangup")
        async with hall.seat("8002", microphone=colleague_voice) as colleague:
            at_colleague = await colleague.next_call()
            await hears(call.heard, COLLEAGUE_HZ, seconds=1.0)
            await at_colleague.hang_up()
            await call.wait_over(timeout=20)


@asynccontextmanager
async def _talk_at_baresip(
    hall: Hall, tmp_path: Path
) -> AsyncGenerator[tuple[Baresip, PhoneCall], None]:
    """A citizen talks with seat 8001, whose desk phone is baresip."""
    await hall.sign_in("8001")
    host, port = hall.voice.address
    seat_voice = write_tone(tmp_path / "seat.wav", SEAT_HZ, seconds=10)
    account = (
        f"<sip:8001@{host}:{port};transport=udp>;auth_user=8001;auth_pass={PASSWORD}"
        ";regint=60;answermode=auto"
    )
    async with baresip(tmp_path / "desk", account, seat_voice) as seat, hall.phone() as citizen:
        await eventually(lambda: _is_registered(hall), "baresip is registered")
        call = await citizen.dial(hall.line())
        await seat.event("CALL_ESTABLISHED")
        await hall.seat_is("8001", SeatState.TALKING)
        await hears(call.heard, SEAT_HZ, seconds=0.5)
        yield seat, call


async def _results(hall: Hall, wanted: list[TransferResult]) -> bool:
    async with hall.database.read() as session:
        found = await session.scalars(select(TransferRow.result).order_by(TransferRow.asked_at))
        return list(found) == wanted

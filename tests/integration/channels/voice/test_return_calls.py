"""Whom the queue owes a call is rung, greeted, recorded, and put at the place that was kept."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from channels.voice.phone import Phone, PhoneOptions
from channels.voice.tones import write_tone
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.model import QueueEntryRow
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason
from hotline.queues.states import QueuedState, SeatState
from hotline.recordings.model import RecordingRow
from ivr.loader import load_flow
from tests.integration.channels.voice.conftest import CITIZEN_HZ
from tests.integration.channels.voice.hall import (
    MAIN,
    PASSWORD,
    TONES,
    Hall,
    eventually,
    hears,
    open_hall,
    outbound_to,
    voice_options,
)

OFFER_HZ, KEPT_HZ, BACK_HZ = 1500.0, 1700.0, 1900.0

OFFER_NUMBER_HZ, ASK_HZ, WRONG_HZ, CONFIRM_HZ = 1600.0, 1800.0, 2000.0, 2100.0

SPOKEN = {
    "call_back_offer": OFFER_HZ,
    "call_back_offer_number": OFFER_NUMBER_HZ,
    "call_back_ask_number": ASK_HZ,
    "call_back_keyed": 2200.0,
    "digit_1_yao": 2300.0,
    "call_back_confirm": CONFIRM_HZ,
    "call_back_wrong_number": WRONG_HZ,
    "call_back_kept": KEPT_HZ,
    "return_greeting": BACK_HZ,
}

ASKING = MAIN.replace("overflow: nobody}", "overflow: nobody, call_back: kept}").replace(
    "  done:", "  kept: {play: [call_back_kept], next: done}\n  done:"
)

BACK = """
name: return_call
version: "7"
language: zh-CN
start: greeting
steps:
  greeting: {play: [return_greeting], next: notice}
  notice: {play: [recording_notice], interruptible: no, next: noted}
  noted: {note: recording_notice, value: "notice-7", next: to_seat}
  to_seat: {enqueue: hotline, answered: done, no_seats: done, overflow: done}
  done: {hangup: yes}
"""


def flows_with_return_calls(folder: Path) -> dict[str, object]:
    """Changes that give a hall the flows of this house's return calls."""
    base = voice_options(folder)
    for name, hertz in SPOKEN.items():
        write_tone(folder / "prompts" / "zh-CN" / f"{name}.wav", hertz, seconds=0.5)
    known = frozenset({*TONES, *SPOKEN})
    flows = [load_flow(text, "here", known) for text in (ASKING, BACK)]
    return {
        "flows": {**base.flows, **{flow.name: flow for flow in flows}},
        "limits": replace(base.limits, announce_first=base.limits.announce_every / 2),
    }


@asynccontextmanager
async def hall_with_trunk(
    database: Database, folder: Path
) -> AsyncGenerator[tuple[Hall, Phone], None]:
    """A hall, and the phone that all its outbound calls reach."""
    options = PhoneOptions(user="13800009999", folder=folder)
    async with Phone.open(options) as carrier:
        changes = {**outbound_to(*carrier.address), **flows_with_return_calls(folder)}
        async with open_hall(database, folder, **changes) as hall:
            yield hall, carrier


async def waiting(hall: Hall, count: int) -> None:
    async def so_many() -> bool:
        async with hall.database.read() as session:
            query = select(QueueEntryRow).where(QueueEntryRow.state == QueuedState.WAITING)
            return len((await session.scalars(query)).all()) == count

    await eventually(so_many, f"{count} wait")


async def test_a_caller_who_asks_for_it_hangs_up_and_talks_when_the_place_has_come(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    """Issue B 7: call back instead of waiting."""
    async with hall_with_trunk(live_database, tmp_path) as (hall, carrier):
        await hall.sign_in("8001")
        async with hall.phone("13800000001") as other:
            first = await other.dial(hall.line())
            await waiting(hall, 1)
            second = await carrier.dial(hall.line())
            await hears(second.heard, OFFER_HZ, seconds=0.3)
            await second.press("1")
            await hears(second.heard, KEPT_HZ, seconds=0.3)
            await second.wait_over(timeout=20)
            async with live_database.read() as session:
                [owed] = await returns.return_calls(session)
            await first.hang_up()
            await waiting(hall, 0)

        async with hall.phone("8001") as seat:
            await seat.register(hall.registrar, password=PASSWORD)
            async with live_database.begin() as uow:
                assert await returns.dial_due(uow, system_clock()) == 1
            hall.voice.wake("orders")
            back = await carrier.next_call()
            taken = await seat.next_call()
            back.say(citizen_voice, loop=True)
            await hears(taken.heard, CITIZEN_HZ)
            await hall.seat_is("8001", SeatState.TALKING)
            await hears(back.heard, BACK_HZ, seconds=0.3)
            await taken.hang_up()
            await back.wait_over(timeout=20)
            row = await hall.ended_call(2)

    assert (owed.reason, owed.number) == (ReturnReason.REQUESTED, "13800009999")
    assert (row.direction, row.number) == (CallDirection.OUTBOUND, "13800009999")
    assert row.connected_at is not None
    assert row.notice_version == "notice-7"
    async with live_database.read() as session:
        recordings = (await session.scalars(select(RecordingRow.call_id))).all()
        place = await session.scalar(
            select(QueueEntryRow.rank_at).where(QueueEntryRow.call_id == row.id)
        )
    assert row.id in recordings
    assert place == owed.place


async def test_who_withholds_the_number_keys_one_in_and_keeps_the_place(
    live_database: Database, tmp_path: Path
) -> None:
    """Issue B 7: nothing is dialled that we may not dial, and nothing that was not confirmed."""
    async with hall_with_trunk(live_database, tmp_path) as (hall, _):
        await hall.sign_in("8001")
        async with hall.phone("anonymous") as first, hall.phone("unknown") as second:
            one = await first.dial(hall.line())
            await waiting(hall, 1)
            other = await second.dial(hall.line())
            await hears(other.heard, OFFER_NUMBER_HZ, seconds=0.3)
            await other.press("1")
            await hears(other.heard, ASK_HZ, seconds=0.3)
            await other.press("110#")
            await hears(other.heard, WRONG_HZ, seconds=0.3)
            await other.press("13800009999#")
            await hears(other.heard, CONFIRM_HZ, seconds=0.3)
            await waiting(hall, 2)
            await other.press("1")
            await hears(other.heard, KEPT_HZ, seconds=0.3)
            await other.wait_over(timeout=20)
            async with live_database.read() as session:
                [owed] = await returns.return_calls(session)
                kept = await session.get_one(CallRow, owed.call_id)
            await one.hang_up()

    assert (owed.reason, owed.number) == (ReturnReason.REQUESTED, "13800009999")
    assert kept.number is None

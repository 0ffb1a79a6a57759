"""A hall for the benchmark of the distributor: seats with telephones, callers who wait."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hotline.contacts.calls.model import CallRow, VoiceProcessRow
from hotline.contacts.calls.states import CallDirection, CallState
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Base
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues.model import QueueEntryRow, SeatPhoneRow, SeatRow
from hotline.queues.states import QueuedState, SeatState

QUEUE = "hotline"
BATCH = 1000
SKILLS = ("business.gas", "dialect.min", "language.en")


@dataclass(frozen=True)
class Hall:
    """What was put into the database."""

    process_id: UUID
    seats: list[SeatId]
    callers: list[CallId]


async def furnish(url: str, seats: int, callers: int, *, free: bool) -> Hall:
    """Make tables, seats that are free or wrap up, and callers who wait, a tenth with needs."""
    engine = create_async_engine(url)
    hall = Hall(
        new_id(),
        [SeatId(new_id()) for _ in range(seats)],
        [CallId(new_id()) for _ in range(callers)],
    )
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
        await _put_seats(connection, hall, free=free)
        await _put_callers(connection, hall)
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    await engine.dispose()
    return hall


async def _put_seats(connection: AsyncConnection, hall: Hall, *, free: bool) -> None:
    now, luck = system_clock(), Random(7)
    await connection.execute(
        insert(VoiceProcessRow).values(id=hall.process_id, name="v", started_at=now, beat_at=now)
    )
    rows = [
        {
            "id": seat_id,
            "name": f"坐席{number}",
            "extension": f"{10000 + number}",
            "queue": QUEUE,
            "state": SeatState.AVAILABLE if free else SeatState.WRAP_UP,
            "since": now,
            "idle_since": now - timedelta(seconds=number),
            "user_id": new_id(),
            "skills": {skill: luck.randint(1, 9) for skill in SKILLS[: number % 4]},
            "sip_ha1_md5": "",
            "sip_ha1_sha256": "",
        }
        for number, seat_id in enumerate(hall.seats)
    ]
    phones = [
        {
            "seat_id": seat_id,
            "contact_uri": "sip:x",
            "source_host": "192.0.2.1",
            "source_port": 5060,
            "transport": "udp",
            "sip_call_id": "x",
            "cseq": 1,
            "path": [],
            "expires_at": now + timedelta(hours=1),
        }
        for seat_id in hall.seats
    ]
    for first in range(0, len(rows), BATCH):
        await connection.execute(insert(SeatRow), rows[first : first + BATCH])
        await connection.execute(insert(SeatPhoneRow), phones[first : first + BATCH])


async def _put_callers(connection: AsyncConnection, hall: Hall) -> None:
    began = system_clock() - timedelta(seconds=len(hall.callers))
    for first in range(0, len(hall.callers), BATCH):
        ids = hall.callers[first : first + BATCH]
        await connection.execute(
            insert(CallRow), [call_row(call_id, hall.process_id) for call_id in ids]
        )
        await connection.execute(insert(QueueEntryRow), [
            {
                "id": new_id(),
                "call_id": call_id,
                "queue": QUEUE,
                "number_hash": str(call_id),
                "state": QueuedState.WAITING,
                "enqueued_at": began + timedelta(seconds=number),
                "rank_at": began + timedelta(seconds=number),
                "needs": needs_of(number),
            }
            for number, call_id in enumerate(ids, first)
        ])  # fmt: skip


def needs_of(number: int) -> dict[str, int]:
    """Return the skills that a caller asks for: every tenth asks for one."""
    return {SKILLS[number // 10 % 3]: 2} if number % 10 == 0 else {}


def call_row(call_id: UUID, process_id: UUID) -> dict[str, object]:
    """Return the row of a call that waits."""
    return {
        "id": call_id,
        "process_id": process_id,
        "direction": CallDirection.INBOUND,
        "line": "12345",
        "number": None,
        "number_hash": str(call_id),
        "to_number": "12345",
        "sip_call_id": str(call_id),
        "state": CallState.WAITING,
        "started_at": system_clock(),
    }

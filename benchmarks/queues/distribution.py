"""`python -m benchmarks.queues.distribution`: from a free seat to the ringing decision.

On a real PostgreSQL of its own: 2,000 seats, 10,000 callers who wait, 50 more a second. Each
decision is one committed transaction of the product's distributor, timed from the moment when
a seat becomes free (or a caller joins while seats are free) to the commit of its offer.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

import config.models
from config.embedded import EmbeddedPostgres
from hotline.contacts.calls.model import CallRow, VoiceProcessRow
from hotline.contacts.calls.states import CallDirection, CallState
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Base, Database
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues import service
from hotline.queues.model import QueueEntryRow, SeatPhoneRow, SeatRow
from hotline.queues.states import QueuedState, SeatState
from hotline.queues.values import Offer

QUEUE = "hotline"
BATCH = 1000
SKILLS = ("business.gas", "dialect.min", "language.en")


@dataclass
class Load:
    """A floor under load, and what its decisions took, in seconds."""

    database: Database
    seats: list[SeatId]
    process_id: UUID
    luck: Random = field(default_factory=lambda: Random(7))
    decisions: list[float] = field(default_factory=list)
    joined: int = 0
    missed_beats: int = 0

    async def free_and_offer(self, seat_id: SeatId) -> None:
        """A seat ends its wrap-up, and is offered the next caller."""
        began = time.perf_counter()
        async with self.database.begin() as uow:
            await service.end_wrap_up(uow, seat_id, system_clock())
        offer = await self.offer()
        if offer is not None:
            self.decisions.append(time.perf_counter() - began)
            await self.talk(offer)

    async def offer(self) -> Offer | None:
        """Run the distributor once."""
        async with self.database.begin() as uow:
            return await service.next_offer(uow, QUEUE, system_clock())

    async def talk(self, offer: Offer) -> None:
        """The seat answers, talks for no time at all, and wraps up."""
        try:
            async with self.database.begin() as uow:
                now = system_clock()
                await service.answer_offer(uow, offer.offer_id, now=now)
                await service.finish(uow, offer.seat_id, now)
        except Conflict:
            self.missed_beats += 1

    async def join(self) -> None:
        """One more caller rings and waits."""
        call_id = CallId(new_id())
        async with self.database.begin() as uow:
            now = system_clock()
            await uow.session.execute(insert(CallRow).values(self.call(call_id)))
            needs = {self.luck.choice(SKILLS): 2} if self.luck.random() < 0.1 else {}
            await service.enqueue(
                uow, call_id=call_id, queue=QUEUE, number_hash=str(call_id), needs=needs, now=now
            )
        self.joined += 1

    def call(self, call_id: UUID) -> dict[str, object]:
        """The row of a call that waits."""
        return {
            "id": call_id,
            "process_id": self.process_id,
            "direction": CallDirection.INBOUND,
            "line": "12345",
            "number": None,
            "number_hash": str(call_id),
            "to_number": "12345",
            "sip_call_id": str(call_id),
            "state": CallState.WAITING,
            "started_at": system_clock(),
        }

    async def run(self, seconds: float, rate: float) -> None:
        """Let `rate` callers a second join, and as many seats become free."""
        began = time.perf_counter()
        tasks: set[asyncio.Task[None]] = set()
        for beat in range(int(seconds * rate)):
            delay = began + beat / rate - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            seat = self.seats[beat % len(self.seats)]
            for act in (self.join(), self.free_and_offer(seat)):
                task = asyncio.create_task(act)
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks)


async def prepare(url: str, seats: int, callers: int) -> Load:
    """Make tables and floor: every seat wraps up, and `callers` wait."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    database = Database.connect(url, clock=system_clock)
    now, process_id = system_clock(), new_id()
    load = Load(database, [SeatId(new_id()) for _ in range(seats)], process_id)
    async with engine.begin() as connection:
        await connection.execute(
            insert(VoiceProcessRow).values(id=process_id, name="v", started_at=now, beat_at=now)
        )
        await connection.execute(insert(SeatRow), [
            {
                "id": seat_id,
                "name": f"坐席{number}",
                "extension": f"{10000 + number}",
                "queue": QUEUE,
                "state": SeatState.WRAP_UP,
                "since": now,
                "idle_since": now,
                "user_id": new_id(),
                "skills": {skill: load.luck.randint(1, 9) for skill in SKILLS[: number % 4]},
                "sip_ha1_md5": "",
                "sip_ha1_sha256": "",
            }
            for number, seat_id in enumerate(load.seats)
        ])  # fmt: skip
        await connection.execute(insert(SeatPhoneRow), [
            {
                "seat_id": seat_id,
                "contact_uri": "sip:x",
                "source_host": "192.0.2.1",
                "source_port": 5060,
                "transport": "udp",
                "sip_call_id": "x",
                "cseq": 1,
                "expires_at": now + timedelta(hours=1),
            }
            for seat_id in load.seats
        ])  # fmt: skip
        for first in range(0, callers, BATCH):
            ids = [new_id() for _ in range(min(BATCH, callers - first))]
            await connection.execute(insert(CallRow), [load.call(call_id) for call_id in ids])
            await connection.execute(insert(QueueEntryRow), [
                {
                    "id": new_id(),
                    "call_id": call_id,
                    "queue": QUEUE,
                    "state": QueuedState.WAITING,
                    "enqueued_at": now - timedelta(seconds=callers - first - number),
                    "rank_at": now - timedelta(seconds=callers - first - number),
                    "needs": {SKILLS[number % 3]: 2} if number % 10 == 0 else {},
                }
                for number, call_id in enumerate(ids)
            ])  # fmt: skip
        await connection.execute(text("ANALYZE"))
    await engine.dispose()
    return load


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(url: str, chosen: argparse.Namespace) -> Load:
    """Prepare the floor and run the load."""
    load = await prepare(url, chosen.seats, chosen.callers)
    await load.run(chosen.seconds, chosen.rate)
    await load.database.close()
    return load


def main() -> int:
    """Measure, and print what a line of docs/benchmarks.md says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seats", type=int, default=2000)
    parser.add_argument("--callers", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--limit", type=float, default=0.1, help="p99 in seconds")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotline-queues-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        try:
            load = asyncio.run(measure(url, chosen))
        finally:
            server.stop()
    found = load.decisions
    p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
    print(
        f"{chosen.seats} seats, {chosen.callers} waiting, {chosen.rate:g} arrivals/s for "
        f"{chosen.seconds:g} s: {load.joined} joined, {len(found)} offers, "
        f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, max {max(found) * 1000:.1f} ms, "
        f"{load.missed_beats} lost races"
    )
    return 0 if p99 <= chosen.limit else 1


if __name__ == "__main__":
    assert config.models.MODULES
    sys.exit(main())

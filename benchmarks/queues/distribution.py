"""`python -m benchmarks.queues.distribution`: from a free seat to the ringing.

A PostgreSQL and a Valkey of their own, as `hotline serve` runs them. One process is the voice
process: the product's `Distribution`, callers who join, seats that answer and finish. Another is
the web process: seats that end their wrap-up. Two floors: `waiting`, where each seat that becomes
free is offered one of 10,000 callers; and `idle`, where each caller meets 2,000 free seats. The
time is taken from before the transaction that frees the seat (or puts the caller into the queue)
until the waiting call is shown its offer, which is when the seat's telephone is rung.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import uvloop
from sqlalchemy import func, insert, select

import config.models
from benchmarks.queues.hall import QUEUE, Hall, call_row, furnish, needs_of
from channels.voice.distribution import Distribution
from channels.voice.waiters import stop_tasks
from config.doorbell import RedisDoorbell
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.queue_rules import queue_rules
from hotline.contacts.calls.model import CallRow
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, new_id
from hotline.queues import service
from hotline.queues.model import OfferRow
from hotline.queues.signals import FREE, OFFER
from hotline.queues.states import OfferState
from hotline.queues.values import Offer, QueuePolicy

WARM_UP = 5.0
"""Seconds in which connections are opened and statements prepared; they do not count."""

TOPICS = (FREE, OFFER)
"""What wakes the distribution of a voice process."""

RING = (1.0, 4.0)
TALK = (5.0, 20.0)
"""Seconds, at random: 2,000 seats take 50 calls a second round and round."""

Begun: TypeAlias = "SynchronizedArray[float]"
"""When each seat began to become free, on the clock that all processes of a machine share."""


@dataclass
class VoiceLoad:
    """The voice process: callers, and what they are offered."""

    database: Database
    distribution: Distribution
    hall: Hall
    begun: Begun
    by_caller: bool
    luck: Random = field(default_factory=lambda: Random(7))
    found: list[float] = field(default_factory=list)
    joined: dict[CallId, float] = field(default_factory=dict)
    refused: int = 0
    cpu: float = 0.0
    counts_from: float = 0.0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Know the seats by their number."""
        self.number_of = {seat_id: number for number, seat_id in enumerate(self.hall.seats)}

    async def join(self, number: int) -> None:
        """One more caller waits."""
        call_id = CallId(new_id())
        async with self.database.begin() as uow:
            row = call_row(call_id, self.hall.process_id)
            await uow.session.execute(insert(CallRow).values(row))
        self.joined[call_id] = time.monotonic()
        async with self.database.begin() as uow:
            await service.enqueue(
                uow,
                call_id=call_id,
                queue=QUEUE,
                number_hash=str(call_id),
                needs=needs_of(number),
                now=system_clock(),
            )
        self.distribution.join(call_id, Caller(self, call_id))

    def rings(self, offer: Offer) -> None:
        """The seat rings: the time is taken; it answers, talks and finishes."""
        began = self.begun[self.number_of[offer.seat_id]]
        if self.by_caller:
            began = self.joined[offer.call_id]
        if time.monotonic() >= self.counts_from:
            self.found.append(time.monotonic() - began)
        self.start(self.talk(offer))

    async def talk(self, offer: Offer) -> None:
        """Answer after a while, and finish after another."""
        try:
            await asyncio.sleep(self.luck.uniform(*RING))
            async with self.database.begin() as uow:
                await service.answer_offer(uow, offer.offer_id, now=system_clock())
            self.distribution.leave(offer.call_id)
            await asyncio.sleep(self.luck.uniform(*TALK))
            async with self.database.begin() as uow:
                await service.end_contact(uow, offer.call_id, now=system_clock())
        except Conflict:
            self.refused += 1

    def start(self, act: Coroutine[Any, Any, None]) -> None:
        """Keep a task of the load."""
        task = asyncio.create_task(act)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(self, seconds: float, rate: float) -> None:
        """Let `rate` callers a second join."""
        self.counts_from = time.monotonic() + WARM_UP
        async for number in beats(seconds, rate):
            self.start(self.join(number))
        await stop_tasks(*self.tasks)


class Caller:
    """A waiting call, as the distribution sees it."""

    def __init__(self, load: VoiceLoad, call_id: CallId) -> None:
        self._load = load
        self._call_id = call_id
        self._is_rung = False

    def show(self, offers: Sequence[Offer]) -> None:
        """Ring once."""
        if offers and not self._is_rung:
            self._is_rung = True
            self._load.rings(offers[0])


async def beats(seconds: float, rate: float) -> AsyncIterator[int]:
    """Yield 0, 1, 2 … at `rate` a second."""
    began = time.monotonic()
    for beat in range(int(seconds * rate)):
        delay = began + beat / rate - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        yield beat


async def listen(doorbell: RedisDoorbell, distribution: Distribution) -> None:
    """Wake the distribution as the voice process does."""
    async with doorbell.subscribe(*TOPICS) as signals:
        async for _ in signals:
            distribution.wake()


async def free_seats(house: "House", hall: Hall, begun: Begun, chosen: argparse.Namespace) -> int:
    """The web process: end wrap-ups, `rate` a second; return how many were refused."""
    async with house.open() as (database, _):
        refused = 0

        async def free(number: int) -> None:
            nonlocal refused
            begun[number] = time.monotonic()
            try:
                async with database.begin() as uow:
                    await service.end_wrap_up(uow, hall.seats[number], system_clock())
            except Conflict:
                refused += 1

        acts = [
            asyncio.create_task(free(beat % len(hall.seats)))
            async for beat in beats(chosen.seconds, chosen.rate)
        ]
        await asyncio.gather(*acts)
    return refused


@dataclass(frozen=True)
class House:
    """The servers, and how both processes reach them."""

    postgres: str
    valkey: str

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[tuple[Database, RedisDoorbell], None]:
        """Connect as a process of the house does."""
        doorbell = RedisDoorbell(self.valkey)
        database = Database.connect(self.postgres, clock=system_clock, doorbell=doorbell)
        try:
            yield database, doorbell
        finally:
            await database.close()
            await doorbell.close()


async def take_calls(
    house: House, hall: Hall, begun: Begun, chosen: argparse.Namespace, *, by_caller: bool
) -> VoiceLoad:
    """The voice process: let callers join, ring seats, talk."""
    async with house.open() as (database, doorbell):
        distribution = Distribution(database, system_clock, QueuePolicy(queues=queue_rules()))
        load = VoiceLoad(database, distribution, hall, begun, by_caller)
        for call_id in hall.callers:
            distribution.join(call_id, Caller(load, call_id))
        gc.collect()
        gc.freeze()
        work = [
            asyncio.create_task(distribution.run(lambda: hall.process_id)),
            asyncio.create_task(listen(doorbell, distribution)),
        ]
        began = time.process_time()
        await load.run(chosen.seconds, chosen.rate)
        load.cpu = time.process_time() - began
        for task in work:
            if task.done():
                task.result()
        await stop_tasks(*work)
        await check(database)
    return load


async def check(database: Database) -> None:
    """One seat for each contact, whatever the load was."""
    openly = OfferRow.state.in_([OfferState.RINGING, OfferState.ANSWERED])
    async with database.read() as session:
        for column in (OfferRow.seat_id, OfferRow.entry_id):
            query = select(column).where(openly).group_by(column).having(func.count() > 1)
            doubled = (await session.scalars(query)).all()
            assert not doubled, f"{column} in two contacts: {doubled}"


def measure(house: House, chosen: argparse.Namespace, *, is_idle: bool) -> bool:
    """Run one floor, and print its line; say whether the limit was kept."""
    callers = 0 if is_idle else chosen.callers
    hall = asyncio.run(furnish(house.postgres, chosen.seats, callers, free=is_idle))
    begun: Begun = multiprocessing.Array("d", chosen.seats)
    web = multiprocessing.Process(
        target=lambda: uvloop.run(free_seats(house, hall, begun, chosen)), name="web"
    )
    if not is_idle:
        web.start()
    load = uvloop.run(take_calls(house, hall, begun, chosen, by_caller=is_idle))
    if not is_idle:
        web.join()
    found = sorted(load.found)
    p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
    print(
        f"{'idle' if is_idle else 'waiting'}: {chosen.seats} seats, {callers} waiting, "
        f"{chosen.rate:g}/s for {chosen.seconds:g} s: {len(found)} rang, "
        f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, max {found[-1] * 1000:.1f} ms; "
        f"{load.cpu / len(found) * 1000:.1f} ms of CPU in the voice process each; "
        f"{load.refused} refused; load average {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return p99 <= float(chosen.limit)


def main() -> int:
    """Measure both floors, and print what docs/benchmarks.md says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seats", type=int, default=2000)
    parser.add_argument("--callers", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--limit", type=float, default=0.1, help="p99 in seconds")
    parser.add_argument("--floor", choices=["waiting", "idle", "both"], default="both")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotline-queues-") as folder:
        servers = [EmbeddedPostgres(Path(folder) / "postgres"), EmbeddedValkey(Path(folder) / "v")]
        try:
            house = House(*(server.start() for server in servers))
            floors = {"both": [False, True], "waiting": [False], "idle": [True]}[chosen.floor]
            kept = [measure(house, chosen, is_idle=is_idle) for is_idle in floors]
        finally:
            for server in servers:
                server.stop()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    assert config.models.MODULES
    sys.exit(main())

"""A hotline for one schedule: the real code over a database that crashes, and a small city."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.faults.outside import Relay, Telephones
from case_bridge.platforms.local import LocalPlatform
from config.settings import Settings
from config.subscriptions import SUBSCRIPTIONS
from config.wiring import READERS
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.contacts.contact import Channel
from hotline.intake.receipts import ReceiptOptions
from hotline.intake.service import IntakeOptions
from hotline.kernel.db import Base, Database
from hotline.kernel.outbox import OutboxRow, OutboxState
from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions
from tests.conftest import FakeClock
from tests.fakes.crashing import CrashingDatabase, Fate, LossyDoorbell, Turns
from tests.integration.case_bridge.city import City, build_city

SECRET = b"the secret of a house of cards"
PUBLIC_URL = "https://city.example"


@dataclass
class House:
    """One installation, its city, and all that stands around it."""

    clock: FakeClock
    fate: Fate
    turns: Turns
    database: CrashingDatabase
    doorbell: LossyDoorbell
    relay: Relay
    telephones: Telephones
    city: City
    runtime: Any
    """What jobs and rounds read of `config.runtime.Runtime`."""

    async def owed(self) -> Sequence[OutboxRow]:
        """Return the outbox rows that are pending."""
        async with self.database.read() as session:
            rows = await session.scalars(
                select(OutboxRow).where(OutboxRow.state == OutboxState.PENDING)
            )
            return rows.all()


def build_house(engine: AsyncEngine, clock: FakeClock, fate: Fate, city: City) -> House:
    """Put a house on a database; `city` says who works there."""
    turns = Turns()
    doorbell = LossyDoorbell(fate)
    database = CrashingDatabase(
        engine,
        clock=clock,
        subscriptions=SUBSCRIPTIONS,
        doorbell=doorbell,
        fate=fate,
        turns=turns,
    )
    relay, platform = Relay(fate, turns), LocalPlatform(database)
    people, codes = PeopleOptions(index_key=SECRET), QueryCodeOptions(SECRET)
    links = LinkOptions(SECRET, PUBLIC_URL)
    runtime = SimpleNamespace(
        settings=Settings(data=Path(tempfile.gettempdir()) / "hotline-no-recordings"),
        clock=clock,
        database=database,
        doorbell=doorbell,
        outbound=relay,
        platform=platform,
        people=people,
        query_codes=codes,
        intake=IntakeOptions(readers=READERS, people=people),
        receipts=ReceiptOptions(codes, PUBLIC_URL, relay.channels),
        callbacks=CallbackOptions(links, channels=relay.channels | {Channel.VOICE}),
    )
    ours = City(database, clock, city.units, platform, city.desk, city.dispatcher, city.inspector)
    return House(
        clock, fate, turns, database, doorbell, relay, Telephones(fate.chance), ours, runtime
    )


class Ground:
    """A database that is made bare again for each schedule, but for categories and units."""

    def __init__(self, engine: AsyncEngine, city: City, kept: frozenset[str]) -> None:
        self.engine = engine
        self.city = city
        self._kept = kept
        self._used = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, clock: FakeClock) -> AsyncGenerator["Ground", None]:
        """Load the city into an empty database that has its schema."""
        # One engine for all schedules: it keeps what it has compiled.
        engine = create_async_engine(url, pool_size=4)
        try:
            city = await build_city(Database(engine, clock=clock), clock)
            async with engine.connect() as connection:
                kept = [
                    table.name
                    for table in Base.metadata.sorted_tables
                    if await connection.scalar(select(func.count()).select_from(table))
                ]
            yield cls(engine, city, frozenset(kept))
        finally:
            await engine.dispose()

    async def clear(self) -> None:
        """Forget the last schedule."""
        self._used += 1
        tables = [each for each in Base.metadata.sorted_tables if each.name not in self._kept]
        async with self.engine.begin() as connection:
            if self._used % 50 == 0:
                names = ", ".join(table.name for table in tables)
                await connection.execute(text(f"TRUNCATE {names}"))
            else:
                for table in reversed(tables):
                    await connection.execute(delete(table))

"""A house whose processes die at any moment: seeded chance, a database with crash points, turns.

A `Crash` stands for kill -9 of one process: it unwinds everything that the process was doing, and
what it knew is gone. What it had committed stays, and so does what the outside has seen.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from hotline.kernel.clock import Clock
from hotline.kernel.db import Database, Message, UnitOfWork
from hotline.kernel.events import Event
from hotline.kernel.tasks import spawn

MOVE_SECONDS = 20.0
"""An actor that moves longer waits for a lock that another one holds: a fault of the harness."""

STALL_ODDS = 0.25
"""How often a process stands still before a transaction, while the others go on."""


class Crash(BaseException):
    """The process dies here; no `except Exception` of the product may hear of it."""


class Fate:
    """Decides by seed where processes die; `crashes` counts by the name of the point."""

    def __init__(self, chance: random.Random, *, odds: float) -> None:
        self.chance = chance
        self.odds = odds
        self.is_on = False
        self.crashes: dict[str, int] = {}

    def may_strike(self, point: str, *, weight: float = 1.0) -> None:
        """Let the process die at this point, perhaps; `weight` times as often as elsewhere.

        Raises:
            Crash: if it does.
        """
        if self.is_on and self.chance.random() < weight * self.odds:
            self.crashes[point] = self.crashes.get(point, 0) + 1
            raise Crash(point)


_actor: ContextVar[str | None] = ContextVar("actor", default=None)


class Turns:
    """One actor moves at a time, and a seeded chance says which: so that a seed is one story.

    An actor never yields inside a transaction, for the next one might wait for its locks.
    """

    def __init__(self) -> None:
        self._parked: dict[str, asyncio.Future[None]] = {}
        self._midway: set[str] = set()
        self._at_rest = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def waiting(self) -> Sequence[str]:
        """The actors that could move."""
        return list(self._parked)

    def is_midway(self, name: str) -> bool:
        """Say whether an actor has stopped in the middle of something."""
        return name in self._midway

    def start(self, name: str, life: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let an actor wait for its first turn."""
        parked = asyncio.get_running_loop().create_future()
        self._parked[name] = parked
        self._tasks[name] = spawn(self._live(name, parked, life), name)

    async def pause(self, *, midway: bool = True) -> None:
        """Wait for the next turn; nothing for whoever is not an actor."""
        name = _actor.get()
        if name is None:
            return
        parked = asyncio.get_running_loop().create_future()
        self._parked[name] = parked
        if midway:
            self._midway.add(name)
        self._at_rest.set()
        await parked

    async def give(self, name: str) -> bool:
        """Let one actor move until it pauses or ends; True if its life is over.

        Raises:
            Exception: whatever ended its life, but for a crash: that is how lives end here.
        """
        self._at_rest.clear()
        self._midway.discard(name)
        self._parked.pop(name).set_result(None)
        async with asyncio.timeout(MOVE_SECONDS):
            await self._at_rest.wait()
        if name in self._parked:
            return False
        await self._tasks.pop(name)
        return True

    async def end(self) -> None:
        """End every life where it stands."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self._parked.clear()
        self._midway.clear()

    async def _live(
        self,
        name: str,
        parked: "asyncio.Future[None]",
        life: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        _actor.set(name)
        await parked
        try:
            await life()
        except Crash:
            return
        finally:
            self._at_rest.set()


class LossyDoorbell:
    """Redis as it may be: rings are kept in memory, and some are lost."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self.rung: set[int] = set()
        self.topics: set[str] = set()

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Ring for the rows, unless the process dies between its commit and the bell."""
        self._fate.may_strike("before the bell")
        if not (self._fate.is_on and self._fate.chance.random() < 0.1):
            self.rung.update(outbox_ids)

    async def ring_again(self, outbox_ids: Sequence[int]) -> None:
        """Ring for rows that the sweeper found."""
        await self.ring(outbox_ids)

    async def publish(self, signals: Sequence[Message]) -> None:
        """Tell whoever listens."""
        self.topics.update(topic for topic, _ in signals)


OwedEffect = tuple[str, dict[str, Any], datetime]
"""A job, its payload, and when it is due."""


class CrashingDatabase(Database):
    """The real database; the process may die before, inside and after each transaction."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        subscriptions: Mapping[type[Event], Sequence[str]],
        doorbell: LossyDoorbell,
        fate: Fate,
        turns: Turns,
    ) -> None:
        super().__init__(engine, clock=clock, subscriptions=subscriptions, doorbell=doorbell)
        self.fate = fate
        self.turns = turns
        self.memory: list[OwedEffect] | None = None
        """The unsafe way: effects are kept here after the commit, and never become rows."""

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[UnitOfWork, None]:
        """Open a transaction that may not be survived."""
        if self.fate.is_on and self.fate.chance.random() < STALL_ODDS:
            await self.turns.pause()
        self.fate.may_strike("before the transaction")
        owed: list[OwedEffect] = []
        async with super().begin() as uow:
            yield uow
            if self.memory is not None:
                owed = [(each.job, dict(each.payload), each.due_at) for each in uow._effects]
                uow._effects.clear()
            await uow.session.flush()
            self.fate.may_strike("before the commit")
        self.fate.may_strike("after the commit")
        if self.memory is not None:
            self.memory += owed

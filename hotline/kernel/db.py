"""The database and the unit of work: one request or job is one transaction.

Opened only at an edge (handler, job, adapter). Events and effects go to the outbox inside the
transaction; the doorbell rings after the commit, and whatever it loses the sweeper finds.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from hotline.kernel import outbox
from hotline.kernel.clock import Clock
from hotline.kernel.errors import Unavailable
from hotline.kernel.events import Event
from hotline.kernel.liveness import watch_connections
from hotline.kernel.schema import Base, enum_type

__all__ = ["Base", "Database", "Doorbell", "Message", "SilentDoorbell", "UnitOfWork", "enum_type"]

Subscriptions = Mapping[type[Event], Sequence[str]]
"""Event type to the names of the jobs that act on it."""

Message = tuple[str, Mapping[str, Any]]
"""A topic, and what whoever listens on it is told."""


class Doorbell(Protocol):
    """Tells workers and screens that there is news. May fail silently: SQL is the truth."""

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Offer outbox rows to the workers."""

    async def publish(self, signals: Sequence[Message]) -> None:
        """Tell whoever listens on the topics."""


class SilentDoorbell:
    """Nobody is told; the sweeper and the screens' own refresh find everything."""

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Ring nobody."""

    async def publish(self, signals: Sequence[Message]) -> None:
        """Tell nobody."""


@dataclass(slots=True)
class UnitOfWork:
    """One transaction: a session, and what is to be done once it has committed."""

    session: AsyncSession
    clock: Clock
    subscriptions: Subscriptions
    _effects: list[outbox.Effect] = field(default_factory=list)
    _signals: list[Message] = field(default_factory=list)

    def record(self, event: Event) -> None:
        """Owe every job that is subscribed to the event, once each."""
        for job in self.subscriptions.get(type(event), ()):
            self.enqueue(
                job,
                key=f"{job}:{event.event_id}",
                payload=event.to_payload(),
                due_at=event.occurred_at,
            )

    def enqueue(self, job: str, *, key: str, payload: Mapping[str, Any], due_at: datetime) -> None:
        """Owe one effect. A second one with the same key is ignored, in this life or later."""
        self._effects.append(outbox.Effect(job, key, dict(payload), due_at))

    def signal(self, topic: str, **payload: Any) -> None:
        """Tell screens after the commit that something changed; they read it from SQL."""
        told = (topic, {name: _plain(value) for name, value in payload.items()})
        if told not in self._signals:
            self._signals.append(told)

    async def write_effects(self) -> list[int]:
        """Write what is owed; return the ids of the rows that are due already."""
        due = await outbox.put(self.session, self._effects, now=self.clock())
        self._effects.clear()
        return due

    @property
    def signals(self) -> Sequence[Message]:
        """What is to be published after the commit."""
        return self._signals


class Database:
    """One PostgreSQL database; hands out transactions."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        subscriptions: Subscriptions | None = None,
        doorbell: Doorbell | None = None,
        connection: AsyncConnection | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._subscriptions: Subscriptions = subscriptions or {}
        self._doorbell: Doorbell = doorbell or SilentDoorbell()
        self._sessions = async_sessionmaker(connection or engine, expire_on_commit=False)
        at_once = connection or engine.execution_options(isolation_level="AUTOCOMMIT")
        self._glances = async_sessionmaker(at_once, expire_on_commit=False)

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        clock: Clock,
        subscriptions: Subscriptions | None = None,
        doorbell: Doorbell | None = None,
        pool_size: int = 10,
    ) -> "Database":
        """Return a database on `url` (`postgresql+asyncpg://…`); connects at first use."""
        # What a statement was about names people, and an error's text goes to the log.
        engine = create_async_engine(
            url, pool_size=pool_size, max_overflow=5, pool_timeout=10, hide_parameters=True
        )
        watch_connections(engine)
        return cls(engine, clock=clock, subscriptions=subscriptions, doorbell=doorbell)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[UnitOfWork, None]:
        """Open a transaction; commit at the end, roll back on an error, then ring.

        Raises:
            Unavailable: if the database cannot be reached.
        """
        with _reachable():
            async with self._sessions() as session, session.begin():
                uow = UnitOfWork(session, self.clock, self._subscriptions)
                yield uow
                await session.flush()
                due = await uow.write_effects()
        if due:
            await self._doorbell.ring(due)
        if uow.signals:
            await self._doorbell.publish(uow.signals)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession, None]:
        """Open a session for reading; whatever it changed is rolled back.

        Raises:
            Unavailable: if the database cannot be reached.
        """
        with _reachable():
            async with self._sessions() as session:
                yield session

    @asynccontextmanager
    async def glance(self) -> AsyncGenerator[AsyncSession, None]:
        """Open a session for one look: no transaction, so one round trip and not three.

        Nothing may be changed in it, and `set_config` for a transaction does nothing.

        Raises:
            Unavailable: if the database cannot be reached.
        """
        with _reachable():
            async with self._glances() as session:
                yield session

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator["Database", None]:
        """Hold one connection; its transactions wait for those of nobody else.

        One transaction at a time. The connection is not asked whether it lives: when it is lost,
        the transaction raises, and the holder opens another.

        Raises:
            Unavailable: if the database cannot be reached.
        """
        with _reachable():
            async with self.engine.connect() as connection:
                yield Database(
                    self.engine,
                    clock=self.clock,
                    subscriptions=self._subscriptions,
                    doorbell=self._doorbell,
                    connection=connection,
                )

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Offer outbox rows to the workers again."""
        await self._doorbell.ring(outbox_ids)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


PASSING = ("08", "40", "53", "57P")
"""SQLSTATE classes of what may go well another time: connections, transactions that met another
(deadlock, serialization), resources that ran out, a server that starts or stops."""


class _reachable:  # noqa: N801 - reads as a phrase where it is used
    """Turns a lost or refused connection, and what else passes, into `Unavailable`."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if _passes(error):
            raise Unavailable("the database") from error


def _passes(error: BaseException | None) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, (OperationalError, InterfaceError, PoolExhausted)):
        return True
    # asyncpg refuses a connection with the operating system's own error, or with the server's.
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or ""
    return isinstance(error, ConnectionError) or state.startswith(PASSING)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)

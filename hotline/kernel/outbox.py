"""The outbox: every effect on the outside is a row, written with its cause.

A row is offered to a worker when it is due, claimed under a lease, and completed or put back
only by the worker whose lease is still the newest. Redis merely rings; a row whose ring was
lost, or whose worker died, is found again by `due`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.kernel.ids import new_id
from hotline.kernel.schema import Base, enum_type

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before its row is offered again."""

MAX_ATTEMPTS = 32
"""With doubling gaps from 5 s to 1 h: about a day of trying, then a person looks."""

FIRST_GAP = timedelta(seconds=5)
LONGEST_GAP = timedelta(hours=1)

DONE_KEPT = timedelta(days=90)
"""So long a cause that comes twice is known by its key; none comes again after weeks."""


class OutboxState(StrEnum):
    """Where a row stands."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class OutboxRow(Base):
    """One effect that is still owed, or was done."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_outbox_due", "due_at", postgresql_where="state = 'pending'"),
        Index("ix_outbox_dead", "id", postgresql_where="state = 'dead'"),
        Index("ix_outbox_done", "done_at", postgresql_where="state = 'done'"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(unique=True)
    job: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[OutboxState] = mapped_column(enum_type(OutboxState), default=OutboxState.PENDING)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that is to be owed."""

    job: str
    key: str
    """A second effect with the same key is none."""
    payload: Mapping[str, Any]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to carry out one row until its lease runs out."""

    outbox_id: int
    job: str
    payload: Mapping[str, Any]
    attempt: int
    lease: UUID


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is owed of one job."""

    job: str
    due: int
    """Rows whose time has come."""
    later: int
    """Rows that wait for their time."""
    oldest_due_at: datetime | None
    """Since when the oldest of the due ones waits."""


async def put(session: AsyncSession, effects: Sequence[Effect], *, now: datetime) -> list[int]:
    """Write effects in one statement, but those whose key is there already.

    Returns the ids of the rows that are due already.
    """
    if not effects:
        return []
    rows = [
        {
            "job": effect.job,
            "key": effect.key,
            "payload": dict(effect.payload),
            "due_at": effect.due_at,
            "created_at": now,
            "state": OutboxState.PENDING,
            "attempts": 0,
        }
        for effect in effects
    ]
    statement = (
        insert(OutboxRow)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OutboxRow.id, OutboxRow.due_at)
    )
    written = await session.execute(statement, rows)
    return [row_id for row_id, due_at in written if due_at <= now]


async def due(session: AsyncSession, *, now: datetime, limit: int = 500) -> Sequence[int]:
    """Return ids of rows that are due and under nobody's lease, oldest first."""
    return (
        await session.scalars(
            select(OutboxRow.id)
            .where(
                OutboxRow.state == OutboxState.PENDING,
                OutboxRow.due_at <= now,
                (OutboxRow.lease_until.is_(None)) | (OutboxRow.lease_until <= now),
            )
            .order_by(OutboxRow.due_at, OutboxRow.id)
            .limit(limit)
        )
    ).all()


async def claim(
    session: AsyncSession, outbox_id: int, *, now: datetime, lease_for: timedelta = LEASE
) -> Claim | None:
    """Take a due row under a new lease; None if it is done, not due, or somebody has it."""
    row = await session.scalar(
        select(OutboxRow)
        .where(
            OutboxRow.id == outbox_id,
            OutboxRow.state == OutboxState.PENDING,
            OutboxRow.due_at <= now,
            (OutboxRow.lease_until.is_(None)) | (OutboxRow.lease_until <= now),
        )
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    lease = new_id()
    row.lease, row.lease_until = lease, now + lease_for
    row.attempts += 1
    return Claim(row.id, row.job, row.payload, row.attempts, lease)


async def complete(session: AsyncSession, held: Claim, *, now: datetime) -> bool:
    """Mark the row as done; False if the lease has passed to another worker meanwhile."""
    return await _leave(session, held, state=OutboxState.DONE, done_at=now, error=None)


async def put_back(
    session: AsyncSession, held: Claim, *, error: str, gap: timedelta | None, now: datetime
) -> bool:
    """Owe the row again after `gap` (default: doubling), or give up after MAX_ATTEMPTS.

    Returns False if the lease has passed to another worker meanwhile.
    """
    if held.attempt >= MAX_ATTEMPTS:
        return await _leave(session, held, state=OutboxState.DEAD, error=error)
    gap = gap or min(LONGEST_GAP, FIRST_GAP * 2 ** (held.attempt - 1))
    return await _leave(session, held, due_at=now + gap, error=error)


async def bury(session: AsyncSession, held: Claim, *, error: str) -> bool:
    """Stop trying: the row is a dead letter that a person must look at."""
    return await _leave(session, held, state=OutboxState.DEAD, error=error)


async def forget(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Delete rows that were done long ago, the oldest first; return how many.

    Dead letters stay until a person has looked at them.
    """
    old = (
        select(OutboxRow.id)
        .where(OutboxRow.state == OutboxState.DONE, OutboxRow.done_at < now - DONE_KEPT)
        .order_by(OutboxRow.done_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    gone = await session.scalars(
        delete(OutboxRow).where(OutboxRow.id.in_(old)).returning(OutboxRow.id)
    )
    return len(gone.all())


async def dead(session: AsyncSession, *, after: int = 0, limit: int) -> Sequence[OutboxRow]:
    """Return dead letters behind an id, oldest first."""
    found = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.DEAD, OutboxRow.id > after)
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return found.all()


async def backlog(session: AsyncSession, *, now: datetime) -> Sequence[Backlog]:
    """Return what is owed, by job: the one whose oldest row waits longest comes first."""
    is_due = OutboxRow.due_at <= now
    oldest = func.min(OutboxRow.due_at)
    found = await session.execute(
        select(OutboxRow.job, func.count().filter(is_due), func.count(), oldest)
        .where(OutboxRow.state == OutboxState.PENDING)
        .group_by(OutboxRow.job)
        .order_by(oldest)
    )
    return [Backlog(job, due, every - due, at if due else None) for job, due, every, at in found]


async def owed(
    session: AsyncSession, job: str, *, after: int = 0, limit: int
) -> Sequence[OutboxRow]:
    """Return the rows of a job that are owed behind an id, oldest first."""
    found = await session.scalars(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.PENDING, OutboxRow.job == job, OutboxRow.id > after)
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return found.all()


async def count_dead(session: AsyncSession) -> int:
    """Return how many dead letters wait for a person."""
    query = select(func.count()).select_from(OutboxRow).where(OutboxRow.state == OutboxState.DEAD)
    return (await session.execute(query)).scalar_one()


async def revive(session: AsyncSession, outbox_id: int, *, now: datetime) -> bool:
    """Owe a dead letter again, from its first attempt; False if it is not dead."""
    result = await session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == outbox_id, OutboxRow.state == OutboxState.DEAD)
        .values(state=OutboxState.PENDING, attempts=0, due_at=now, lease=None, lease_until=None)
        .returning(OutboxRow.id)
    )
    return result.scalar_one_or_none() is not None


async def _leave(session: AsyncSession, held: Claim, **values: Any) -> bool:
    result = await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.id == held.outbox_id,
            OutboxRow.state == OutboxState.PENDING,
            OutboxRow.lease == held.lease,
        )
        .values(lease=None, lease_until=None, **values)
        .returning(OutboxRow.id)
    )
    return result.scalar_one_or_none() is not None

"""Who waits, and why nobody has taken them yet; moving one of them by hand (人工调度)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import CallId
from hotline.queues.control.states import DIRECT
from hotline.queues.estimate import WINDOW, Estimate, expected_wait
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.pool import Pool, SeatKind, fitting
from hotline.queues.repository import OPEN_ENTRY, QueueEntries
from hotline.queues.routing import Needs, Waiting
from hotline.queues.seat_repository import Seats
from hotline.queues.signals import FREE
from hotline.queues.skills import queues_of_seats
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import QueuePolicy

BEFORE = timedelta(milliseconds=1)
"""Who is moved first stands so little before the one who was."""


class Why(StrEnum):
    """Why a caller still waits."""

    RINGING = "ringing"  # 正在振铃
    DUE = "due"  # 即将分配: a seat that fits is free
    NO_SKILL = "no_skill"  # 空闲坐席没有所需技能
    NO_PHONE = "no_phone"  # 空闲坐席的话机不在线
    ALL_BUSY = "all_busy"  # 坐席全忙
    NOBODY = "nobody"  # 无人签入


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCaller:
    """One caller of a queue, as a shift leader sees it."""

    call_id: CallId
    queue: str
    place: int
    line: str
    number: str | None
    needs: Needs
    """The levels that a seat must have by now."""
    enqueued_at: datetime
    expected: Estimate | None
    why: Why
    rings_at: tuple[str, ...]
    """Extensions."""


async def waiting_callers(
    session: AsyncSession,
    now: datetime,
    policy: QueuePolicy,
    *,
    queue: str | None = None,
    limit: int = 200,
) -> list[WaitingCaller]:
    """Return who waits, by queue and place."""
    query = (
        select(QueueEntryRow, CallRow.line, CallRow.number)
        .join(CallRow, CallRow.id == QueueEntryRow.call_id)
        .where(QueueEntryRow.state.in_(OPEN_ENTRY), QueueEntryRow.queue != DIRECT)
        .order_by(QueueEntryRow.queue, QueueEntryRow.rank_at, QueueEntryRow.id)
    )
    if queue is not None:
        query = query.where(QueueEntryRow.queue == queue)
    rows = (await session.execute(query.limit(limit))).all()
    floor = await _Floor.look(session, now)
    rings = await _ringing(session, [entry.id for entry, _, _ in rows])
    answered = await QueueEntries(session).answered_since(now - WINDOW)
    places: dict[str, int] = defaultdict(int)
    found = []
    for entry, line, number in rows:
        places[entry.queue] += 1
        place = places[entry.queue]
        rules = policy.rules_of(entry.queue)
        waits = Waiting(entry.id, entry.enqueued_at, entry.rank_at, entry.needs)
        needs = rules.needs_of(waits, now)
        rings_at = tuple(rings.get(entry.id, ()))
        queues = rules.queues_of(entry.queue, waits, now)
        found.append(
            WaitingCaller(
                call_id=CallId(entry.call_id),
                queue=entry.queue,
                place=place,
                line=line,
                number=number,
                needs=needs,
                enqueued_at=entry.enqueued_at,
                expected=expected_wait(place, answered.like(entry.queue, entry.needs)),
                why=Why.RINGING if rings_at else floor.why(queues, needs),
                rings_at=rings_at,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Floor:
    """The seats as they are now."""

    free: Sequence[SeatKind]
    states: Mapping[str, frozenset[SeatState]]
    """By queue: the states of its seats."""

    @classmethod
    async def look(cls, session: AsyncSession, now: datetime) -> "_Floor":
        states: dict[str, set[SeatState]] = defaultdict(set)
        for seat in await Seats(session).all():
            states[seat.queue].add(seat.state)
        free = await Pool(session, now).kinds(list(states))
        return cls(free, {name: frozenset(found) for name, found in states.items()})

    def why(self, queues: Sequence[str], needs: Needs) -> Why:
        """Say why nobody has taken a caller whom these queues may serve."""
        if fitting(self.free, queues, needs):
            return Why.DUE
        if any(kind.queue in queues for kind in self.free):
            return Why.NO_SKILL
        states = frozenset[SeatState]().union(*(self.states.get(name, ()) for name in queues))
        if SeatState.AVAILABLE in states:
            return Why.NO_PHONE
        return Why.ALL_BUSY if states - {SeatState.SIGNED_OUT} else Why.NOBODY


async def _ringing(session: AsyncSession, entries: Sequence[UUID]) -> dict[UUID, list[str]]:
    query = (
        select(OfferRow.entry_id, SeatRow.extension)
        .join(SeatRow, SeatRow.id == OfferRow.seat_id)
        .where(OfferRow.entry_id.in_(entries), OfferRow.state == OfferState.RINGING)
        .order_by(SeatRow.extension)
    )
    found: dict[UUID, list[str]] = {}
    for entry_id, extension in await session.execute(query):
        found.setdefault(entry_id, []).append(extension)
    return found


async def queue_of(session: AsyncSession, call_id: CallId) -> str | None:
    """Return the queue in which a caller waits; None if in none."""
    found = await QueueEntries(session).place_of(call_id, 0)
    return None if found is None else found[0]


async def move_first(uow: UnitOfWork, call_id: CallId, *, now: datetime) -> str:
    """Put a caller before everybody else in the queue; return the queue.

    Raises:
        NotFound: if the caller waits nowhere any more.
        Conflict: if a seat rings for the caller already.
    """
    entry = await _hold(uow, call_id)
    query = select(func.min(QueueEntryRow.rank_at)).where(
        QueueEntryRow.queue == entry.queue,
        QueueEntryRow.state.in_(OPEN_ENTRY),
        QueueEntryRow.id != entry.id,
    )
    head = await uow.session.scalar(query)
    if head is not None and head <= entry.rank_at:
        entry.rank_at = head - BEFORE
    await calls.note_event(uow, call_id, "moved_first", now=now, queue=entry.queue)
    _tell(uow, entry.queue)
    return entry.queue


async def move_to(uow: UnitOfWork, call_id: CallId, queue: str, *, now: datetime) -> str:
    """Let a caller wait in another queue, at the place that the wait so far gives there.

    Returns the queue that was left.

    Raises:
        NotFound: if the caller waits nowhere any more.
        Conflict: if a seat rings for the caller already.
        Invalid: if no seat belongs to the queue, or the caller waits there.
    """
    entry = await _hold(uow, call_id)
    if queue == entry.queue or queue not in await queues_of_seats(uow.session):
        raise Invalid("queue", "is no other queue that seats belong to")
    left, entry.queue = entry.queue, queue
    await calls.note_event(uow, call_id, "moved_queue", now=now, queue=queue, left=left)
    _tell(uow, left)
    _tell(uow, queue)
    return left


async def _hold(uow: UnitOfWork, call_id: CallId) -> QueueEntryRow:
    held = await QueueEntries(uow.session).hold_call(call_id)
    if held is None:
        raise NotFound("waiting caller", call_id)
    if held.entry.state is not QueuedState.WAITING:
        raise Conflict("a seat rings for the caller already")
    return held.entry


def _tell(uow: UnitOfWork, queue: str) -> None:
    uow.signal("queue", queue=queue)
    uow.signal(FREE)

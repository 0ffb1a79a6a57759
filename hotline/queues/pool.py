"""All SQL of the distributor: free seats and callers, read compactly, and offers made in one go.

However many seats are free and callers wait, a deal reads the best seats and the first callers
who can be served, and counts the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger, Boolean, DateTime, Integer, String, Uuid

from hotline.kernel.ids import SeatId
from hotline.queues.model import QueueEntryRow, SeatRow
from hotline.queues.routing import Candidate, Needs, QueueRules, Strategy, Waiting, can_serve
from hotline.queues.seat_repository import available
from hotline.queues.states import (
    QUEUED,
    SEAT,
    OfferState,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class SeatKind:
    """Free seats that routing cannot tell apart but by their order: how many there are."""

    queue: str
    skills: Needs
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A caller and a seat, to become an offer if both are still free."""

    offer_id: UUID
    entry_id: UUID
    seat: Candidate
    rule: str
    needs: Mapping[str, int]
    candidates: Sequence[Mapping[str, Any]]
    others: int
    is_shared: bool


ORDER_OF: Mapping[Strategy, tuple[ColumnElement[Any], ...]] = {
    Strategy.LONGEST_IDLE: (),
    Strategy.FEWEST_CALLS: (SeatRow.handled.asc(),),
    Strategy.ROUND_ROBIN: (SeatRow.offered_at.asc().nulls_first(),),
    Strategy.RING_ALL: (),
}
"""The order of `routing.ranked`, before idle time and extension."""


class Pool:
    """Free seats and waiting callers, as one deal sees them."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self._session = session
        self._now = now

    async def hold(self, queue: str) -> bool:
        """Be the only one who deals for a queue until the commit; False if another one does."""
        held = await self._session.execute(HOLD, {"queue": queue})
        return bool(held.scalar_one())

    async def seats(
        self, queues: Sequence[str], strategy: Strategy, limit: int, needs: Needs | None = None
    ) -> list[Candidate]:
        """Return available seats whose phone is there, and that have the skills, best first."""
        query = _candidates(queues, self._now)
        for skill, level in (needs or {}).items():
            query = query.where(SeatRow.skills[skill].as_integer() >= level)
        order = (*ORDER_OF[strategy], SeatRow.idle_since, SeatRow.extension)
        rows = await self._session.execute(query.order_by(*order).limit(limit))
        return [Candidate(SeatId(row[0]), *row[1:]) for row in rows]

    async def named(self, queues: Sequence[str], ids: Sequence[UUID]) -> list[Candidate]:
        """Return those of some seats that are available."""
        query = _candidates(queues, self._now).where(SeatRow.id.in_(ids))
        return [Candidate(SeatId(row[0]), *row[1:]) for row in await self._session.execute(query)]

    async def kinds(self, queues: Sequence[str]) -> list[SeatKind]:
        """Count all available seats by queue and skills."""
        query = (
            available(queues, self._now)
            .with_only_columns(SeatRow.queue, SeatRow.skills, func.count())
            .group_by(SeatRow.queue, SeatRow.skills)
        )
        return [SeatKind(*row) for row in await self._session.execute(query)]

    async def callers(
        self,
        queue: str,
        rules: QueueRules,
        kinds: Sequence[SeatKind],
        after: Place | None,
        limit: int,
    ) -> list[Waiting]:
        """Return callers by place, behind the place `after`; nothing is locked.

        Left out are those whom no seat of these kinds can serve, by the best level of each skill
        in each queue. So a thousand of them cost one statement, and hold up nobody.
        """
        query = select(
            QueueEntryRow.id,
            QueueEntryRow.enqueued_at,
            QueueEntryRow.rank_at,
            QueueEntryRow.needs,
            QueueEntryRow.last_seat_id,
        ).where(
            QueueEntryRow.queue == queue,
            QueueEntryRow.state == QueuedState.WAITING,
            or_(*self._chances(queue, rules, kinds)),
        )
        if after is not None:
            query = query.where(tuple_(QueueEntryRow.rank_at, QueueEntryRow.id) > after)
        query = query.order_by(QueueEntryRow.rank_at, QueueEntryRow.id).limit(limit)
        return [Waiting(*row) for row in await self._session.execute(query)]

    def _chances(
        self, queue: str, rules: QueueRules, kinds: Sequence[SeatKind]
    ) -> list[ColumnElement[bool]]:
        opens = {queue: timedelta(0)}
        for each in rules.overflow:
            opens[each.to] = min(each.after, opens.get(each.to, each.after))
        best: dict[str, dict[str, int]] = {}
        for kind in kinds:
            levels = best.setdefault(kind.queue, {})
            for skill, level in kind.skills.items():
                levels[skill] = max(level, levels.get(skill, 0))
        return [
            and_(
                QueueEntryRow.enqueued_at <= self._now - opens[name],
                self._within(rules, levels),
            )
            for name, levels in best.items()
        ]

    def _within(self, rules: QueueRules, levels: Needs) -> ColumnElement[bool]:
        """Say in SQL what `QueueRules.needs_of` and `can_serve` say of a seat with these levels."""
        less = sum(
            (
                case((QueueEntryRow.enqueued_at <= self._now - step.after, step.by), else_=0)
                for step in rules.relax
            ),
            start=literal(0),
        )
        asked = cast(dict(rules.needs), JSONB).op("||")(QueueEntryRow.needs)
        need = func.jsonb_each_text(asked).table_valued("key", "value").alias("need")
        has = func.coalesce(
            cast(cast(dict(levels), JSONB).op("->>")(need.c.key), Integer), literal(0)
        )
        missing = select(1).select_from(need).where(cast(need.c.value, Integer) - less > has)
        plain = QueueEntryRow.needs == cast({}, JSONB)
        return or_(plain, ~missing.exists()) if not rules.needs else ~missing.exists()

    async def claim(self, pairs: Sequence[Pair], expires_at: datetime) -> list[tuple[Pair, UUID]]:
        """Make the offers whose seat and caller nobody moves; return them with their calls.

        In the order of the pairs. One statement: it locks seats and callers, skips what is locked
        or gone, and moves the rest. Nobody is waited for.
        """
        made = await self._session.execute(
            CLAIM,
            {
                "offers": [pair.offer_id for pair in pairs],
                "entries": [pair.entry_id for pair in pairs],
                "seats": [pair.seat.seat_id for pair in pairs],
                "rules": [pair.rule for pair in pairs],
                "reasons": [
                    {"needs": dict(pair.needs), "candidates": list(pair.candidates)}
                    for pair in pairs
                ],
                "others": [pair.others for pair in pairs],
                "shared": [pair.is_shared for pair in pairs],
                "now": self._now,
                "expires_at": expires_at,
                **CLAIM_STATES,
            },
        )
        calls = {row.id: row.call_id for row in made}
        return [(pair, calls[pair.offer_id]) for pair in pairs if pair.offer_id in calls]


async def hold_queues(session: AsyncSession) -> list[tuple[str, bool]]:
    """Return the queues in which somebody waits, and whether this transaction alone deals for each.

    Until the commit. The queue whose head waits longest comes first.
    """
    rows = await session.execute(HEADS, {"waiting": QueuedState.WAITING.value})
    held = sorted((rank_at, queue, is_held) for queue, rank_at, is_held in rows)
    return [(queue, is_held) for _, queue, is_held in held]


def fitting(kinds: Sequence[SeatKind], queues: Sequence[str], needs: Needs) -> int:
    """Return how many seats of these kinds can serve."""
    return sum(
        kind.count for kind in kinds if kind.queue in queues and can_serve(kind.skills, needs)
    )


def kinds_of(seats: Sequence[Candidate]) -> list[SeatKind]:
    """Return the kinds of seats that are all known, one by one."""
    return [SeatKind(seat.queue, seat.skills, 1) for seat in seats]


def _candidates(queues: Sequence[str], now: datetime) -> Select[Any]:
    return available(queues, now).with_only_columns(
        SeatRow.id,
        SeatRow.extension,
        SeatRow.idle_since,
        SeatRow.queue,
        SeatRow.handled,
        SeatRow.offered_at,
        SeatRow.skills,
    )


HEADS = text("""
WITH RECURSIVE heads AS (
    (SELECT queue, rank_at FROM queue_entries WHERE state = :waiting
     ORDER BY queue, rank_at, id LIMIT 1)
    UNION ALL
    SELECT next.queue, next.rank_at FROM heads CROSS JOIN LATERAL (
        SELECT queue, rank_at FROM queue_entries
        WHERE state = :waiting AND queue > heads.queue
        ORDER BY queue, rank_at, id LIMIT 1
    ) AS next
)
SELECT queue, rank_at, pg_try_advisory_xact_lock(hashtextextended('deal:' || queue, 0)) FROM heads
""").bindparams(bindparam("waiting", type_=String))
"""The first caller of each queue: one step along the index for each, however many wait."""

HOLD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('deal:' || :queue, 0))").bindparams(
    bindparam("queue", type_=String)
)

CLAIM = text("""
WITH pairs AS (
    SELECT offer_id, entry_id, seat_id, rule, reason, others, is_shared
    FROM unnest(:offers, :entries, :seats, :rules, :reasons, :others, :shared)
        AS pair (offer_id, entry_id, seat_id, rule, reason, others, is_shared)
), free AS MATERIALIZED (
    SELECT id FROM seats
    WHERE id = ANY(:seats) AND state = :available
    FOR UPDATE SKIP LOCKED
), here AS MATERIALIZED (
    SELECT id, call_id FROM queue_entries
    WHERE state = :waiting
        AND id IN (SELECT entry_id FROM pairs JOIN free ON free.id = pairs.seat_id)
    FOR UPDATE SKIP LOCKED
), made AS MATERIALIZED (
    SELECT pairs.*, here.call_id FROM pairs
    JOIN free ON free.id = pairs.seat_id
    JOIN here ON here.id = pairs.entry_id
), rung AS (
    UPDATE seats SET state = :rung, since = :now, offer_id = made.offer_id, offered_at = :now
    FROM made WHERE seats.id = made.seat_id
), offered AS (
    UPDATE queue_entries SET state = :offered WHERE id IN (SELECT entry_id FROM made)
)
INSERT INTO offers (id, entry_id, seat_id, call_id, state, rule, needs, candidates, others,
                    is_shared, made_at, expires_at)
SELECT offer_id, entry_id, seat_id, call_id, :ringing, rule, reason -> 'needs',
    reason -> 'candidates', others, is_shared, :now, :expires_at
FROM made
RETURNING id, call_id
""").bindparams(
    bindparam("offers", type_=ARRAY(Uuid)),
    bindparam("entries", type_=ARRAY(Uuid)),
    bindparam("seats", type_=ARRAY(Uuid)),
    bindparam("rules", type_=ARRAY(String)),
    bindparam("reasons", type_=ARRAY(JSONB)),
    bindparam("others", type_=ARRAY(BigInteger)),
    bindparam("shared", type_=ARRAY(Boolean)),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("expires_at", type_=DateTime(timezone=True)),
)

CLAIM_STATES = {
    "available": SeatState.AVAILABLE.value,
    "rung": SEAT.next(SeatState.AVAILABLE, SeatTrigger.OFFER).value,
    "waiting": QueuedState.WAITING.value,
    "offered": QUEUED.next(QueuedState.WAITING, QueuedTrigger.OFFER).value,
    "ringing": OfferState.RINGING.value,
}
"""What the tables of `states` say of an offer."""

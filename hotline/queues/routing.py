"""Pure: which caller is next, which seat gets the caller, and why.

The order of callers is one instant each (`rank_at`): when the wait began, moved back by five
minutes for each level of priority. So nobody starves: whoever comes later than that can never be
in front, whatever the priority.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from hotline.kernel.ids import SeatId

AGEING = timedelta(minutes=5)
"""One level of priority is worth so much waiting."""

MAX_PRIORITY = 9

MOST_RINGING = 30
"""So many seats ring for one caller at most, where all ring."""

LAST_SEAT = "last_seat"  # 熟人优先: the seat that the caller talked with last

Needs = Mapping[str, int]
"""Skill to level: `business.gas`, `dialect.min`, `language.en`; 1 is a beginner, 9 a master."""


class Strategy(StrEnum):
    """Which of the seats that could take a caller does."""

    LONGEST_IDLE = "longest_idle"  # 最长空闲优先
    FEWEST_CALLS = "fewest_calls"  # 最少接听优先
    ROUND_ROBIN = "round_robin"  # 轮流
    RING_ALL = "ring_all"  # 全体振铃: all of them ring, and the first to answer takes the caller


@dataclass(frozen=True, slots=True)
class Step:
    """After a wait of `after`, every level asked for is lower by `by`."""

    after: timedelta
    by: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """After a wait of `after`, the seats of another queue may take the caller too."""

    to: str
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """How one queue finds seats for its callers."""

    strategy: Strategy = Strategy.LONGEST_IDLE
    needs: Needs = field(default_factory=dict)
    relax: tuple[Step, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    prefers_last_seat: bool = False

    def needs_of(self, waiting: "Waiting", now: datetime) -> dict[str, int]:
        """Return the levels that a seat must have for a caller, at this length of wait."""
        waited = now - waiting.enqueued_at
        less = sum(step.by for step in self.relax if waited >= step.after)
        asked = {**self.needs, **waiting.needs}
        return {skill: level - less for skill, level in asked.items() if level > less}

    def queues_of(self, queue: str, waiting: "Waiting", now: datetime) -> tuple[str, ...]:
        """Return the queues whose seats may take a caller, at this length of wait."""
        waited = now - waiting.enqueued_at
        return (queue, *(each.to for each in self.overflow if waited >= each.after))

    def all_queues(self, queue: str) -> tuple[str, ...]:
        """Return the queues whose seats may ever take a caller."""
        return (queue, *(each.to for each in self.overflow))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seat that could take a caller."""

    seat_id: SeatId
    extension: str
    idle_since: datetime
    queue: str = ""
    handled: int = 0
    offered_at: datetime | None = None
    skills: Needs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who waits."""

    entry_id: UUID
    enqueued_at: datetime
    rank_at: datetime
    needs: Needs = field(default_factory=dict)
    last_seat_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with what the rule saw in it; a higher score is taken first."""

    candidate: Candidate
    score: float

    def as_row(self) -> dict[str, Any]:
        """Return what an offer keeps as its reason."""
        return {
            "seat_id": str(self.candidate.seat_id),
            "extension": self.candidate.extension,
            "queue": self.candidate.queue,
            "handled": self.candidate.handled,
            "skills": dict(self.candidate.skills),
            "score": self.score,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """A caller, the seats that may take the caller in order, and the rule that ordered them."""

    waiting: Waiting
    seats: tuple[Scored, ...]
    rule: str
    needs: Mapping[str, int]
    """The levels asked for by then."""
    queues: tuple[str, ...] = ()
    """The queues whose seats might by then."""
    rings: int = 1
    """So many of the first seats ring."""


def place(since: datetime, priority: int = 0) -> datetime:
    """Return the instant that decides a caller's place; the earlier one is in front."""
    return since - min(max(priority, 0), MAX_PRIORITY) * AGEING


def choose(
    queue: str,
    callers: Iterable[Waiting],
    free: Sequence[Candidate],
    rules: QueueRules,
    now: datetime,
) -> Choice | None:
    """Return the first caller for whom there is a seat, with the seats; None if there is none.

    `callers` come in the order of their places. A caller whom no free seat can serve is passed
    over, and keeps the place.
    """
    return next(deal(queue, callers, free, rules, now), None)


def choose_for(
    queue: str,
    waiting: Waiting,
    free: Sequence[Candidate],
    rules: QueueRules,
    now: datetime,
) -> Choice:
    """Return the seats that may take one caller, best first; perhaps none."""
    needs = rules.needs_of(waiting, now)
    queues = rules.queues_of(queue, waiting, now)
    fitting = [seat for seat in free if seat.queue in queues and can_serve(seat.skills, needs)]
    ordered = ranked(fitting, rules.strategy, now)
    rule: str = rules.strategy
    if rules.prefers_last_seat and waiting.last_seat_id is not None:
        known = [each for each in ordered if each.candidate.seat_id == waiting.last_seat_id]
        if known:
            rule = LAST_SEAT
            ordered = known + [each for each in ordered if each not in known]
    rings = MOST_RINGING if rules.strategy is Strategy.RING_ALL else 1
    return Choice(waiting, tuple(ordered), rule, needs, queues, rings)


def deal(
    queue: str,
    callers: Iterable[Waiting],
    free: Sequence[Candidate],
    rules: QueueRules,
    now: datetime,
) -> Iterator[Choice]:
    """Choose for callers in the order of their places; who has a seat takes it from the rest.

    A caller whom no seat left can serve is passed over, and keeps the place.
    """
    left = list(free)
    for waiting in callers:
        if not left:
            return
        choice = choose_for(queue, waiting, left, rules, now)
        if choice.seats:
            taken = {scored.candidate.seat_id for scored in choice.seats[: choice.rings]}
            left = [seat for seat in left if seat.seat_id not in taken]
            yield choice


def can_serve(skills: Needs, needs: Needs) -> bool:
    """Say whether these skills hold every one asked for, at the level asked for."""
    return all(skills.get(skill, 0) >= level for skill, level in needs.items())


def ranked(seats: Iterable[Candidate], strategy: Strategy, now: datetime) -> list[Scored]:
    """Return seats best first; equal ones by idle time, then by extension.

    So the same floor always gives the same answer.
    """
    scored = [Scored(seat, _score(seat, strategy, now)) for seat in seats]
    return sorted(scored, key=lambda s: (-s.score, s.candidate.idle_since, s.candidate.extension))


def _score(seat: Candidate, strategy: Strategy, now: datetime) -> float:
    if strategy is Strategy.FEWEST_CALLS:
        return -float(seat.handled)
    since = seat.idle_since
    if strategy is Strategy.ROUND_ROBIN:
        # Whoever has never been offered anything has waited for a turn the longest.
        since = seat.offered_at or datetime.min.replace(tzinfo=now.tzinfo)
    return round((now - since) / timedelta(seconds=1), 3)

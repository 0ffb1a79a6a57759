"""Pure: what a service level counts, and counting it.

A definition has a name and a version. A figure is kept with the whole definition, so that a later
change of the definition cannot change what was reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from math import inf
from typing import Any
from uuid import UUID

DAY = timedelta(hours=24)


class Kind(StrEnum):
    """What is counted."""

    WITHIN = "within"
    """Answered within a time, of all that count."""
    CONNECTED = "connected"
    """Answered at all, of all that count."""
    WORST_WINDOW = "worst_window"
    """Answered at all, in the worst of all windows of 24 hours that end in the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One way of counting."""

    name: str
    version: str
    title: str
    kind: Kind
    target: float
    """The share that is promised, such as 0.95."""
    within: float = 0.0
    """Seconds from joining the queue to a seat's answer."""
    ignores_abandoned_before: float = 0.0
    """Who gives up sooner, in seconds, does not count; 0: everybody counts."""
    counts_announced_apart: bool = False
    """Whom an announcement answered, and who hung up after it, did not give up."""
    source: str = ""

    def as_row(self) -> dict[str, Any]:
        """Return the definition as it is kept."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Definition":
        """Return the definition that was kept."""
        return cls(**{**row, "kind": Kind(row["kind"])})


class Class(StrEnum):
    """How one call counts."""

    KEPT = "kept"  # 达标
    LATE = "late"  # 超时接听
    ABANDONED = "abandoned"  # 放弃
    IGNORED = "ignored"  # 不计
    ANNOUNCED = "announced"  # 公告已答复


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that joined a queue, and how that ended."""

    entry_id: UUID
    call_id: UUID
    queue: str
    joined_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    number: str | None = None
    is_announced: bool = False
    """An announcement was what the caller had called for, if nobody answered."""

    @property
    def waited(self) -> float:
        """Seconds until the answer, or until the wait ended."""
        return ((self.answered_at or self.ended_at) - self.joined_at) / timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a definition says of a period."""

    kept: int
    late: int
    abandoned: int
    ignored: int
    announced: int = 0
    window_ends_at: datetime | None = None
    """The end of the worst window."""

    @property
    def counted(self) -> int:
        """The denominator."""
        return self.kept + self.late + self.abandoned

    @property
    def rate(self) -> float | None:
        """The share; None when nothing counts."""
        return self.kept / self.counted if self.counted else None


def classify(arrival: Arrival, definition: Definition) -> Class:
    """Say how a call counts. Without a time limit, every answer keeps the promise."""
    if arrival.answered_at is None:
        if arrival.is_announced and definition.counts_announced_apart:
            return Class.ANNOUNCED
        is_short = arrival.waited < definition.ignores_abandoned_before
        return Class.IGNORED if is_short else Class.ABANDONED
    if definition.kind is Kind.WITHIN and arrival.waited > definition.within:
        return Class.LATE
    return Class.KEPT


def measure(
    arrivals: Iterable[Arrival], definition: Definition, begins: datetime, ends: datetime
) -> Figure:
    """Count the calls that joined in [begins, ends); a worst window also needs the day before."""
    ordered = sorted(arrivals, key=lambda each: (each.joined_at, each.entry_id))
    if definition.kind is Kind.WORST_WINDOW:
        return _worst(ordered, definition, begins, ends)
    inside = [each for each in ordered if begins <= each.joined_at < ends]
    return _count([classify(each, definition) for each in inside])


def _worst(
    ordered: Sequence[Arrival], definition: Definition, begins: datetime, ends: datetime
) -> Figure:
    """Slide a window that ends whenever a call joins it or leaves it: between those nothing moves.

    A window holds what joined after its beginning, up to its end.
    """
    known = [(each.joined_at, classify(each, definition)) for each in ordered]
    moves = [(at, 1, found) for at, found in known]
    moves += [(at + DAY, -1, found) for at, found in known]
    tally = dict.fromkeys(Class, 0)
    worst: Figure | None = None
    for at, together in groupby(sorted(moves, key=lambda move: move[0]), key=lambda move: move[0]):
        for _, one, found in together:
            tally[found] += one
        if begins <= at < ends:
            figure = _figure(tally, at)
            if worst is None or _rate(figure) < _rate(worst):
                worst = figure
    return worst or _count([])


def _rate(figure: Figure) -> float:
    """Return the share; a window in which nothing counts is no window."""
    return inf if figure.rate is None else figure.rate


def _count(found: Sequence[Class]) -> Figure:
    return _figure({each: found.count(each) for each in Class}, None)


def _figure(tally: Mapping[Class, int], window_ends_at: datetime | None) -> Figure:
    return Figure(
        kept=tally[Class.KEPT],
        late=tally[Class.LATE],
        abandoned=tally[Class.ABANDONED],
        ignored=tally[Class.IGNORED],
        announced=tally[Class.ANNOUNCED],
        window_ends_at=window_ends_at,
    )


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        name="answer_15s",
        version="2",
        title="15秒内人工接听率",
        kind=Kind.WITHIN,
        target=0.95,
        within=15,
        counts_announced_apart=True,
        source="GB/T 33358: 人工接听 ≤ 15 s; 分母为全部进入排队的来电",
    ),
    Definition(
        name="connect_24h",
        version="3",
        title="任意连续24小时接通率（最低）",
        kind=Kind.WORST_WINDOW,
        target=0.95,
        counts_announced_apart=True,
        source="GB/T 33358: 接通率 ≥ 95 %, 任意连续24小时",
    ),
    Definition(
        name="level_80_20",
        version="2",
        title="80/20服务水平（含短时放弃）",
        kind=Kind.WITHIN,
        target=0.80,
        within=20,
        counts_announced_apart=True,
        source="80/20; 短时放弃计入分母",
    ),
    Definition(
        name="level_80_20_long",
        version="2",
        title="80/20服务水平（不含5秒内放弃）",
        kind=Kind.WITHIN,
        target=0.80,
        within=20,
        ignores_abandoned_before=5,
        counts_announced_apart=True,
        source="80/20; 5秒内放弃不计",
    ),
)
"""Append a version to change one; what was counted by an earlier version stays."""

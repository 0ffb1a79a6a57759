"""Pure: a recorded day played again with other seats, through the same routing.

Who was answered is taken to be patient; who gave up gives up again after the same wait, if nobody
has answered by then, and talks as long as the mean if somebody has.
"""

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from uuid import UUID

from hotline.kernel.ids import SeatId
from hotline.queues.erlang import Forecast, forecast
from hotline.queues.floor import PLAIN_RULES, Floor, FloorEntry, FloorOffer, FloorSeat
from hotline.queues.routing import QueueRules

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One arrival of the day, and what became of it."""

    entry_id: UUID
    queue: str
    joined_at: datetime
    rank_at: datetime
    needs: Mapping[str, int]
    answered_at: datetime | None
    ended_at: datetime
    """Of the talk, or of the wait."""
    seat_id: UUID | None
    rang: float
    """Seconds that the seat which answered rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a day went, or would have gone."""

    calls: int
    answered: int
    within: float | None
    """Share of all calls answered within the target."""
    mean_wait: float | None
    """Seconds, of those answered."""
    worst_wait: float | None
    occupancy: float | None
    """Share of the seats' time, from the first call to the last end, spent on calls."""
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The real day, the day with other seats, and what Erlang C says of those."""

    real: Outcome
    replayed: Outcome
    erlang: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What is changed."""

    seats: int
    target: float = 20.0
    """Seconds."""
    wrap_up: float = 30.0
    """Seconds of notes after each talk."""
    rules: Mapping[str, QueueRules]


def replay(calls: Sequence[RecordedCall], options: ReplayOptions) -> Comparison:
    """Play the day again; the seats are spread over the queues as the calls are."""
    talks = [_seconds(c.ended_at - c.answered_at) for c in calls if c.answered_at is not None]
    mean_talk = fmean(talks) if talks else 0.0
    again = _Day(calls, options, mean_talk)
    again.play()
    span = _span([c.joined_at for c in calls], [c.ended_at for c in calls])
    handling = mean_talk + options.wrap_up
    return Comparison(
        real=_real(calls, options, span),
        replayed=again.outcome(),
        erlang=forecast(
            seats=options.seats,
            per_second=len(calls) / span if span else 0.0,
            handling=handling,
            target=options.target,
        ),
    )


def _real(calls: Sequence[RecordedCall], options: ReplayOptions, span: float) -> Outcome:
    waits = [_seconds(c.answered_at - c.joined_at) for c in calls if c.answered_at is not None]
    busy = sum(
        _seconds(c.ended_at - c.answered_at) + options.wrap_up + c.rang
        for c in calls
        if c.answered_at is not None
    )
    seats = len({c.seat_id for c in calls if c.seat_id is not None})
    return _outcome(len(calls), waits, busy, seats, span, options.target)


def _outcome(
    calls: int, waits: Sequence[float], busy: float, seats: int, span: float, target: float
) -> Outcome:
    return Outcome(
        calls=calls,
        answered=len(waits),
        within=sum(wait <= target for wait in waits) / calls if calls else None,
        mean_wait=fmean(waits) if waits else None,
        worst_wait=max(waits, default=None),
        occupancy=busy / (seats * span) if seats and span else None,
        seats=seats,
    )


class _Day:
    """One day in virtual time."""

    def __init__(
        self, calls: Sequence[RecordedCall], options: ReplayOptions, mean_talk: float
    ) -> None:
        self._calls = sorted(calls, key=lambda c: (c.joined_at, c.entry_id))
        self._by_id = {c.entry_id: c for c in calls}
        self._options = options
        self._mean_talk = mean_talk
        rings = [c.rang for c in calls if c.answered_at is not None]
        self._rings = fmean(rings) if rings else 0.0
        self._floor = Floor(options.rules)
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._count = 0
        self._busy = 0.0
        self._last: datetime | None = None

    def play(self) -> None:
        """Let everything happen in order."""
        if not self._calls:
            return
        self._seat_people(self._calls[0].joined_at)
        for call in self._calls:
            self._at(call.joined_at, self._joins(call))
        while self._events:
            now, _, act = heapq.heappop(self._events)
            act(now)
            for offer in self._floor.distribute(now):
                self._at(now + self._rings * SECOND, self._answers(offer))

    def outcome(self) -> Outcome:
        """Return how it went."""
        waits = [
            _seconds(offer.answered_at - offer.entry.enqueued_at)
            for offer in self._floor.offers
            if offer.answered_at is not None
        ]
        begins = [c.joined_at for c in self._calls]
        span = _span(begins, [] if self._last is None else [self._last])
        seats = len(self._floor.seats)
        target = self._options.target
        return _outcome(len(self._calls), waits, self._busy, seats, span, target)

    def _seat_people(self, now: datetime) -> None:
        """Give each seat to the queue that has the most calls for each seat it would have."""
        queues = sorted({c.queue for c in self._calls})
        demand = {queue: sum(c.queue == queue for c in self._calls) for queue in queues}
        given = dict.fromkeys(queues, 0)
        skills = {skill: 9 for c in self._calls for skill in c.needs}
        for number in range(self._options.seats):
            queue = max(queues, key=lambda name: demand[name] / (given[name] + 1))
            given[queue] += 1
            seat_id = SeatId(UUID(int=number + 1))
            seat = FloorSeat(seat_id, f"{number + 1:04}", queue, now, now, skills=skills)
            self._floor.sit(seat, now)

    def _joins(self, call: RecordedCall) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            entry = self._floor.arrive(
                call.entry_id, call.queue, now, rank_at=call.rank_at, needs=call.needs
            )
            if call.answered_at is None:
                self._at(call.ended_at, self._gives_up(entry))
            # The live distributor looks every second: what opens with time opens in time.
            rules = self._options.rules.get(call.queue, PLAIN_RULES)
            opens = {step.after for step in rules.relax} | {each.after for each in rules.overflow}
            for after in opens:
                self._at(now + after, _look)

        return act

    def _gives_up(self, entry: FloorEntry) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            if entry.offer is None or entry.offer.answered_at is None:
                self._floor.hang_up(entry, now)

        return act

    def _answers(self, offer: FloorOffer) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            if offer.ended_at is not None:
                return
            self._floor.answer(offer, now)
            call = self._by_id[offer.entry.entry_id]
            talk = self._mean_talk
            if call.answered_at is not None:
                talk = _seconds(call.ended_at - call.answered_at)
            self._busy += self._rings + talk + self._options.wrap_up
            self._at(now + talk * SECOND, self._ends(offer))

        return act

    def _ends(self, offer: FloorOffer) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            self._floor.finish(offer, now)
            after = now + self._options.wrap_up * SECOND
            self._at(after, lambda then: self._floor.free(offer.seat, then))

        return act

    def _at(self, when: datetime, act: Callable[[datetime], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, act))
        if act is not _look:
            self._last = when if self._last is None else max(when, self._last)


def _look(_: datetime) -> None:
    """Nothing happens but that the distributor looks again."""


def _seconds(length: timedelta) -> float:
    return length / SECOND


def _span(begins: Sequence[datetime], ends: Sequence[datetime]) -> float:
    return _seconds(max(ends) - min(begins)) if begins and ends else 0.0


def table(comparison: Comparison, target: float) -> str:
    """Return the comparison as text for a terminal."""
    real, again, erlang = comparison.real, comparison.replayed, comparison.erlang
    wait = "—" if math.isinf(erlang.mean_wait) else f"{erlang.mean_wait:.1f}"
    rows = [
        ("", "实际", "重演", "Erlang C"),
        ("坐席", str(real.seats), str(again.seats), str(again.seats)),
        ("来电", str(real.calls), str(again.calls), f"{erlang.traffic:.2f} erl"),
        ("接听", str(real.answered), str(again.answered), "—"),
        (
            f"{target:g}秒内接听",
            _percent(real.within),
            _percent(again.within),
            _percent(erlang.within),
        ),
        ("平均等待（秒）", _number(real.mean_wait), _number(again.mean_wait), wait),
        ("最长等待（秒）", _number(real.worst_wait), _number(again.worst_wait), "—"),
        (
            "占用率",
            _percent(real.occupancy),
            _percent(again.occupancy),
            _percent(erlang.occupancy),
        ),
    ]
    return "\n".join(f"{name:<10}\t{a:>10}\t{b:>10}\t{c:>10}" for name, a, b, c in rows)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f} %"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"

"""When a limit is over, with a receipt that names every stretch of time on the way.

One walk serves every rule: time since the start is a row of stretches, each counted or skipped for
a reason; pauses are laid over it; the deadline is where the counted stretches add up to the limit.
So a pause can neither lose nor gain time, whatever it lies across.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Any, Self

from hotline.kernel.errors import Invalid
from hotline.sla.calendar import Day, DayKind, WorkingCalendar
from hotline.sla.limit import Limit, LimitUnit

HOURS_PER_WORKING_DAY = 8
"""One working day as working hours (domain 4.1)."""

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
ONE_DAY = timedelta(days=1)


class DayRule(StrEnum):
    """How working days are counted; the regulations use both (domain 4.3)."""

    EIGHT_HOURS = "eight_hours"  # 按小时累计: one working day is 8 working hours from the start
    END_OF_DAY = "end_of_day"  # 当日不计: due at the end of the n-th working day after the start's


class Reason(StrEnum):
    """Why a stretch is counted or skipped."""

    CONTINUOUS = "continuous"  # 连续计时
    WORKING_HOURS = "working_hours"  # 工作时间
    MAKE_UP_DAY = "make_up_day"  # 调休上班
    OUTSIDE_HOURS = "outside_hours"  # 非工作时间
    WEEKEND = "weekend"  # 周末
    HOLIDAY = "holiday"  # 法定节假日
    DAY_OF_RECEIPT = "day_of_receipt"  # 收件当日不计
    PAUSED = "paused"  # 停表

    @property
    def is_counted(self) -> bool:
        """Say whether such a stretch uses up the limit."""
        return self in {Reason.CONTINUOUS, Reason.WORKING_HOURS, Reason.MAKE_UP_DAY}


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A time in which the clock stood still (缓办, 挂账); while it lasts, `end` is the present."""

    begin: datetime
    end: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        for end in (self.begin, self.end):
            _require_aware("pause", end)
        if self.end < self.begin:
            raise Invalid("pause", "ends before it begins")


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of time on the way to the deadline."""

    begin: datetime
    end: datetime
    reason: Reason
    name: str = ""
    """The holiday, or what the pause was for."""
    provisional: bool = False

    @property
    def length(self) -> timedelta:
        """Return how long the stretch is."""
        return self.end - self.begin

    @property
    def counted(self) -> timedelta:
        """Return how much of the limit the stretch uses up."""
        return self.length if self.reason.is_counted else timedelta(0)

    def until(self, end: datetime) -> Self:
        """Return the part before `end`."""
        return replace(self, end=min(self.end, max(self.begin, end)))


@dataclass(frozen=True, slots=True)
class DeadlineReceipt:
    """A deadline and everything it was computed from; instants are in UTC."""

    start: datetime
    limit: Limit
    day_rule: DayRule
    due_at: datetime
    calendar_name: str
    calendar_version: str
    zone: str
    amount: timedelta
    """The limit as time that is counted."""
    steps: tuple[Step, ...]
    pauses: tuple[Pause, ...] = ()
    provisional: bool = False
    """Some day on the way lies in a year whose holidays are not published yet."""

    @property
    def rule(self) -> str:
        """Return `continuous`, `working_hours`, `eight_hours` or `end_of_day`."""
        if self.limit.unit.is_continuous:
            return "continuous"
        return "working_hours" if self.limit.unit is LimitUnit.WORKING_HOUR else self.day_rule

    def used(self, now: datetime) -> timedelta:
        """Return the counted time from the start to `now`, at most the limit."""
        return sum((step.until(now).counted for step in self.steps), timedelta(0))

    def is_overdue(self, now: datetime) -> bool:
        """Say whether `now` is later than the deadline; the deadline itself is in time."""
        return now > self.due_at

    def to_payload(self) -> dict[str, Any]:
        """Return the receipt as JSON values, for storage."""
        return {
            "start": self.start.isoformat(),
            "limit": str(self.limit),
            "day_rule": self.day_rule.value,
            "due_at": self.due_at.isoformat(),
            "calendar": {"name": self.calendar_name, "version": self.calendar_version},
            "zone": self.zone,
            "amount_seconds": self.amount.total_seconds(),
            "steps": [_step_payload(step) for step in self.steps],
            "pauses": [
                {"begin": p.begin.isoformat(), "end": p.end.isoformat(), "reason": p.reason}
                for p in self.pauses
            ],
            "provisional": self.provisional,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `to_payload` wrote."""
        return cls(
            start=datetime.fromisoformat(payload["start"]),
            limit=Limit.parse(payload["limit"]),
            day_rule=DayRule(payload["day_rule"]),
            due_at=datetime.fromisoformat(payload["due_at"]),
            calendar_name=payload["calendar"]["name"],
            calendar_version=payload["calendar"]["version"],
            zone=payload["zone"],
            amount=timedelta(seconds=payload["amount_seconds"]),
            steps=tuple(_step(step) for step in payload["steps"]),
            pauses=tuple(
                Pause(
                    datetime.fromisoformat(p["begin"]),
                    datetime.fromisoformat(p["end"]),
                    p["reason"],
                )
                for p in payload["pauses"]
            ),
            provisional=payload["provisional"],
        )


def deadline(
    start: datetime,
    limit: Limit,
    calendar: WorkingCalendar,
    *,
    pauses: Iterable[Pause] = (),
    day_rule: DayRule = DayRule.EIGHT_HOURS,
    allow_provisional: bool = False,
) -> DeadlineReceipt:
    """Return when `limit` is over that began at `start`, an aware instant.

    `day_rule` matters for working days only. Pauses may come in any order, but not overlap; one
    that is still open ends at the present.

    Raises:
        Invalid: if `start` is not aware or pauses overlap.
        YearNotPublished: if working time must be counted in a year without published holidays and
            `allow_provisional` is not set.
    """
    _require_aware("start", start)
    ordered = _ordered(pauses)
    amount = _amount(limit, calendar, day_rule)
    walk = _walk(start.astimezone(UTC), limit, calendar, ordered, day_rule, allow_provisional)
    steps = tuple(_merged(_consume(walk, amount)))
    return DeadlineReceipt(
        start=start.astimezone(UTC),
        limit=limit,
        day_rule=day_rule,
        due_at=steps[-1].end,
        calendar_name=calendar.name,
        calendar_version=calendar.version,
        zone=calendar.zone.key,
        amount=amount,
        steps=steps,
        pauses=ordered,
        provisional=any(step.provisional for step in steps),
    )


def instant_of_share(
    receipt: DeadlineReceipt,
    percent: int,
    calendar: WorkingCalendar,
    *,
    allow_provisional: bool = False,
) -> datetime:
    """Return when `percent` (1 or more; over 100 is after the deadline) of the limit is used up.

    Raises:
        YearNotPublished: as `deadline` does.
    """
    walk = _walk_again(receipt, calendar, allow_provisional)
    *_, last = _consume(walk, receipt.amount * percent / 100)
    return last.end


def counted_time(
    receipt: DeadlineReceipt,
    until: datetime,
    calendar: WorkingCalendar,
    *,
    allow_provisional: bool = False,
) -> timedelta:
    """Return the counted time from the start to `until`, also past the deadline.

    This is the inverse of `deadline`: up to `due_at` it is the whole limit.

    Raises:
        YearNotPublished: as `deadline` does.
    """
    total = timedelta(0)
    for step in _walk_again(receipt, calendar, allow_provisional):
        if step.begin >= until:
            break
        total += step.until(until).counted
    return total


def _require_aware(field: str, instant: datetime) -> None:
    if instant.utcoffset() is None:
        raise Invalid(field, "needs a time zone")


def _amount(limit: Limit, calendar: WorkingCalendar, day_rule: DayRule) -> timedelta:
    """Return how much time must be counted."""
    match limit.unit:
        case LimitUnit.NATURAL_DAY:
            return limit.amount * ONE_DAY
        case LimitUnit.WORKING_DAY if day_rule is DayRule.END_OF_DAY:
            return limit.amount * calendar.working_day
        case LimitUnit.WORKING_DAY:
            return limit.amount * timedelta(hours=HOURS_PER_WORKING_DAY)
        case _:
            return timedelta(hours=limit.amount)


def _ordered(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return the pauses in order and in UTC, or refuse them."""
    ordered = tuple(
        sorted(replace(p, begin=p.begin.astimezone(UTC), end=p.end.astimezone(UTC)) for p in pauses)
    )
    for earlier, later in pairwise(ordered):
        if later.begin < earlier.end:
            raise Invalid("pauses", "two pauses overlap")
    return ordered


def _walk_again(
    receipt: DeadlineReceipt, calendar: WorkingCalendar, allow_provisional: bool
) -> Iterator[Step]:
    return _walk(
        receipt.start, receipt.limit, calendar, receipt.pauses, receipt.day_rule, allow_provisional
    )


def _walk(
    start: datetime,
    limit: Limit,
    calendar: WorkingCalendar,
    pauses: tuple[Pause, ...],
    day_rule: DayRule,
    allow_provisional: bool,
) -> Iterator[Step]:
    """Yield the stretches from `start` on, without gap and without end."""
    if limit.unit.is_continuous:
        yield from _laid_over([Step(start, END_OF_TIME, Reason.CONTINUOUS)], pauses)
        return
    begin = start
    if limit.unit is LimitUnit.WORKING_DAY and day_rule is DayRule.END_OF_DAY:
        begin = calendar.midnight(calendar.local(start).date() + ONE_DAY)
        yield Step(start, begin, Reason.DAY_OF_RECEIPT)
    yield from _laid_over(_working_time(begin, calendar, allow_provisional), pauses)


def _working_time(
    begin: datetime, calendar: WorkingCalendar, allow_provisional: bool
) -> Iterator[Step]:
    """Yield the stretches of a working calendar from `begin` on."""
    on = calendar.local(begin).date()
    while True:
        day = calendar.day(on, allow_provisional=allow_provisional)
        for step in _day_steps(day, calendar):
            if step.end > begin:
                yield replace(step, begin=max(begin, step.begin))
        on += ONE_DAY


def _day_steps(day: Day, calendar: WorkingCalendar) -> Iterator[Step]:
    """Yield the stretches of one day, from midnight to midnight."""
    here = calendar.midnight(day.on)
    end = calendar.midnight(day.on + ONE_DAY)
    if not day.kind.is_worked:
        reason = Reason.HOLIDAY if day.kind is DayKind.HOLIDAY else Reason.WEEKEND
        yield Step(here, end, reason, day.name, day.provisional)
        return
    worked = Reason.MAKE_UP_DAY if day.kind is DayKind.MAKE_UP else Reason.WORKING_HOURS
    for opens, closes in calendar.working_stretches(day.on):
        if opens > here:
            yield Step(here, opens, Reason.OUTSIDE_HOURS, "", day.provisional)
        yield Step(opens, closes, worked, day.name, day.provisional)
        here = closes
    if end > here:
        yield Step(here, end, Reason.OUTSIDE_HOURS, "", day.provisional)


def _laid_over(steps: Iterable[Step], pauses: tuple[Pause, ...]) -> Iterator[Step]:
    """Yield the same stretches, with what lies in a pause marked as paused."""
    for step in steps:
        here = step.begin
        for pause in pauses:
            begin, end = max(here, pause.begin), min(step.end, pause.end)
            if begin < end:
                if begin > here:
                    yield replace(step, begin=here, end=begin)
                yield Step(begin, end, Reason.PAUSED, pause.reason, step.provisional)
                here = end
        if step.end > here:
            yield replace(step, begin=here)


def _consume(steps: Iterable[Step], amount: timedelta) -> Iterator[Step]:
    """Yield the stretches up to the instant at which the counted ones reach `amount`."""
    left = amount
    for step in steps:
        if step.counted >= left:
            yield step.until(step.begin + left)
            return
        left -= step.counted
        yield step


def _merged(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the stretches with neighbours of one kind joined, such as the days of a holiday."""
    for _, group in groupby(steps, key=lambda step: (step.reason, step.name, step.provisional)):
        alike = list(group)
        yield replace(alike[0], end=alike[-1].end)


def _step_payload(step: Step) -> dict[str, Any]:
    return {
        "begin": step.begin.isoformat(),
        "end": step.end.isoformat(),
        "reason": step.reason.value,
        "name": step.name,
        "provisional": step.provisional,
    }


def _step(payload: Mapping[str, Any]) -> Step:
    return Step(
        datetime.fromisoformat(payload["begin"]),
        datetime.fromisoformat(payload["end"]),
        Reason(payload["reason"]),
        payload["name"],
        payload["provisional"],
    )

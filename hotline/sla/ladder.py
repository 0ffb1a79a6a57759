"""Escalation: which share of a limit is used up, and whom that alarms (R62)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.kernel.errors import Invalid
from hotline.sla.calendar import WorkingCalendar
from hotline.sla.deadline import DeadlineReceipt, instant_of_share


class Level(StrEnum):
    """How urgent a running limit has become."""

    IN_TIME = "in_time"  # 正常
    NEAR_DUE = "near_due"  # 临期预警
    OVERDUE = "overdue"  # 超期, 催办
    LONG_OVERDUE = "long_overdue"  # 严重超期, 督办


@dataclass(frozen=True, slots=True)
class Rung:
    """A level and the share of the limit, in percent, at which it begins."""

    level: Level
    percent: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """The instant at which a level begins."""

    level: Level
    at: datetime


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in rising order; the level before the first is IN_TIME."""

    rungs: tuple[Rung, ...]

    def __post_init__(self) -> None:
        percents = [rung.percent for rung in self.rungs]
        if percents != sorted(set(percents)) or any(percent < 1 for percent in percents):
            raise Invalid("ladder", "rungs must rise, from 1 percent on")

    def alarms(
        self,
        receipt: DeadlineReceipt,
        calendar: WorkingCalendar,
        *,
        allow_provisional: bool = False,
    ) -> tuple[Alarm, ...]:
        """Return when each rung is reached, in order.

        Raises:
            YearNotPublished: if a rung lies in a year without published holidays and
                `allow_provisional` is not set.
        """
        return tuple(
            Alarm(
                rung.level,
                instant_of_share(
                    receipt, rung.percent, calendar, allow_provisional=allow_provisional
                ),
            )
            for rung in self.rungs
        )

    def level(
        self,
        receipt: DeadlineReceipt,
        now: datetime,
        calendar: WorkingCalendar,
        *,
        allow_provisional: bool = False,
    ) -> Level:
        """Return the level at `now`; what ends exactly at the deadline is still in time.

        Raises:
            YearNotPublished: as `alarms` does.
        """
        level = Level.IN_TIME
        alarms = self.alarms(receipt, calendar, allow_provisional=allow_provisional)
        for rung, alarm in zip(self.rungs, alarms, strict=True):
            if now > alarm.at or (now == alarm.at and rung.percent < 100):
                level = rung.level
        return level


DEFAULT_LADDER = Ladder(
    (Rung(Level.NEAR_DUE, 80), Rung(Level.OVERDUE, 100), Rung(Level.LONG_OVERDUE, 200))
)

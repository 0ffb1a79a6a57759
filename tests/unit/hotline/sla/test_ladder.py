import pytest

from hotline.kernel.errors import Invalid
from hotline.sla.calendar import WorkingCalendar, YearNotPublished
from hotline.sla.deadline import deadline
from hotline.sla.ladder import DEFAULT_LADDER, Ladder, Level, Rung
from hotline.sla.limit import Limit
from tests.unit.hotline.sla.instants import shanghai


@pytest.mark.parametrize(
    ("now", "level"),
    [
        ("2026-03-13 09:00", Level.IN_TIME),  # Fri: the clock starts; due Mon 09:00
        ("2026-03-13 17:23", Level.IN_TIME),
        ("2026-03-13 17:24", Level.NEAR_DUE),  # 6 h 24 min of 8 h are 80 %
        ("2026-03-15 12:00", Level.NEAR_DUE),  # Sun: nothing counts
        ("2026-03-16 09:00", Level.NEAR_DUE),  # Mon: the deadline itself is in time
        ("2026-03-16 09:01", Level.OVERDUE),
        ("2026-03-17 09:00", Level.OVERDUE),  # Tue: twice the limit
        ("2026-03-17 09:01", Level.LONG_OVERDUE),
    ],
)
def test_the_level_rises_with_the_share_used(
    calendar: WorkingCalendar, now: str, level: Level
) -> None:
    receipt = deadline(shanghai("2026-03-13 09:00"), Limit.parse("1wd"), calendar)

    assert DEFAULT_LADDER.level(receipt, shanghai(now), calendar) is level


def test_alarms_can_be_set_in_advance(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2026-02-14 16:30"), Limit.parse("24uh"), calendar)

    alarms = DEFAULT_LADDER.alarms(receipt, calendar)

    assert [(alarm.level, alarm.at) for alarm in alarms] == [
        (Level.NEAR_DUE, shanghai("2026-02-15 11:42")),
        (Level.OVERDUE, receipt.due_at),
        (Level.LONG_OVERDUE, shanghai("2026-02-16 16:30")),
    ]


def test_a_rung_in_an_unpublished_year_is_refused_unless_asked_for(
    calendar: WorkingCalendar,
) -> None:
    receipt = deadline(shanghai("2026-12-30 17:00"), Limit.parse("1wd"), calendar)

    with pytest.raises(YearNotPublished):
        DEFAULT_LADDER.alarms(receipt, calendar)
    assert len(DEFAULT_LADDER.alarms(receipt, calendar, allow_provisional=True)) == 3


@pytest.mark.parametrize("percents", [(80, 80), (100, 80), (0, 100)])
def test_rungs_must_rise(percents: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="rise"):
        Ladder(tuple(Rung(Level.OVERDUE, percent) for percent in percents))

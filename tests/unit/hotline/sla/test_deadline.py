import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.errors import Invalid
from hotline.sla.calendar import Period, WorkingCalendar, YearNotPublished
from hotline.sla.deadline import (
    DayRule,
    DeadlineReceipt,
    Pause,
    Reason,
    counted_time,
    deadline,
    instant_of_share,
)
from hotline.sla.limit import Limit, LimitUnit
from tests.unit.hotline.sla.instants import shanghai

# domain notes 4.3, with 08-12 and 14-18, one working day being 8 working hours
VECTORS = [
    # Sat, a make-up workday before the Spring Festival of 02-15 (Sun) to 02-23 (Mon)
    ("2026-02-14 16:30", "2uh", "2026-02-14 18:30"),  # 2 h on: the end of hours means nothing
    ("2026-02-14 16:30", "24uh", "2026-02-15 16:30"),  # Sun, holiday: counts all the same
    ("2026-02-14 16:30", "4wh", "2026-02-24 10:30"),  # Tue: 1.5 h Sat + 2.5 h after nine days off
    ("2026-02-14 16:30", "1wd", "2026-02-24 16:30"),  # Tue: 1.5 h Sat + 4 h + 2.5 h
    ("2026-02-14 16:30", "2ud", "2026-02-16 16:30"),  # Mon, holiday
    # Wed before National Day of 10-01 (Thu) to 10-07 (Wed)
    ("2026-09-30 17:30", "2wh", "2026-10-08 09:30"),  # Thu: 0.5 h Wed + 1.5 h
    # Sun, a make-up workday
    ("2026-09-20 09:00", "4wh", "2026-09-20 15:00"),  # 3 h before noon + 1 h after
    # Fri before an ordinary weekend
    ("2026-03-13 17:00", "1wd", "2026-03-16 17:00"),  # Mon: 1 h Fri + 7 h
    # Sat, a rest day
    ("2026-03-14 10:00", "4wh", "2026-03-16 12:00"),  # Mon: the clock starts at 08:00
    # Wed; New Year 01-01 (Thu) to 01-03 (Sat), 01-04 (Sun) is worked
    ("2025-12-31 15:00", "5wd", "2026-01-08 15:00"),  # Thu: 3 h + four days + 5 h
    # Fri, holiday
    ("2026-01-02 12:30", "5wd", "2026-01-08 18:00"),  # Thu: Sun 4th to Thu 8th
    # Wed, at the minute the morning ends
    ("2026-03-11 12:00", "2wh", "2026-03-11 16:00"),  # from 14:00 on
]

# "The day of receipt is not counted, due at the end of the n-th working day" (domain notes 4.3)
END_OF_DAY_VECTORS = [
    ("2026-03-11 09:00", "1wd", "2026-03-12 18:00"),  # Wed -> Thu
    ("2026-03-11 23:59", "1wd", "2026-03-12 18:00"),  # Wed at night -> Thu
    ("2026-03-13 17:00", "1wd", "2026-03-16 18:00"),  # Fri -> Mon
    ("2026-03-14 10:00", "1wd", "2026-03-16 18:00"),  # Sat, rest day -> Mon
    ("2026-02-14 16:30", "1wd", "2026-02-24 18:00"),  # Sat, make-up day -> Tue after the holiday
    ("2026-02-13 16:30", "1wd", "2026-02-14 18:00"),  # Fri -> Sat, a make-up day
    ("2025-12-31 15:00", "5wd", "2026-01-08 18:00"),  # Wed -> Sun 4, Mon, Tue, Wed, Thu 8
    ("2026-09-30 17:30", "3wd", "2026-10-10 18:00"),  # Wed -> Thu 8, Fri 9, Sat 10 (make-up)
]


@pytest.mark.parametrize(("start", "limit", "due"), VECTORS)
def test_the_vectors_of_the_domain_notes(
    calendar: WorkingCalendar, start: str, limit: str, due: str
) -> None:
    receipt = deadline(shanghai(start), Limit.parse(limit), calendar)

    assert receipt.due_at == shanghai(due)


@pytest.mark.parametrize(("start", "limit", "due"), END_OF_DAY_VECTORS)
def test_the_day_of_receipt_is_not_counted_under_the_other_rule(
    calendar: WorkingCalendar, start: str, limit: str, due: str
) -> None:
    receipt = deadline(shanghai(start), Limit.parse(limit), calendar, day_rule=DayRule.END_OF_DAY)

    assert receipt.due_at == shanghai(due)


def test_working_hours_do_not_follow_the_rule_for_days(calendar: WorkingCalendar) -> None:
    start, limit = shanghai("2026-03-11 09:00"), Limit.parse("2wh")

    receipt = deadline(start, limit, calendar, day_rule=DayRule.END_OF_DAY)

    assert receipt.due_at == shanghai("2026-03-11 11:00")


def test_the_receipt_names_rule_calendar_and_every_stretch(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2026-02-14 16:30"), Limit.parse("4wh"), calendar)

    assert (receipt.rule, receipt.calendar_name, receipt.calendar_version) == (
        "working_hours",
        "莲池市工作日历",
        "2023.1+2024.1+2025.1+2026.1",
    )
    assert [
        (step.reason, step.name, step.length / timedelta(hours=1)) for step in receipt.steps
    ] == [
        (Reason.MAKE_UP_DAY, "春节", 1.5),  # Sat 16:30-18:00
        (Reason.OUTSIDE_HOURS, "", 6),  # Sat evening
        (Reason.HOLIDAY, "春节", 9 * 24),  # Sun 15th to Mon 23rd
        (Reason.OUTSIDE_HOURS, "", 8),  # Tue before 08:00
        (Reason.WORKING_HOURS, "", 2.5),  # Tue 08:00-10:30
    ]


@pytest.mark.parametrize(
    ("limit", "rule"),
    [("2uh", "continuous"), ("2ud", "continuous"), ("4wh", "working_hours"), ("1wd", "end_of_day")],
)
def test_the_rule_follows_the_unit(calendar: WorkingCalendar, limit: str, rule: str) -> None:
    start = shanghai("2026-03-11 09:00")

    receipt = deadline(start, Limit.parse(limit), calendar, day_rule=DayRule.END_OF_DAY)

    assert receipt.rule == rule


def test_a_pause_moves_the_deadline_by_the_working_time_in_it(calendar: WorkingCalendar) -> None:
    # Wed 09:00 + 4 wh would be Wed 15:00; parked from Wed 10:00 to Thu 09:00: 7 h of work skipped
    pause = Pause(shanghai("2026-03-11 10:00"), shanghai("2026-03-12 09:00"), "挂账")

    receipt = deadline(shanghai("2026-03-11 09:00"), Limit.parse("4wh"), calendar, pauses=[pause])

    assert receipt.due_at == shanghai("2026-03-12 12:00")
    assert [step.reason for step in receipt.steps] == [
        Reason.WORKING_HOURS,  # Wed 09-10
        Reason.PAUSED,  # Wed 10:00 to Thu 09:00, nights included
        Reason.WORKING_HOURS,  # Thu 09-12
    ]


def test_a_pause_at_night_costs_nothing(calendar: WorkingCalendar) -> None:
    pause = Pause(shanghai("2026-03-11 18:00"), shanghai("2026-03-12 08:00"), "缓办")
    start, limit = shanghai("2026-03-11 17:00"), Limit.parse("2wh")

    assert deadline(start, limit, calendar, pauses=[pause]).due_at == shanghai("2026-03-12 09:00")


def test_overlapping_pauses_are_refused(calendar: WorkingCalendar) -> None:
    start = shanghai("2026-03-11 09:00")
    pauses = [
        Pause(start, start + timedelta(hours=2)),
        Pause(start + timedelta(hours=1), start + timedelta(hours=3)),
    ]

    with pytest.raises(Invalid, match="overlap"):
        deadline(start, Limit.parse("4wh"), calendar, pauses=pauses)


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="ends before"):
        Pause(shanghai("2026-03-11 10:00"), shanghai("2026-03-11 09:00"))


def test_an_instant_without_a_zone_is_refused(calendar: WorkingCalendar) -> None:
    with pytest.raises(Invalid, match="time zone"):
        deadline(datetime(2026, 3, 11, 9), Limit.parse("4wh"), calendar)  # noqa: DTZ001


def test_an_unpublished_year_is_refused_unless_asked_for(calendar: WorkingCalendar) -> None:
    start, limit = shanghai("2026-12-31 17:00"), Limit.parse("2wh")  # Thu

    with pytest.raises(YearNotPublished):
        deadline(start, limit, calendar)
    receipt = deadline(start, limit, calendar, allow_provisional=True)

    assert receipt.provisional
    assert receipt.due_at == shanghai("2027-01-01 09:00")  # a guess, and marked as one


def test_a_continuous_limit_needs_no_published_year(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2030-05-01 00:00"), Limit.parse("24uh"), calendar)

    assert (receipt.due_at, receipt.provisional) == (shanghai("2030-05-02 00:00"), False)


def test_time_is_used_only_while_the_clock_runs(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2026-03-13 17:00"), Limit.parse("1wd"), calendar)  # Fri

    assert receipt.used(shanghai("2026-03-13 16:00")) == timedelta(0)
    assert receipt.used(shanghai("2026-03-13 17:30")) == timedelta(hours=0.5)
    assert receipt.used(shanghai("2026-03-15 12:00")) == timedelta(hours=1)  # Sun
    assert receipt.used(shanghai("2026-03-16 17:00")) == timedelta(hours=8)
    assert receipt.used(shanghai("2026-03-20 09:00")) == timedelta(hours=8)


def test_the_deadline_itself_is_in_time(calendar: WorkingCalendar) -> None:
    receipt = deadline(shanghai("2026-03-11 09:00"), Limit.parse("2wh"), calendar)

    assert not receipt.is_overdue(receipt.due_at)
    assert receipt.is_overdue(receipt.due_at + timedelta(microseconds=1))


def test_a_calendar_may_work_round_the_clock_on_working_days(calendar: WorkingCalendar) -> None:
    always = replace(calendar, periods=(Period.parse("00:00-24:00"),))

    receipt = deadline(shanghai("2026-03-13 20:00"), Limit.parse("8wh"), always)  # Fri

    assert receipt.due_at == shanghai("2026-03-16 04:00")  # Mon
    assert [step.reason for step in receipt.steps] == [
        Reason.WORKING_HOURS,
        Reason.WEEKEND,
        Reason.WORKING_HOURS,
    ]


starts = st.integers(0, 608 * 86_400).map(  # to 2026-09-01: later ones may need 2027
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
short_limits = st.builds(Limit, st.integers(1, 20), st.sampled_from(LimitUnit))
working_limits = st.builds(
    Limit,
    st.integers(1, 20),
    st.sampled_from([LimitUnit.WORKING_HOUR, LimitUnit.WORKING_DAY]),
)
rules = st.sampled_from(DayRule)
gaps = st.lists(st.integers(0, 100_000).map(lambda s: timedelta(seconds=s)), max_size=6)


def pauses_after(start: datetime, lengths: list[timedelta]) -> list[Pause]:
    """Lay lengths end to end: running, paused, running, paused …"""
    ends = [start]
    for length in lengths:
        ends.append(ends[-1] + length)
    return [Pause(begin, end) for begin, end in zip(ends[1::2], ends[2::2], strict=False)]


@given(starts, short_limits, rules, gaps)
def test_the_counted_time_up_to_the_deadline_is_the_limit(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    rule: DayRule,
    lengths: list[timedelta],
) -> None:
    receipt = deadline(start, limit, calendar, pauses=pauses_after(start, lengths), day_rule=rule)

    assert counted_time(receipt, receipt.due_at, calendar) == receipt.amount
    assert (
        counted_time(receipt, receipt.due_at - timedelta(microseconds=1), calendar) < receipt.amount
    )
    assert receipt.used(receipt.due_at) == receipt.amount


@given(starts, short_limits, rules, gaps)
def test_a_pause_never_loses_or_gains_time(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    rule: DayRule,
    lengths: list[timedelta],
) -> None:
    pauses = pauses_after(start, lengths)
    running = deadline(start, limit, calendar, day_rule=rule)
    paused = deadline(start, limit, calendar, pauses=pauses, day_rule=rule)

    lost = sum(
        (
            counted_time(running, min(pause.end, paused.due_at), calendar)
            - counted_time(running, min(pause.begin, paused.due_at), calendar)
            for pause in pauses
        ),
        timedelta(0),
    )

    assert counted_time(running, paused.due_at, calendar) == running.amount + lost


@given(starts, short_limits, rules, gaps)
def test_the_steps_leave_no_gap_and_end_at_the_deadline(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    rule: DayRule,
    lengths: list[timedelta],
) -> None:
    receipt = deadline(start, limit, calendar, pauses=pauses_after(start, lengths), day_rule=rule)

    begins = [step.begin for step in receipt.steps]
    ends = [step.end for step in receipt.steps]
    assert begins == [start, *ends[:-1]]
    assert ends[-1] == receipt.due_at
    assert sum((step.counted for step in receipt.steps), timedelta(0)) == receipt.amount


@given(starts, working_limits, rules, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_later_start_is_never_due_earlier(
    calendar: WorkingCalendar, start: datetime, limit: Limit, rule: DayRule, later: timedelta
) -> None:
    first = deadline(start, limit, calendar, day_rule=rule)
    second = deadline(start + later, limit, calendar, day_rule=rule)

    assert first.due_at <= second.due_at


@given(starts, short_limits, st.integers(1, 19))
def test_two_limits_one_after_the_other_are_their_sum(
    calendar: WorkingCalendar, start: datetime, limit: Limit, more: int
) -> None:
    whole = deadline(start, replace(limit, amount=limit.amount + more), calendar)
    half = deadline(start, limit, calendar)

    assert deadline(half.due_at, replace(limit, amount=more), calendar).due_at == whole.due_at


@given(starts, short_limits, rules, gaps)
def test_a_receipt_survives_storage(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    rule: DayRule,
    lengths: list[timedelta],
) -> None:
    receipt = deadline(start, limit, calendar, pauses=pauses_after(start, lengths), day_rule=rule)

    stored = json.loads(json.dumps(receipt.to_payload()))

    assert DeadlineReceipt.from_payload(stored) == receipt


@given(starts, short_limits, st.integers(1, 99))
def test_shares_of_a_limit_come_in_order(
    calendar: WorkingCalendar, start: datetime, limit: Limit, percent: int
) -> None:
    receipt = deadline(start, limit, calendar)

    share = instant_of_share(receipt, percent, calendar)

    assert start < share < receipt.due_at
    assert counted_time(receipt, share, calendar) == receipt.amount * percent / 100
    assert instant_of_share(receipt, 100, calendar) == receipt.due_at

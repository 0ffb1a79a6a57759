from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.callbacks.hours import Window, is_permitted
from hotline.callbacks.policy import (
    CallbackPolicy,
    ladder,
    next_attempt_at,
    permitted_hours,
    ring_until,
)
from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar

POLICY = CallbackPolicy()
CALENDAR = WorkingCalendar(
    "city",
    SHANGHAI,
    (Period.parse("08:00-12:00"),),
    (CalendarYear(2026, "1", "a notice", {date(2026, 5, 1): "劳动节"}, {}),),
)
HOURS = permitted_hours(POLICY, Channel.SMS, CALENDAR)
ALL = frozenset({Channel.VOICE, Channel.SMS, Channel.MAIL})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("earlier", "now", "then"),
    [
        ([], at(11, 10), at(11, 10)),
        ([at(11, 10)], at(11, 10, 1), at(11, 14)),  # morning, then afternoon
        ([at(11, 15)], at(11, 15, 1), at(12, 9)),  # afternoon, then the next morning
        ([at(11, 20, 30)], at(11, 20, 31), at(12, 9)),
        ([at(10, 10), at(10, 14)], at(10, 14, 5), at(11, 9)),
        ([at(11, 10)], at(13, 16), at(13, 16)),  # the worker was away for days
    ],
)
def test_attempts_fall_on_different_half_days(
    earlier: list[datetime], now: datetime, then: datetime
) -> None:
    assert next_attempt_at(POLICY, HOURS, earlier, now) == then


@given(st.integers(min_value=0, max_value=365 * 24 * 60))
def test_the_next_attempt_is_later_and_permitted_and_soon_enough(minute: int) -> None:
    last = at(1, 0) + timedelta(minutes=minute)

    then = next_attempt_at(POLICY, HOURS, [last], last)

    assert then >= last + POLICY.gap
    assert is_permitted(HOURS, then)
    assert then - last < timedelta(days=1, hours=3)


def test_the_demo_permits_all_hours_and_keeps_its_gap() -> None:
    policy = CallbackPolicy.for_demo()

    hours = permitted_hours(policy, Channel.VOICE, CALENDAR)

    assert is_permitted(hours, at(11, 3))
    soon = at(11, 3) + timedelta(seconds=20)
    assert next_attempt_at(policy, hours, [at(11, 3)], at(11, 3)) == soon


def test_on_a_public_holiday_nobody_is_rung_but_texts_go_as_on_any_day() -> None:
    """R69: the rest time of everybody; who is told in writing is told soon."""
    holiday = datetime(2026, 5, 1, 10, tzinfo=SHANGHAI)

    permitted = {
        channel: is_permitted(permitted_hours(POLICY, channel, CALENDAR), holiday)
        for channel in (Channel.VOICE, Channel.SMS)
    }

    assert permitted == {Channel.VOICE: False, Channel.SMS: True}
    demo = CallbackPolicy.for_demo()
    assert is_permitted(permitted_hours(demo, Channel.VOICE, CALENDAR), holiday)


@pytest.mark.parametrize(
    "policy",
    [
        POLICY,
        CallbackPolicy.for_demo(),
        CallbackPolicy(holiday_windows=(Window(time(10), time(11)), Window(time(20), None))),
    ],
)
def test_a_policy_survives_storage(policy: CallbackPolicy) -> None:
    assert CallbackPolicy.from_payload(policy.to_payload()) == policy


@pytest.mark.parametrize(
    ("channel", "phone", "mobile", "available", "rungs"),
    [
        ("voice", True, True, ALL, "voice voice voice sms"),
        ("voice", True, False, ALL, "voice voice voice"),  # a landline gets no text message
        ("voice", True, True, ALL - {Channel.SMS}, "voice voice voice"),
        ("voice", True, True, ALL - {Channel.VOICE}, "sms"),
        ("mail", False, False, ALL, "mail"),
        ("mail", False, False, ALL - {Channel.MAIL}, ""),
        ("sms", True, True, ALL, "sms voice voice voice"),
        ("sms", True, True, frozenset({Channel.VOICE}), "voice voice voice"),
        ("web", True, True, ALL, ""),  # the status page asks
    ],
)
def test_the_ladder_begins_with_the_channel_they_chose(
    channel: str, phone: bool, mobile: bool, available: frozenset[Channel], rungs: str
) -> None:
    """R69: told by the channel they chose or came by."""
    found = ladder(
        POLICY,
        reply_channel=Channel(channel),
        has_phone=phone,
        is_mobile=mobile,
        available=available,
    )

    assert " ".join(found) == rungs


def test_a_policy_without_windows_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        CallbackPolicy(windows=())


@pytest.mark.parametrize(
    ("ordered", "until"),
    [
        (at(11, 10), at(11, 10, 30)),
        (at(11, 11, 50), at(11, 12)),  # the midday rest begins
        (at(11, 20, 45), at(11, 21)),
    ],
)
def test_an_ordered_call_is_out_of_date_when_permitted_hours_end(
    ordered: datetime, until: datetime
) -> None:
    assert ring_until(POLICY, HOURS, ordered) == until


def test_where_all_hours_are_permitted_only_the_age_of_an_order_counts() -> None:
    policy = CallbackPolicy.for_demo()

    until = ring_until(policy, permitted_hours(policy, Channel.VOICE, CALENDAR), at(11, 23, 59))

    assert until == at(12, 0, 1)

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.callbacks.policy import (
    CallbackPolicy,
    Window,
    is_permitted,
    ladder,
    next_attempt_at,
    next_permitted,
    ring_until,
)
from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI

POLICY = CallbackPolicy()
ALL = frozenset({Channel.VOICE, Channel.SMS, Channel.MAIL})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "permitted"),
    [
        (at(11, 8, 59), False),
        (at(11, 9), True),
        (at(11, 12), False),  # noon rest
        (at(11, 14), True),
        (at(11, 20, 59), True),
        (at(11, 21), False),
        (at(12, 0), False),
    ],
)
def test_nobody_is_rung_up_outside_permitted_hours(moment: datetime, permitted: bool) -> None:
    assert is_permitted(POLICY, moment) is permitted


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (at(11, 10), at(11, 10)),
        (at(11, 12, 30), at(11, 14)),
        (at(11, 21), at(12, 9)),
        (at(12, 3), at(12, 9)),
        (at(31, 23), datetime(2026, 4, 1, 9, tzinfo=SHANGHAI)),
    ],
)
def test_an_attempt_waits_for_the_next_window(moment: datetime, then: datetime) -> None:
    assert next_permitted(POLICY, moment) == then


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
    assert next_attempt_at(POLICY, earlier, now) == then


@given(st.integers(min_value=0, max_value=365 * 24 * 60))
def test_the_next_attempt_is_later_and_permitted_and_soon_enough(minute: int) -> None:
    last = at(1, 0) + timedelta(minutes=minute)

    then = next_attempt_at(POLICY, [last], last)

    assert then >= last + POLICY.gap
    assert is_permitted(POLICY, then)
    assert then - last < timedelta(days=1, hours=3)


def test_the_demo_permits_all_hours_and_keeps_its_gap() -> None:
    policy = CallbackPolicy.for_demo()

    assert is_permitted(policy, at(11, 3))
    assert next_attempt_at(policy, [at(11, 3)], at(11, 3)) == at(11, 3) + timedelta(seconds=20)


@pytest.mark.parametrize("policy", [POLICY, CallbackPolicy.for_demo()])
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


def test_a_window_cannot_close_before_it_opens() -> None:
    with pytest.raises(ValueError, match="closes after"):
        Window(time(21), time(9))


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
    assert ring_until(POLICY, ordered) == until


def test_where_all_hours_are_permitted_only_the_age_of_an_order_counts() -> None:
    assert ring_until(CallbackPolicy.for_demo(), at(11, 23, 59)) == at(12, 0, 1)

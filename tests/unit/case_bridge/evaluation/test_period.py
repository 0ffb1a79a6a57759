"""Months, quarters and years by Shanghai's calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.evaluation.period import Period, PeriodKind
from hotline.kernel.errors import Invalid


def test_a_month_begins_at_midnight_in_shanghai() -> None:
    """R72: results are for a period of the calendar that the city lives by."""
    march = Period.parse("2026-03")

    assert march.begins == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert march.ends == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert march.label() == "2026年3月"


@pytest.mark.parametrize(
    ("text", "days"), [("2024-02", 29), ("2026-Q1", 90), ("2026-q4", 92), ("2026", 365)]
)
def test_a_period_has_the_days_of_the_calendar(text: str, days: int) -> None:
    period = Period.parse(text)

    assert period.ends - period.begins == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "26", "2026-3", "1999", "march"])
def test_what_is_no_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Invalid, match="period"):
        Period.parse(text)


@given(
    st.sampled_from(PeriodKind),
    st.integers(0, 700 * 365 * 86400).map(
        lambda s: datetime(2050, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
    ),
    st.integers(-30, 30),
)
def test_periods_follow_each_other_without_gap(
    kind: PeriodKind, instant: datetime, by: int
) -> None:
    period = Period.containing(kind, instant)

    assert period.begins <= instant < period.ends == period.shifted(1).begins
    assert Period.parse(str(period)) == period
    assert period.shifted(by).shifted(-by) == period

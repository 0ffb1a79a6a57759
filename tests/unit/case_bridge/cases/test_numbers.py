"""Case numbers."""

from datetime import UTC, date, datetime

from case_bridge.cases.numbers import case_day, case_number


def test_a_number_is_the_day_and_five_digits() -> None:
    assert case_number(date(2026, 3, 11), 1) == "26031100001"


def test_the_day_is_that_of_shanghai() -> None:
    assert case_day(datetime(2026, 3, 10, 16, 0, tzinfo=UTC)) == date(2026, 3, 11)


def test_a_day_with_more_cases_than_five_digits_still_gives_different_numbers() -> None:
    assert case_number(date(2026, 3, 11), 100_001) == "260311100001"

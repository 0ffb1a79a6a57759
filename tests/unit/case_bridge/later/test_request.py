"""What may be asked for, and by how much."""

from datetime import UTC, datetime

import pytest

from case_bridge.cases.rules import ExtensionRule
from case_bridge.later.request import Quota, check_extension, month_of
from hotline.kernel.errors import Conflict, Invalid
from hotline.sla.limit import Limit

RULE = ExtensionRule()


def test_an_extension_of_exactly_the_original_limit_is_allowed() -> None:
    """R54: at most once the original limit."""
    check_extension(Limit.parse("5wd"), Limit.parse("5wd"), before=0, rule=RULE)


@pytest.mark.parametrize("asked", ["6wd", "1wh", "1uh"])
def test_more_or_another_clock_is_refused(asked: str) -> None:
    """R54."""
    with pytest.raises(Invalid):
        check_extension(Limit.parse("5wd"), Limit.parse(asked), before=0, rule=RULE)


def test_a_second_extension_is_refused_by_default() -> None:
    """R54."""
    with pytest.raises(Conflict):
        check_extension(Limit.parse("5wd"), Limit.parse("1wd"), before=1, rule=RULE)


def test_several_extensions_together_are_at_most_the_original_limit() -> None:
    """R54: 3 of 5 days are granted; 2 more are the most."""
    rule = ExtensionRule(per_case=2)
    check_extension(Limit.parse("5wd"), Limit.parse("2wd"), before=1, had=3, rule=rule)
    with pytest.raises(Invalid, match="of which 3wd are granted"):
        check_extension(Limit.parse("5wd"), Limit.parse("3wd"), before=1, had=3, rule=rule)


@pytest.mark.parametrize(
    ("filed", "extensions", "exceeded"),
    [(10, 0, False), (10, 1, True), (20, 1, False), (19, 1, True), (0, 0, True), (100, 9, False)],
)
def test_exactly_ten_percent_is_within_the_rule(
    filed: int, extensions: int, exceeded: bool
) -> None:
    """R53: the one that is asked for counts; ten of a hundred are ten percent."""
    assert Quota(filed=filed, extensions=extensions, percent=10).is_exceeded is exceeded


def test_the_period_is_the_calendar_month_of_shanghai() -> None:
    """R53: 31 March 16:30 UTC is 1 April in Shanghai."""
    begin, end = month_of(datetime(2026, 3, 31, 16, 30, tzinfo=UTC))

    assert begin.astimezone(UTC) == datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)

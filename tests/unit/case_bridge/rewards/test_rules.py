"""Which reports earn a reward, how much, and that money is exact."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.cases.case import CaseSource
from case_bridge.cases.states import CaseState
from case_bridge.rewards.money import GREATEST, Yuan
from case_bridge.rewards.rules import CITIZENS, UNTRUE, Rate, is_earned, rate_of
from hotline.kernel.errors import Invalid

FILED = datetime(2026, 3, 11, tzinfo=UTC)
DAY = date(2026, 3, 11)


def rate(category: str, amount: str, valid_from: date = date(2026, 1, 1)) -> Rate:
    return Rate(category, Yuan.parse(amount), valid_from)


@pytest.mark.parametrize("source", CaseSource)
def test_r86_only_citizens_are_rewarded(source: CaseSource) -> None:
    """R86: who reports for their living is not."""
    earned = is_earned(source, CaseState.CLOSED, FILED, is_first=True)

    assert earned == (source in CITIZENS)


def test_r86_only_what_was_found_true_first_is_rewarded() -> None:
    """R86: filed, not refuted or voided since, and the first report of the problem."""
    assert is_earned(CaseSource.WEB, CaseState.DISPATCHED, FILED, is_first=True)
    assert not is_earned(CaseSource.WEB, CaseState.DISPATCHED, FILED, is_first=False)
    assert not is_earned(CaseSource.WEB, CaseState.REGISTERED, None, is_first=True)
    for state in UNTRUE:
        assert not is_earned(CaseSource.WEB, state, FILED, is_first=True)


def test_r86_the_most_precise_and_newest_rate_holds() -> None:
    """R86: rewards by rule, not by favour."""
    rates = [
        rate("*", "10"),
        rate("facility", "20"),
        rate("facility:0102", "50"),
        rate("facility:0102", "60", date(2026, 3, 1)),
        rate("facility:0102", "90", date(2026, 4, 1)),
    ]

    amounts = {
        category: str(found.amount)
        for category in ("facility:0102", "facility:0103", "incident:01")
        if (found := rate_of(rates, category, DAY))
    }
    assert amounts == {"facility:0102": "60.00", "facility:0103": "20.00", "incident:01": "10.00"}
    assert rate_of(rates[1:], "incident:01", DAY) is None


@pytest.mark.parametrize("text", ["0", "-5", "1.234", "1e3", "", "NaN", "100000.01", "五十", "1,5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Yuan.parse(text)


@given(st.decimals(min_value="0.01", max_value=str(GREATEST), places=2))
def test_an_amount_is_read_as_it_is_written(amount: Decimal) -> None:
    assert Yuan.parse(str(Yuan(amount))).amount == amount

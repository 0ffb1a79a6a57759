"""Satisfaction with its response rate and interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.evaluation.satisfaction import LEAST_TOLD, Satisfaction, wilson
from hotline.kernel.errors import Invalid


def test_r80_satisfaction_comes_with_counts_and_how_sure_it_is() -> None:
    """R80: surveys are published with how many answered."""
    found = Satisfaction(
        asked=200,
        answered=60,
        ratings={1: 20, 2: 15, 3: 5, 4: 6, 5: 4},
        solved_yes=48,
        solved_no=12,
    )

    assert found.response_rate == 0.3
    assert (found.satisfied, found.rated, found.rate) == (40, 50, 0.8)
    assert found.interval is not None
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.6696, 0.8876)


def test_nobody_asked_is_no_rate_at_all() -> None:
    nobody = Satisfaction(0, 0, {}, 0, 0)

    assert (nobody.response_rate, nobody.rate, nobody.interval) == (None, None, None)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_holds_at_the_edges(successes: int, trials: int, low: float, high: float) -> None:
    """Values of Brown, Cai, DasGupta 2001 and of R's prop.test without continuity correction."""
    found = wilson(successes, trials)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(pair: tuple[int, int]) -> None:
    successes, trials = pair
    found = wilson(successes, trials)

    assert 0 <= found.low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= found.high <= 1


@pytest.mark.parametrize("pair", [(1, 0), (3, 2), (-1, 2)])
def test_no_share_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="share"):
        wilson(*pair)


@pytest.mark.parametrize(("number", "told"), [(LEAST_TOLD - 1, 0), (LEAST_TOLD, LEAST_TOLD)])
def test_r83_the_public_is_told_what_many_answered_and_not_what_one_did(
    number: int, told: int
) -> None:
    """R83, R88: statistics without personal data, in a small month too."""
    found = Satisfaction(20, number, {5: number}, solved_yes=1, solved_no=number - 1)

    shown = found.for_the_public()

    assert (shown.asked, shown.answered) == (20, number)
    assert (shown.rated, shown.solved_yes + shown.solved_no) == (told, told)

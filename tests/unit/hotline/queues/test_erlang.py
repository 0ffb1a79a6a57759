import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.queues.erlang import forecast, waiting_probability


def test_the_worked_example_of_the_textbooks_comes_out() -> None:
    """100 calls in half an hour of 180 s each, 14 seats: 17.4 % wait, 88.8 % in 20 s, 7.8 s."""
    found = forecast(seats=14, per_second=100 / 1800, handling=180, target=20)

    assert found.traffic == pytest.approx(10)
    assert found.waiting == pytest.approx(0.174, abs=0.0005)
    assert found.within == pytest.approx(0.888, abs=0.0005)
    assert found.mean_wait == pytest.approx(7.8, abs=0.05)
    assert found.occupancy == pytest.approx(10 / 14)


def test_one_seat_waits_as_often_as_it_is_busy() -> None:
    """M/M/1: the probability to wait is the load."""
    assert waiting_probability(1, 0.6) == pytest.approx(0.6)


def test_two_seats_come_out_by_hand() -> None:
    """A = 1, n = 2: (1/2 * 2) / (1 + 1 + 1) = 1/3."""
    assert waiting_probability(2, 1.0) == pytest.approx(1 / 3)


def test_a_floor_that_is_too_small_never_catches_up() -> None:
    found = forecast(seats=9, per_second=0.05, handling=200, target=20)

    assert (found.occupancy, found.waiting, found.within) == (1.0, 1.0, 0.0)
    assert math.isinf(found.mean_wait)


def test_without_calls_nobody_waits() -> None:
    found = forecast(seats=3, per_second=0, handling=180, target=20)

    assert (found.waiting, found.within, found.mean_wait) == (0.0, 1.0, 0.0)


@given(st.integers(1, 3000), st.floats(0.01, 2999))
def test_one_more_seat_never_makes_anybody_wait(seats: int, traffic: float) -> None:
    fewer, more = (waiting_probability(n, traffic) for n in (seats, seats + 1))

    assert 0 <= more <= fewer <= 1

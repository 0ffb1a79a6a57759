from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.ids import SeatId, new_id
from hotline.queues.routing import Candidate, longest_idle_first

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


def seat(extension: str, idle: int) -> Candidate:
    return Candidate(SeatId(new_id()), extension, NOON - timedelta(seconds=idle))


def test_the_seat_that_has_been_idle_longest_is_first() -> None:
    short, long, middle = seat("8001", 5), seat("8002", 500), seat("8003", 50)

    assert longest_idle_first([short, long, middle]) == [long, middle, short]


def test_equal_idle_times_go_by_extension() -> None:
    second, first = seat("8002", 60), seat("8001", 60)

    assert longest_idle_first([second, first]) == [first, second]


@given(st.permutations([seat(f"80{n:02}", idle) for n, idle in enumerate((9, 9, 3, 77, 0))]))
def test_the_order_of_asking_does_not_matter(floor: list[Candidate]) -> None:
    assert [c.extension for c in longest_idle_first(floor)] == [
        "8003", "8000", "8001", "8002", "8004",
    ]  # fmt: skip

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotline.kernel.ids import new_id
from hotline.reports.definition import (
    DAY,
    DEFINITIONS,
    Arrival,
    Class,
    Definition,
    Kind,
    classify,
    measure,
)

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


def definition(kind: Kind = Kind.WITHIN, *, within: float = 15, short: float = 0) -> Definition:
    return Definition(
        name="d",
        version="1",
        title="",
        kind=kind,
        target=0.8,
        within=within,
        ignores_abandoned_before=short,
    )


def call(at: float = 0, *, answered: float | None = None, left: float = 60) -> Arrival:
    """A call that joins `at` seconds after noon."""
    joined = NOON + timedelta(seconds=at)
    return Arrival(
        entry_id=new_id(),
        call_id=UUID(int=1),
        queue="main",
        joined_at=joined,
        answered_at=None if answered is None else joined + timedelta(seconds=answered),
        ended_at=joined + timedelta(seconds=left),
    )


@pytest.mark.parametrize(
    ("arrival", "expected"),
    [
        (call(answered=15), Class.KEPT),
        (call(answered=15.001), Class.LATE),
        (call(left=4.9), Class.IGNORED),
        (call(left=5), Class.ABANDONED),
    ],
)
def test_each_call_counts_in_one_way(arrival: Arrival, expected: Class) -> None:
    """Domain 6.2: human answer within 15 s (GB/T 33358)."""
    assert classify(arrival, definition(short=5)) is expected


def test_short_abandons_count_where_the_definition_counts_them() -> None:
    calls = [call(answered=3), call(left=2), call(left=40)]
    ends = NOON + DAY

    assert measure(calls, definition(), NOON, ends).rate == pytest.approx(1 / 3)
    assert measure(calls, definition(short=5), NOON, ends).rate == pytest.approx(1 / 2)


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    calls = [call(-0.001, answered=1), call(0, answered=1), call(60, answered=1)]

    assert measure(calls, definition(), NOON, NOON + timedelta(seconds=60)).counted == 1


def test_without_calls_there_is_no_share() -> None:
    assert measure([], definition(), NOON, NOON + DAY).rate is None
    assert measure([], definition(Kind.WORST_WINDOW), NOON, NOON + DAY).rate is None


def test_the_worst_24_hours_may_begin_on_the_day_before() -> None:
    """Domain 6.2: call-completion rate >= 95 % per any continuous 24 h (GB/T 33358)."""
    hour = 3600.0
    calls = [
        call(-20 * hour),  # abandoned
        *(call(-19 * hour + n, answered=1) for n in range(3)),
        call(1 * hour),  # abandoned: five calls in the window, three answered
        *(call(2 * hour + n, answered=1) for n in range(20)),
    ]

    figure = measure(calls, definition(Kind.WORST_WINDOW), NOON, NOON + DAY)

    assert (figure.kept, figure.counted) == (3, 5)
    assert figure.window_ends_at == NOON + timedelta(hours=1)


@given(st.lists(st.tuples(st.floats(-90_000, 90_000), st.booleans()), max_size=30))
@example([(-86_400.0, True), (10.0, True)])
def test_the_worst_window_is_the_worst_of_all(told: list[tuple[float, bool]]) -> None:
    calls = [call(at, answered=1 if taken else None) for at, taken in told]
    ends = NOON + DAY

    found = measure(calls, definition(Kind.WORST_WINDOW), NOON, ends).rate

    rates = []
    moments = {at for c in calls for at in (c.joined_at, c.joined_at + DAY)}
    for until in (each for each in moments if NOON <= each < ends):
        window = [c for c in calls if until - DAY < c.joined_at <= until]
        if window:
            rates.append(sum(c.answered_at is not None for c in window) / len(window))
    assert found == (min(rates) if rates else None)


def test_the_worst_24_hours_may_be_those_that_a_good_call_has_just_left() -> None:
    """Domain 6.2: any continuous 24 h, also one in which nobody rang any more."""
    hour = 3600.0
    calls = [
        *(call(-12 * hour + n, answered=1) for n in range(3)),
        call(-6 * hour),  # abandoned; after noon and twelve hours it is alone in its window
        call(20 * hour, answered=1),
    ]

    figure = measure(calls, definition(Kind.WORST_WINDOW), NOON, NOON + DAY)

    assert (figure.kept, figure.counted) == (0, 1)
    assert figure.window_ends_at == NOON + timedelta(hours=12, seconds=2)


def test_a_definition_survives_being_kept() -> None:
    assert [Definition.from_row(each.as_row()) for each in DEFINITIONS] == list(DEFINITIONS)


def test_every_definition_has_a_name_and_version_of_its_own() -> None:
    assert len({(each.name, each.version) for each in DEFINITIONS}) == len(DEFINITIONS)

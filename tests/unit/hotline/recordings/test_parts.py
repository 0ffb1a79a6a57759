"""The parts of a call on the line of its recording."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hotline.recordings.parts import BEGINS, Part, PartKind, parts_of

BEGAN = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return BEGAN + timedelta(seconds=second)


def told(parts: tuple[Part, ...]) -> list[tuple[str, float, float]]:
    return [
        (part.kind.value, part.begin.total_seconds(), part.end.total_seconds()) for part in parts
    ]


def test_a_call_with_everything_is_told_from_the_first_second_to_the_last() -> None:
    happened = [
        (at(-3), "ringing"),
        (at(-2), "answered"),
        (at(-1), "notice_played"),
        (at(5), "enqueued"),
        (at(20), "connected"),
        (at(40), "held"),
        (at(45), "resumed"),
        (at(60), "transfer_asked"),
        (at(65), "transfer_consulting"),
        (at(70), "transfer_joined"),
        (at(80), "transfer_ended"),
        (at(90), "parked"),
        (at(99), "unparked"),
        (at(100), "ended"),
    ]

    parts = parts_of(happened, began=BEGAN, lasts=timedelta(seconds=101))

    assert told(parts) == [
        ("announcement", 0, 5),
        ("waiting", 5, 20),
        ("talk", 20, 40),
        ("hold", 40, 45),
        ("talk", 45, 60),
        ("transfer", 60, 70),
        ("joined", 70, 80),
        ("talk", 80, 90),
        ("parked", 90, 99),
        ("talk", 99, 101),
    ]


def test_two_events_of_one_step_make_no_sliver() -> None:
    happened = [(at(1), "connected"), (at(5), "transfer_ended"), (at(5.02), "handed_over")]

    assert told(parts_of(happened, began=BEGAN, lasts=timedelta(seconds=9))) == [
        ("announcement", 0, 1),
        ("talk", 1, 9),
    ]


def test_a_recording_that_began_in_the_talk_begins_with_it() -> None:
    happened = [(at(-30), "answered"), (at(-20), "connected"), (at(4), "held")]

    assert told(parts_of(happened, began=BEGAN, lasts=timedelta(seconds=9))) == [
        ("talk", 0, 4),
        ("hold", 4, 9),
    ]


@given(
    st.lists(st.tuples(st.floats(-60, 600), st.sampled_from([*BEGINS, "note", "ended"]))),
    st.floats(0.2, 300),
)
def test_parts_lie_end_to_end_over_the_whole_recording(
    happened: list[tuple[float, str]], lasts: float
) -> None:
    events = [(at(second), kind) for second, kind in sorted(happened)]

    parts = parts_of(events, began=BEGAN, lasts=timedelta(seconds=lasts))

    assert parts[0].begin == timedelta(0)
    assert parts[-1].end == timedelta(seconds=lasts)
    for before, after in pairwise(parts):
        assert before.end == after.begin
        assert before.kind is not after.kind
    assert all(part.end > part.begin for part in parts)
    assert {part.kind for part in parts} <= set(PartKind)

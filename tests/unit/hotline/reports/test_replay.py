from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from hotline.queues.routing import Overflow, QueueRules
from hotline.reports.replay import Comparison, RecordedCall, ReplayOptions, replay, table

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def call(
    number: int, joined: float, *, wait: float | None, talk: float = 60, queue: str = "main"
) -> RecordedCall:
    """An answered call; without `wait`, one who gave up after `talk` seconds."""
    answered = None if wait is None else at(joined + wait)
    return RecordedCall(
        entry_id=UUID(int=number + 1),
        queue=queue,
        joined_at=at(joined),
        rank_at=at(joined),
        needs={},
        answered_at=answered,
        ended_at=(answered or at(joined)) + timedelta(seconds=talk),
        seat_id=None if wait is None else UUID(int=1),
        rang=0.0,
    )


def play(calls: list[RecordedCall], seats: int, wrap_up: float = 0) -> Comparison:
    return replay(calls, ReplayOptions(seats=seats, wrap_up=wrap_up, rules={}))


def test_two_seats_take_at_once_what_one_seat_took_in_turn() -> None:
    """Issue B 9: a recorded day through the same routing, with other seats."""
    calls = [call(0, 0, wait=0), call(1, 0, wait=60)]

    found = play(calls, 2)

    assert (found.real.mean_wait, found.replayed.mean_wait) == (30, 0)
    assert (found.real.within, found.replayed.within) == (0.5, 1.0)
    assert found.replayed.occupancy == pytest.approx(1.0)


def test_one_seat_plays_the_real_day_again() -> None:
    calls = [call(0, 0, wait=0), call(1, 10, wait=50), call(2, 30, wait=90)]

    found = play(calls, 1)

    assert found.replayed == found.real


def test_other_seats_help_the_moment_their_queue_opens_to_the_caller() -> None:
    """Issue B 9: as the live distributor does, which looks every second."""
    calls = [
        call(0, 0, wait=0, talk=300, queue="gas"),
        call(1, 0, wait=300, talk=60, queue="gas"),
        call(2, 0, wait=0, talk=10),
        call(3, 500, wait=0, talk=10),
    ]
    rules = {"gas": QueueRules(overflow=(Overflow("main", timedelta(seconds=30)),))}

    found = replay(calls, ReplayOptions(seats=2, wrap_up=0, rules=rules))

    assert (found.replayed.answered, found.replayed.worst_wait) == (4, 30)


def test_who_gave_up_is_answered_where_a_seat_is_free_in_time() -> None:
    calls = [call(0, 0, wait=0), call(1, 5, wait=None, talk=20)]

    assert play(calls, 1).replayed.answered == 1
    assert play(calls, 2).replayed.answered == 2


def test_notes_after_a_talk_keep_the_next_caller_waiting() -> None:
    calls = [call(0, 0, wait=0), call(1, 0, wait=60)]

    assert play(calls, 1, wrap_up=30).replayed.worst_wait == 90


def test_each_queue_gets_seats_by_its_calls() -> None:
    calls = [call(n, 0, wait=0, queue="big") for n in range(4)]
    calls.append(call(9, 0, wait=0, queue="small"))

    found = play(calls, 5)

    assert (found.replayed.answered, found.replayed.worst_wait) == (5, 0)


def test_a_long_random_day_comes_near_to_erlang_c() -> None:
    """Poisson arrivals, exponential talks, patient callers: the model's own world."""
    luck, joined = Random(11), 0.0
    calls = []
    for number in range(6000):
        joined += luck.expovariate(1 / 18)
        calls.append(call(number, joined, wait=0, talk=luck.expovariate(1 / 180)))

    found = play(calls, 14)

    assert found.erlang.traffic == pytest.approx(10, rel=0.05)
    assert found.replayed.within == pytest.approx(found.erlang.within, abs=0.04)
    assert found.replayed.mean_wait == pytest.approx(found.erlang.mean_wait, rel=0.4)
    assert found.replayed.occupancy == pytest.approx(found.erlang.occupancy, abs=0.02)


def test_a_day_without_calls_has_no_figures() -> None:
    found = play([], 3)

    assert (found.real.within, found.replayed.calls) == (None, 0)


def test_the_table_has_the_real_day_the_replay_and_erlang_side_by_side() -> None:
    text = table(play([call(0, 0, wait=0), call(1, 0, wait=60)], 2), 20)

    rows = [line.split() for line in text.splitlines()]
    assert rows[0] == ["实际", "重演", "Erlang", "C"]
    assert rows[4][:5] == ["20秒内接听", "50.0", "%", "100.0", "%"]

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.ids import SeatId, new_id
from hotline.queues.routing import (
    AGEING,
    MAX_PRIORITY,
    Candidate,
    Choice,
    Overflow,
    QueueRules,
    Step,
    Strategy,
    Waiting,
    choose,
    choose_for,
    place,
    ranked,
)

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def seat(
    extension: str,
    idle: int = 0,
    *,
    queue: str = "main",
    handled: int = 0,
    offered: int | None = None,
    **skills: int,
) -> Candidate:
    return Candidate(
        SeatId(new_id()),
        extension,
        ago(idle),
        queue,
        handled,
        None if offered is None else ago(offered),
        skills,
    )


def caller(waited: int = 0, *, last: UUID | None = None, **needs: int) -> Waiting:
    return Waiting(new_id(), ago(waited), ago(waited), needs, last)


def order(seats: list[Candidate], strategy: Strategy = Strategy.LONGEST_IDLE) -> list[str]:
    return [scored.candidate.extension for scored in ranked(seats, strategy, NOON)]


def taken(choice: Choice | None) -> list[str]:
    return [] if choice is None else [scored.candidate.extension for scored in choice.seats]


def pick(waiting: Waiting, seats: list[Candidate], rules: QueueRules | None = None) -> list[str]:
    return taken(choose_for("main", waiting, seats, rules or QueueRules(), NOON))


def test_the_seat_that_has_been_idle_longest_is_first() -> None:
    assert order([seat("8001", 5), seat("8002", 500), seat("8003", 50)]) == ["8002", "8003", "8001"]


def test_equal_idle_times_go_by_extension() -> None:
    assert order([seat("8002", 60), seat("8001", 60)]) == ["8001", "8002"]


def test_fewest_calls_goes_before_idle_time() -> None:
    seats = [seat("8001", 99, handled=3), seat("8002", 1, handled=2), seat("8003", 5, handled=2)]

    assert order(seats, Strategy.FEWEST_CALLS) == ["8003", "8002", "8001"]


def test_turns_go_round_and_who_never_had_one_is_first() -> None:
    seats = [seat("8001", 99, offered=10), seat("8002", 1, offered=90), seat("8003", 1)]

    assert order(seats, Strategy.ROUND_ROBIN) == ["8003", "8002", "8001"]


@given(
    st.permutations([seat(f"80{n:02}", idle) for n, idle in enumerate((9, 9, 3, 77, 0))]),
    st.sampled_from(Strategy),
)
def test_the_order_of_asking_does_not_matter(floor: list[Candidate], strategy: Strategy) -> None:
    assert order(floor, strategy) == ["8003", "8000", "8001", "8002", "8004"]


def test_a_seat_needs_every_skill_at_the_level_asked_for() -> None:
    seats = [seat("8001", 9, gas=2, min=5), seat("8002", 5, gas=3), seat("8003", 1, gas=3, min=1)]

    assert pick(caller(gas=3, min=1), seats) == ["8003"]


def test_the_skills_of_a_queue_and_of_a_caller_add_up() -> None:
    rules = QueueRules(needs={"gas": 2})
    seats = [seat("8001", gas=2), seat("8002", gas=2, en=4)]

    assert pick(caller(en=4), seats, rules) == ["8002"]


@pytest.mark.parametrize(("waited", "levels"), [(0, {"gas": 3}), (30, {"gas": 2}), (60, {})])
def test_levels_are_relaxed_while_the_caller_waits(waited: int, levels: dict[str, int]) -> None:
    rules = QueueRules(relax=(Step(timedelta(seconds=30), 1), Step(timedelta(seconds=60), 9)))

    assert choose_for("main", caller(waited, gas=3), [], rules, NOON).needs == levels


def test_another_queue_helps_only_after_a_while() -> None:
    rules = QueueRules(overflow=(Overflow("duty", timedelta(seconds=60)),))
    seats = [seat("9001", 500, queue="duty"), seat("8001", 1)]

    assert pick(caller(59), seats, rules) == ["8001"]
    assert pick(caller(60), seats, rules) == ["9001", "8001"]


def test_the_seat_that_knows_the_caller_is_first_where_the_queue_says_so() -> None:
    known, other = seat("8001", 1), seat("8002", 500)
    waiting = caller(last=known.seat_id)

    assert pick(waiting, [known, other]) == ["8002", "8001"]
    choice = choose_for("main", waiting, [known, other], QueueRules(prefers_last_seat=True), NOON)
    assert (taken(choice), choice.rule) == (["8001", "8002"], "last_seat")


def test_a_caller_whom_nobody_can_serve_holds_up_nobody() -> None:
    stuck, served = caller(90, gas=9), caller(10)

    choice = choose("main", [stuck, served], [seat("8001")], QueueRules(), NOON)

    assert choice is not None
    assert choice.waiting == served


def test_without_a_free_seat_there_is_no_choice() -> None:
    assert choose("main", [caller()], [], QueueRules(), NOON) is None


@given(st.integers(-3, 20), st.integers(-3, 20), st.integers(0, 10_000))
def test_nobody_starves_whatever_the_priorities(mine: int, theirs: int, later: int) -> None:
    latest = MAX_PRIORITY * AGEING
    joined = NOON + latest + timedelta(seconds=later + 1)

    assert place(NOON, mine) < place(joined, theirs)


def test_priority_is_worth_five_minutes_of_waiting_a_level() -> None:
    assert place(NOON, 2) == NOON - timedelta(minutes=10)
    assert place(NOON, 99) == NOON - timedelta(minutes=45)


def test_an_offer_keeps_what_the_rule_saw_of_each_seat() -> None:
    [scored] = ranked([seat("8001", 12, handled=4, gas=3)], Strategy.FEWEST_CALLS, NOON)

    assert scored.as_row() == {
        "seat_id": str(scored.candidate.seat_id),
        "extension": "8001",
        "queue": "main",
        "handled": 4,
        "skills": {"gas": 3},
        "score": -4.0,
    }

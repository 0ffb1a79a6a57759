"""What a caller is told of the wait, and how true it turns out."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from hotline.kernel.ids import SeatId
from hotline.queues.estimate import WINDOW, Answered, Bound, Estimate, Pace, expected_wait
from hotline.queues.floor import Floor, FloorEntry, FloorOffer, FloorSeat

NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("place", "answered", "told"),
    [
        (1, 60, Estimate(Bound.ABOUT, 1)),
        (8, 60, Estimate(Bound.ABOUT, 3)),
        (40, 15, Estimate(Bound.MORE_THAN, 29)),
        (200, 15, Estimate(Bound.MORE_THAN, 30)),
        (1, 2, None),
        (3, 0, None),
    ],
)
def test_the_wait_is_told_as_far_as_it_is_known(
    place: int, answered: int, told: Estimate | None
) -> None:
    """Issue B 7: position and honest expected wait."""
    assert expected_wait(place, answered) == told


def test_behind_more_than_are_counted_no_number_is_promised() -> None:
    told = expected_wait(20, 60, is_capped=True)

    assert told is not None
    assert told.bound is Bound.MORE_THAN


class ReplayedHall:
    """Arrivals that outrun the seats in waves; what each caller is told beside the real wait."""

    def __init__(self, seed: int) -> None:
        self.luck = Random(seed)
        self.floor = Floor()
        self.answers: list[datetime] = []
        self.told: list[tuple[Estimate, FloorEntry]] = []
        self.ends: list[tuple[datetime, FloorOffer]] = []
        for number in range(8):
            seat = FloorSeat(SeatId(UUID(int=number + 1)), f"8{number:03}", "main", NOON, NOON)
            self.floor.sit(seat, NOON)

    def play(self, hours: int) -> None:
        due = NOON
        for second in range(hours * 3600):
            now = NOON + second * SECOND
            busy = 1.25 if second // 1800 % 2 else 0.7
            while due <= now:
                self._joins(now, len(self.told))
                due += self.luck.expovariate(busy * 8 / 180) * SECOND
            self._moves(now)

    def _joins(self, now: datetime, _: int) -> None:
        waiting = len(self.floor.waiting().get("main", []))
        entry = self.floor.arrive(UUID(int=len(self.floor.entries) + 1), "main", now)
        lately = sum(now - at < WINDOW for at in self.answers)
        told = expected_wait(waiting + 1, lately)
        if waiting and told is not None:
            self.told.append((told, entry))

    def _moves(self, now: datetime) -> None:
        for end in [each for each in self.ends if each[0] <= now]:
            self.ends.remove(end)
            self.floor.finish(end[1], now)
            self.floor.free(end[1].seat, now)
        for offer in self.floor.distribute(now):
            self.floor.answer(offer, now)
            self.answers.append(now)
            self.ends.append((now + self.luck.expovariate(1 / 180) * SECOND, offer))


def test_four_in_five_of_replayed_callers_wait_no_longer_than_they_were_told() -> None:
    """Issue B 7: honest expected wait, measured on replayed arrivals."""
    kept = total = 0
    too_long: list[float] = []
    for seed in range(3):
        hall = ReplayedHall(seed)
        hall.play(hours=4)
        for told, entry in hall.told:
            if told.bound is Bound.ABOUT and entry.ended_at is not None:
                waited = (entry.ended_at - entry.enqueued_at) / timedelta(minutes=1)
                total += 1
                kept += waited <= told.minutes
                too_long.append(told.minutes - waited)

    assert total > 300
    assert kept / total >= 0.75, kept / total
    # Not kept by saying "half an hour" to everybody.
    assert sorted(too_long)[total // 2] <= 3


def test_a_caller_with_needs_is_told_the_pace_of_those_who_asked_for_the_same() -> None:
    english = {"language.en": 3}
    answered = Answered((Pace("main", {}, 30), Pace("main", english, 1), Pace("gas", english, 9)))

    assert answered.like("main", {}) == 31
    assert expected_wait(2, answered.like("main", english)) is None

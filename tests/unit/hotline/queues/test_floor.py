"""The race simulator: the promises of the queue under thousands of random schedules."""

import pytest

from benchmarks.queues.bugs import Planted
from benchmarks.queues.simulate import simulate
from benchmarks.queues.world import World
from hotline.queues.states import OfferState, QueuedState

SCHEDULES = 2000


def test_no_schedule_breaks_a_promise() -> None:
    """Issue B 8: a caller in one place, a seat in one contact, nobody waits beside a free seat."""
    assert simulate(0, SCHEDULES) == {}


@pytest.mark.parametrize("planted", list(Planted))
def test_a_planted_bug_is_found(planted: Planted) -> None:
    """Issue B, Show: the race simulator finds a planted bug."""
    assert simulate(0, SCHEDULES, planted)


def test_a_schedule_is_played_the_same_way_again() -> None:
    def story(seed: int) -> list[tuple[object, ...]]:
        world = World(seed)
        world.run()
        return [
            (o.entry.entry_id, o.seat.extension, o.made_at, o.state) for o in world.floor.offers
        ]

    assert story(61) == story(61)


def test_the_schedules_reach_every_end_of_a_wait_and_of_an_offer() -> None:
    worlds = [World(seed) for seed in range(200)]
    for world in worlds:
        world.run()

    assert {entry.state for world in worlds for entry in world.floor.entries} >= {
        QueuedState.ANSWERED,
        QueuedState.ABANDONED,
        QueuedState.DROPPED,
        QueuedState.CALLED_BACK,
    }
    assert {offer.state for world in worlds for offer in world.floor.offers} >= {
        OfferState.FINISHED,
        OfferState.MISSED,
        OfferState.WITHDRAWN,
    }

import gc
from collections.abc import Iterator

import pytest

from channels.voice.media.collector import FULL_TURNS, Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


class Knot:
    """An object that only a collection frees."""

    count = 0

    def __init__(self) -> None:
        self.me = self
        Knot.count += 1

    def __del__(self) -> None:
        Knot.count -= 1


def test_nothing_is_collected_but_after_a_turn(collector: Collector) -> None:
    Knot.count = 0
    for _ in range(2_000):
        Knot()
    before = Knot.count

    collector.after_turn()

    assert before == 2_000
    assert Knot.count < 50


def test_what_grew_old_is_collected_within_five_seconds(collector: Collector) -> None:
    knots = [Knot() for _ in range(100)]
    gc.collect(1)
    Knot.count = len(knots)
    knots.clear()

    for _ in range(FULL_TURNS):
        collector.after_turn()

    assert Knot.count == 0


def test_in_the_end_python_collects_by_itself_again() -> None:
    collector = Collector()
    during = gc.isenabled()

    collector.stop()

    assert (during, gc.isenabled(), gc.get_freeze_count()) == (False, True, 0)

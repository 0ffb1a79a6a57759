import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from channels.voice.media.ticker import MAX_CATCH_UP, Ticker


class FakeLoop:
    """A loop with one alarm, whose clock moves only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: float | None = None
        self.ring: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, ring: Callable[[], None]) -> "FakeLoop":
        self.due, self.ring = when, ring
        return self

    def cancel(self) -> None:
        self.due = None

    def wake(self, late: float = 0.0) -> None:
        assert self.due is not None
        self.now = self.due + late
        self.ring()


class Heart:
    """A ticker under test and what it did."""

    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.ticks: list[float] = []
        self.skips: list[int] = []
        loop = cast("asyncio.AbstractEventLoop", self.loop)
        self.ticker = Ticker(self.ticks.append, self.skips.append, loop)


@pytest.fixture
def heart() -> Heart:
    return Heart()


def test_ticks_come_every_20_ms_of_the_clock_and_not_of_the_wake_ups(heart: Heart) -> None:
    for late in (0.0, 0.004, 0.009, 0.001):
        heart.loop.wake(late)

    assert heart.ticks == pytest.approx([1000.02, 1000.04, 1000.06, 1000.08])
    assert heart.loop.due == pytest.approx(1000.10)


def test_it_does_not_drift_in_an_hour(heart: Heart) -> None:
    for n in range(180_000):
        heart.loop.wake(0.003 * (n % 3))

    assert len(heart.ticks) == 180_000
    assert heart.ticks[-1] == pytest.approx(1000.0 + 3600.0, abs=1e-6)


def test_a_loop_that_rings_a_little_early_ticks_once(heart: Heart) -> None:
    heart.loop.wake(-0.001)
    heart.loop.wake(0.0)

    assert heart.ticks == pytest.approx([1000.02, 1000.04])


def test_late_ticks_are_made_up_at_once(heart: Heart) -> None:
    heart.loop.wake(0.065)

    assert heart.ticks == pytest.approx([1000.02, 1000.04, 1000.06, 1000.08])
    assert heart.skips == []


def test_ticks_that_are_much_too_late_are_given_up(heart: Heart) -> None:
    heart.loop.wake(1.0)

    assert heart.skips == [51 - MAX_CATCH_UP]
    assert heart.ticker.skipped == 46
    assert heart.ticks == pytest.approx([1000.94, 1000.96, 1000.98, 1001.0, 1001.02])
    assert heart.loop.due == pytest.approx(1001.04)


def test_a_stopped_ticker_has_no_alarm(heart: Heart) -> None:
    heart.ticker.stop()

    assert heart.loop.due is None


def test_a_tick_that_fails_does_not_stop_the_heart(heart: Heart) -> None:
    def fail(_now: float) -> None:
        raise RuntimeError("a bug")

    loop = FakeLoop()
    Ticker(fail, heart.skips.append, cast("asyncio.AbstractEventLoop", loop))

    with pytest.raises(RuntimeError):
        loop.wake()

    assert loop.due == pytest.approx(1000.04)


def test_without_a_loop_given_the_running_one_is_used() -> None:
    async def start() -> int:
        ticks: list[float] = []
        done = asyncio.Event()

        def tick(now: float) -> None:
            ticks.append(now)
            if len(ticks) == 3:
                done.set()

        ticker = Ticker(tick, ticks.append)
        async with asyncio.timeout(2):
            await done.wait()
        ticker.stop()
        return len(ticks)

    assert asyncio.run(start()) == 3

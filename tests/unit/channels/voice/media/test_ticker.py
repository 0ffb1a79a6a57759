import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from channels.voice.media.pulse import Pulse
from channels.voice.media.ticker import MAX_CATCH_UP, TURNS, Ticker


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
        self.turns: list[float] = []
        self.numbers: list[int] = []
        self.skips: list[int] = []
        loop = cast("asyncio.AbstractEventLoop", self.loop)
        self.caught_up: list[int] = []
        self.pulse = Pulse()
        self.ticker = Ticker(self.take, self.skips.append, self.catch_up, self.pulse, loop)

    def catch_up(self) -> None:
        self.caught_up.append(len(self.turns) + len(self.skips))

    def take(self, turn: int, now: float) -> None:
        self.numbers.append(turn)
        self.turns.append(now)


@pytest.fixture
def heart() -> Heart:
    return Heart()


def test_turns_come_every_5_ms_of_the_clock_and_not_of_the_wake_ups(heart: Heart) -> None:
    for late in (0.0, 0.001, 0.003, 0.001):
        heart.loop.wake(late)

    assert heart.turns == pytest.approx([1000.005, 1000.01, 1000.015, 1000.02])
    assert heart.numbers == [1, 2, 3, 4]
    assert heart.loop.due == pytest.approx(1000.025)


def test_it_does_not_drift_in_a_quarter_of_an_hour(heart: Heart) -> None:
    for n in range(180_000):
        heart.loop.wake(0.001 * (n % 3))

    assert len(heart.turns) == 180_000
    assert heart.turns[-1] == pytest.approx(1000.0 + 900.0, abs=1e-6)


def test_a_loop_that_rings_a_little_early_turns_once(heart: Heart) -> None:
    heart.loop.wake(-0.001)
    heart.loop.wake(0.0)

    assert heart.turns == pytest.approx([1000.005, 1000.01])


def test_late_turns_are_made_up_at_once(heart: Heart) -> None:
    heart.loop.wake(0.016)

    assert heart.turns == pytest.approx([1000.005, 1000.01, 1000.015, 1000.02])
    assert heart.skips == []


def test_what_is_much_too_late_is_given_up_in_whole_ticks_of_20_ms(heart: Heart) -> None:
    heart.loop.wake(1.0)

    # 201 turns are due; 46 ticks of four are given up, and 17 turns made up.
    assert heart.skips == [46]
    assert heart.ticker.skipped == 46
    assert len(heart.turns) == 201 - 46 * TURNS <= MAX_CATCH_UP
    assert heart.numbers[0] == 46 * TURNS + 1
    assert heart.turns[-1] == pytest.approx(1001.005)
    assert heart.loop.due == pytest.approx(1001.01)


def test_what_has_come_is_read_before_turns_are_made_up_or_given_up(heart: Heart) -> None:
    heart.loop.wake(0.0)
    heart.loop.wake(0.016)
    heart.loop.wake(1.0)

    # After one turn, and after five turns; never where the loop was on time.
    assert heart.caught_up == [1, 5]


def test_the_pulse_tells_how_late_turns_were_and_how_often_it_looked_at_the_work(
    heart: Heart,
) -> None:
    for _ in range(6):
        heart.loop.wake(0.0)
    heart.loop.wake(0.006)

    assert heart.pulse.late.count == 8
    assert heart.pulse.late.quantile(0.5) == 0.1
    assert heart.pulse.late.quantile(1.0) == pytest.approx(6.0, abs=0.15)
    assert heart.pulse.work.count == 2


def test_a_stopped_ticker_has_no_alarm(heart: Heart) -> None:
    heart.ticker.stop()

    assert heart.loop.due is None


def test_a_turn_that_fails_does_not_stop_the_heart(heart: Heart) -> None:
    def fail(_turn: int, _now: float) -> None:
        raise RuntimeError("a bug")

    loop = FakeLoop()
    Ticker(
        fail,
        heart.skips.append,
        heart.catch_up,
        heart.pulse,
        cast("asyncio.AbstractEventLoop", loop),
    )

    with pytest.raises(RuntimeError):
        loop.wake()

    assert loop.due == pytest.approx(1000.01)


def test_without_a_loop_given_the_running_one_is_used() -> None:
    async def start() -> int:
        ticks: list[float] = []
        done = asyncio.Event()

        def take(_turn: int, now: float) -> None:
            ticks.append(now)
            if len(ticks) == 3:
                done.set()

        ticker = Ticker(take, ticks.append, ticks.clear, Pulse())
        async with asyncio.timeout(30):
            await done.wait()
        ticker.stop()
        return len(ticks)

    assert asyncio.run(start()) >= 3  # a late loop is told of several turns at once

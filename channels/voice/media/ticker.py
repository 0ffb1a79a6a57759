"""The heartbeat of all legs, in turns of 5 ms: absolute deadlines, so that it never drifts.

Every leg has 20 ms frames; which of the four turns are a leg's, its line decides. So packets of
many legs leave spread over time, and each soon after it came.
"""

import asyncio
import time
from collections.abc import Callable

from channels.voice.media.pulse import Pulse
from channels.voice.rtp.codec import FRAME_MS

TURNS = 4
"""In 20 ms."""

TURN_SECONDS = FRAME_MS / 1000 / TURNS

MAX_CATCH_UP = 5 * TURNS
"""Turns made up at once after a late wake-up: 100 ms, which jitter buffers of phones swallow."""


class Ticker:
    """Calls `take(turn, now)` for every 5 ms that pass; `skip(ticks)` for 20 ms given up.

    `catch_up()` comes first where several turns are due at once.

    Turns number themselves from the start, so a late one delays nobody after it.
    """

    def __init__(
        self,
        take: Callable[[int, float], None],
        skip: Callable[[int], None],
        catch_up: Callable[[], None],
        pulse: Pulse,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._take = take
        self._skip = skip
        self._catch_up = catch_up
        self._pulse = pulse
        self._worked_ns = time.thread_time_ns()
        self._loop = loop or asyncio.get_running_loop()
        self._origin = self._loop.time()
        self._count = 0
        self._skipped = 0
        self._handle = self._arm()

    @property
    def skipped(self) -> int:
        """Return how many ticks of 20 ms were given up because the loop was too late."""
        return self._skipped

    def stop(self) -> None:
        """Stop ticking."""
        self._handle.cancel()

    def _arm(self) -> asyncio.TimerHandle:
        due = self._origin + (self._count + 1) * TURN_SECONDS
        return self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        # A loop may ring within its clock resolution before the time asked for.
        passed = (self._loop.time() - self._origin) / TURN_SECONDS + 0.3
        due = max(int(passed) - self._count, 1)
        if due > 1:
            self._catch_up()
        if due > MAX_CATCH_UP:
            # Whole ticks, so that every leg misses the same.
            ticks = -(-(due - MAX_CATCH_UP) // TURNS)
            self._skip(ticks)
            self._skipped += ticks
            self._count += ticks * TURNS
            due -= ticks * TURNS
        try:
            for _ in range(due):
                self._count += 1
                now = self._origin + self._count * TURN_SECONDS
                self._pulse.late.add(max(self._loop.time() - now, 0.0) * 1000)
                self._take(self._count, now)
                if self._count % TURNS == 0:
                    self._note_work()
        finally:
            self._handle = self._arm()

    def _note_work(self) -> None:
        worked_ns = time.thread_time_ns()
        self._pulse.work.add((worked_ns - self._worked_ns) / 1e6)
        self._worked_ns = worked_ns

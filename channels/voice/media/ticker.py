"""The 20 ms heartbeat of all legs: absolute deadlines, so that it never drifts."""

import asyncio
from collections.abc import Callable

from channels.voice.rtp.g711 import FRAME_MS

TICK_SECONDS = FRAME_MS / 1000

MAX_CATCH_UP = 5
"""Ticks made up at once after a late wake-up: 100 ms, which jitter buffers of phones swallow."""


class Ticker:
    """Calls `tick(now)` for every 20 ms that pass; `skip(count)` for those given up.

    Ticks number themselves from the start, so a late one delays nobody after it.
    """

    def __init__(
        self,
        tick: Callable[[float], None],
        skip: Callable[[int], None],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._tick = tick
        self._skip = skip
        self._loop = loop or asyncio.get_running_loop()
        self._origin = self._loop.time()
        self._count = 0
        self._skipped = 0
        self._handle = self._arm()

    @property
    def skipped(self) -> int:
        """Return how many ticks were given up because the loop was too late."""
        return self._skipped

    def stop(self) -> None:
        """Stop ticking."""
        self._handle.cancel()

    def _arm(self) -> asyncio.TimerHandle:
        due = self._origin + (self._count + 1) * TICK_SECONDS
        return self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        # A loop may ring within its clock resolution before the time asked for.
        passed = (self._loop.time() - self._origin) / TICK_SECONDS + 0.1
        due = max(int(passed) - self._count, 1)
        if due > MAX_CATCH_UP:
            self._skip(due - MAX_CATCH_UP)
            self._skipped += due - MAX_CATCH_UP
            self._count += due - MAX_CATCH_UP
            due = MAX_CATCH_UP
        try:
            for _ in range(due):
                self._count += 1
                self._tick(self._origin + self._count * TICK_SECONDS)
        finally:
            self._handle = self._arm()

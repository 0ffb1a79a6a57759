"""Garbage collections in the pause after a turn, never while packets are due.

CPython collects when so many objects were made, wherever that happens to be; a full collection of
a process that has loaded an ORM takes a quarter of a second, in which no packet leaves. So what
lives at the start is frozen once, automatic collections are off, and small rounds are made by our
own measure right after the packets of a turn have left.
"""

import gc

MIDDLE_TURNS = 100
"""Half a second between collections of the middle generation."""

FULL_TURNS = 1000
"""Five seconds between full ones: of the calls under way, for everything older is frozen."""


class Collector:
    """Collects for one process; made by whoever sends its packets."""

    def __init__(self) -> None:
        self._turns = 0
        gc.collect()
        gc.freeze()
        gc.disable()

    def after_turn(self) -> None:
        """Collect what has come together since the last turn."""
        self._turns += 1
        if self._turns % FULL_TURNS == 0:
            gc.collect()
        elif self._turns % MIDDLE_TURNS == 0:
            gc.collect(1)
        elif gc.get_count()[0] > gc.get_threshold()[0]:
            gc.collect(0)

    def stop(self) -> None:
        """Give everything back to the automatic collections."""
        gc.enable()
        gc.unfreeze()

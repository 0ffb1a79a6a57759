"""How the heart of an engine beats: work in each 20 ms, and how late turns begin.

Work is CPU time of the loop's thread, whatever else the machine does: it tells how much room is
left. Lateness tells what the machine, or a loop that was kept busy, has cost. Both are counted in
steps, so that memory does not grow.
"""

from collections.abc import Mapping

STEP_MS = 0.1
STEPS = 1000
"""Up to 100 ms; what is longer counts as that."""

WORK_BOUNDS_MS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 40.0)
LATE_BOUNDS_MS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 99.9)


class Lengths:
    """Counts of lengths of time."""

    def __init__(self, bounds_ms: tuple[float, ...]) -> None:
        self._bounds_ms = bounds_ms
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._counts = [0] * STEPS
        self.count = 0
        self.sum_ms = 0.0

    def add(self, ms: float) -> None:
        """Count one."""
        step = int(ms / STEP_MS)
        self._counts[step if step < STEPS else STEPS - 1] += 1
        self.count += 1
        self.sum_ms += ms

    def quantile(self, share: float) -> float:
        """Return the length below which such a share of all lies, in ms; 0 without any."""
        wanted, seen = share * self.count, 0
        for step, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return round((step + 1) * STEP_MS, 1)
        return 0.0

    @property
    def at_most(self) -> Mapping[float, int]:
        """Return how many were at most so many ms long, by the bounds, as Prometheus counts."""
        return {bound: sum(self._counts[: round(bound / STEP_MS)]) for bound in self._bounds_ms}


class Pulse:
    """The histograms of one engine since it began."""

    def __init__(self) -> None:
        self.work = Lengths(WORK_BOUNDS_MS)
        """CPU time of the loop's thread, for each 20 ms."""
        self.late = Lengths(LATE_BOUNDS_MS)
        """From when a turn was due to when it began."""

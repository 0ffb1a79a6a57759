"""Which timer is due next, over very many owners."""

from heapq import heappop, heappush
from typing import Protocol

NEVER = float("inf")


class AlarmOwner(Protocol):
    """Anything that wants to be woken."""

    alarm_at: float
    """The earliest instant that `Alarms` holds for this owner; kept by `Alarms`."""

    def next_timer(self) -> float | None:
        """Return the instant at which the owner wants to be woken."""

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`."""


class Alarms:
    """A heap with at most a few entries for each owner.

    An owner that puts its timer off costs nothing: its old entry is looked at when it
    comes up, and pushed again at the new instant. Call `watch` after every change that
    may bring a timer forward.
    """

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, AlarmOwner]] = []
        self._count = 0

    def watch(self, owner: AlarmOwner) -> None:
        """Make sure that `owner` is woken no later than it wants."""
        due = owner.next_timer()
        if due is not None and due < owner.alarm_at:
            owner.alarm_at = due
            self._count += 1
            heappush(self._heap, (due, self._count, owner))

    def next_timer(self) -> float | None:
        """Return the next instant at which an owner is to be looked at."""
        return self._heap[0][0] if self._heap else None

    def handle_timer(self, now: float) -> None:
        """Wake every owner that is due; entries of owners that want nothing vanish."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            entry_at, _, owner = heappop(heap)
            if entry_at != owner.alarm_at:
                continue  # another entry of this owner took its place
            owner.alarm_at = NEVER
            due = owner.next_timer()
            if due is None:
                continue
            if due <= now:
                owner.handle_timer(now)
            self.watch(owner)

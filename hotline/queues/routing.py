"""Pure: which seat gets the next caller, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hotline.kernel.ids import SeatId

LONGEST_IDLE = "longest_idle"  # 最长空闲优先


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seat that could take a caller."""

    seat_id: SeatId
    extension: str
    idle_since: datetime


def longest_idle_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates in the order they are to be tried.

    The seat that has been idle longest comes first; equal times go by extension, so that the
    same floor always gives the same answer.
    """
    return sorted(candidates, key=lambda seat: (seat.idle_since, seat.extension))

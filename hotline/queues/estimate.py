"""Pure: how long a caller will wait, told honestly (预计等候时间).

From how many callers of the queue were answered lately. Answers are taken to come at random at
that pace, so that the p-th of them from now comes after p / pace on average, with a variance of
p / pace² from the arrivals themselves and p² / (n pace²) from having counted only n of them. Said
is what four in five callers do not exceed; where too little is known, only what is known.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

WINDOW = timedelta(minutes=15)
"""The pace is that of the last quarter of an hour."""

FEWEST = 3
"""With fewer answers in the window nothing is said."""

SURE = 0.84
"""So many standard deviations from the mean lie four fifths of a normal distribution."""

LONGEST = 30
"""Minutes; beyond that a number would be a promise that nobody can keep."""


class Bound(StrEnum):
    """What a number of minutes means."""

    ABOUT = "about"  # 约: four in five wait no longer
    MORE_THAN = "more_than"  # 超过: four in five wait longer


@dataclass(frozen=True, slots=True)
class Estimate:
    """What may be said of a wait."""

    bound: Bound
    minutes: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How many callers who asked for the same were answered lately."""

    queue: str
    needs: Mapping[str, int]
    count: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Who was answered within the window."""

    paces: tuple[Pace, ...] = ()

    def like(self, queue: str, needs: Mapping[str, int]) -> int:
        """Return how many of a queue were; for a caller with needs of their own, who had the same.

        Those who ask for English are answered at the pace of the seats that speak it.
        """
        return sum(
            pace.count
            for pace in self.paces
            if pace.queue == queue and (not needs or pace.needs == needs)
        )


def expected_wait(
    place: int, answered: int, observed: timedelta = WINDOW, *, is_capped: bool = False
) -> Estimate | None:
    """Return what to tell the caller at `place` (1: next); None if too little is known.

    `answered` callers were answered within `observed`; `is_capped` says that the place is at
    least this one.
    """
    if answered < FEWEST or observed <= timedelta(0):
        return None
    minutes_each = observed / timedelta(minutes=1) / answered
    mean = place * minutes_each
    spread = SURE * math.sqrt(place + place * place / answered) * minutes_each
    most, least = math.ceil(mean + spread), math.floor(mean - spread)
    if not is_capped and most <= LONGEST:
        return Estimate(Bound.ABOUT, max(1, most))
    sure = min(LONGEST, least)
    return Estimate(Bound.MORE_THAN, sure) if sure >= 1 else None

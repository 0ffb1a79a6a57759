"""Satisfaction of those who were asked, with how many answered and how sure that is (R80)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

from hotline.kernel.errors import Invalid

Z_95 = 1.959963984540054
"""Two-sided 95 % of the standard normal distribution."""

SATISFIED = frozenset({1, 2, 3})
"""Very satisfied, satisfied, fairly satisfied; 4 and 5 are not (callbacks: Question)."""


LEAST_TOLD = 5
"""What fewer people answered is not published: somebody who knows them would learn it (R83)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A share between two shares, each from 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """What a survey found, with its counts."""

    asked: int
    answered: int
    ratings: Mapping[int, int]
    """How many gave each rating, 1 the best to 5."""
    solved_yes: int
    solved_no: int

    @property
    def response_rate(self) -> float | None:
        """Answered of asked; None if nobody was asked."""
        return self.answered / self.asked if self.asked else None

    @property
    def satisfied(self) -> int:
        """How many were satisfied."""
        return sum(number for rating, number in self.ratings.items() if rating in SATISFIED)

    @property
    def rated(self) -> int:
        """How many gave a rating."""
        return sum(self.ratings.values())

    @property
    def rate(self) -> float | None:
        """Satisfied of rated; None if nobody rated."""
        return self.satisfied / self.rated if self.rated else None

    def for_the_public(self) -> "Satisfaction":
        """Return how many were asked and answered, and the answers only if they are many."""
        told = self
        if self.rated < LEAST_TOLD:
            told = replace(told, ratings={})
        if self.solved_yes + self.solved_no < LEAST_TOLD:
            told = replace(told, solved_yes=0, solved_no=0)
        return told

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the rate; None if nobody rated."""
        return wilson(self.satisfied, self.rated) if self.rated else None


def wilson(successes: int, trials: int, z: float = Z_95) -> Interval:
    """Return Wilson's score interval of a share (Wilson 1927; right for few answers too).

    Raises:
        Invalid: if there are no trials, or more successes than trials.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise Invalid("share", f"{successes} of {trials} is no share")
    share, square = successes / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        z
        / (1 + square / trials)
        * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    )
    return Interval(max(0.0, middle - half), min(1.0, middle + half))

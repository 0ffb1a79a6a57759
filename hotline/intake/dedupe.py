"""Is this the same matter again? Conservative: a likeness links two tickets, it drops nothing."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K")

WITHIN = timedelta(hours=24)
ALIKE = 0.9
"""Share of common pairs of characters; two reports of different lamps differ by more."""


@dataclass(frozen=True, slots=True)
class Earlier(Generic[K]):
    """A ticket of the same sender."""

    key: K
    text: str
    at: datetime


def same_matter(
    text: str, at: datetime, earlier: Sequence[Earlier[K]], *, within: timedelta = WITHIN
) -> K | None:
    """Return the newest earlier ticket of this sender with nearly the same words, or None."""
    wanted = _pairs(text)
    for other in sorted(earlier, key=lambda one: one.at, reverse=True):
        if timedelta(0) <= at - other.at <= within and _likeness(wanted, other.text) >= ALIKE:
            return other.key
    return None


def _likeness(wanted: frozenset[str], text: str) -> float:
    other = _pairs(text)
    if not wanted or not other:
        return 0.0
    return 2 * len(wanted & other) / (len(wanted) + len(other))


def _pairs(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring letters, without space, punctuation and width."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", text).lower()
        if unicodedata.category(letter)[0] in "LN"
    )
    return frozenset(plain[place : place + 2] for place in range(max(len(plain) - 1, 1))) - {""}

"""Words of tickets for search: every substring of two letters or more is found; pure.

PostgreSQL has no parser for Chinese. Kept are the pairs of neighbouring letters with their
places, so that no dictionary decides what can be found. Seven digits in a row
or more are left out: a citizen's number is found by keyed hash and with a reason, never by reading
(R88).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

_MOST_PLACES: Final = 16_000
"""PostgreSQL counts the places in a tsvector to 16383."""

_GAP: Final = 10
"""Between two texts, so that no word is found across them."""

_HAN: Final = r"\u3400-\u9fff\U00020000-\U0003ffff"
RUN: Final = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<other>[^\W_{_HAN}]+)")
NUMBER: Final = re.compile(r"\d{7,}")


def indexed_words(texts: Sequence[str], marks: Sequence[str] = ()) -> str:
    """Return a tsvector as text: the words of the texts in order, and marks without a place.

    A mark is found by `mark_query` only: it holds a sign that no word holds.
    """
    places: dict[str, list[int]] = {}
    place = 1
    for text in texts:
        for word in _kept(text):
            if place <= _MOST_PLACES:
                places.setdefault(word, []).append(place)
            place += 1
        place += _GAP
    # PostgreSQL keeps 255 places of a word, and refuses none beyond.
    found = [f"'{word}':{','.join(map(str, at[:255]))}" for word, at in places.items()]
    return " ".join([*found, *(f"'{mark}'" for mark in marks)])


def mark(name: str, value: object) -> str:
    """Return a mark of something that a ticket is, to look for together with words."""
    return f"{name}={value}"


def time_marks(at: datetime) -> list[str]:
    """Return the marks of the time at which a row came, for searches within a time."""
    return [day_mark(at), month_mark(at)]


def day_mark(at: datetime) -> str:
    """Return the mark of a day; of UTC, so that no time zone matters."""
    return mark("day", f"{at.astimezone(UTC):%Y%m%d}")


def month_mark(at: datetime) -> str:
    """Return the mark of a month; of UTC."""
    return mark("month", f"{at.astimezone(UTC):%Y%m}")


def mark_query(marks: Sequence[str]) -> str:
    """Return marks as a tsquery: any of them."""
    return "(" + " | ".join(f"'{each}'" for each in marks) + ")"


def _kept(text: str) -> Iterator[str]:
    for run in RUN.finditer(plain(text)):
        if run["han"]:
            han = run["han"]
            # The last letter stands alone, so that a single one is found as the beginning of a
            # pair wherever it stands.
            yield from (han[at : at + 2] for at in range(len(han)))
        elif not NUMBER.search(run["other"]):
            yield run["other"][:40]


def plain(text: str) -> str:
    """Return the text as it is compared: one width, lower case."""
    return unicodedata.normalize("NFKC", text).lower()

"""Address to position and back, over the city's own names of places (R102: 002b, 002e).

Names are found as written, by an alias, by pinyin or its initials, with a slip of the pen, or
inside a whole sentence. House numbers that nobody measured are placed between their neighbours.
"""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import jieba
from pypinyin import Style, lazy_pinyin
from rapidfuzz import fuzz

from case_bridge.places.position import Position, distance_m

jieba.setLogLevel(logging.WARNING)


class NameKind(StrEnum):
    """What a name names."""

    STREET = "street"  # 街道
    COMMUNITY = "community"  # 社区
    ROAD = "road"  # 道路
    CROSSING = "crossing"  # 路口
    ADDRESS = "address"  # 门牌
    POI = "poi"  # 兴趣点


class Precision(StrEnum):
    """How near a position is to what was asked for."""

    EXACT = "exact"  # the house, crossing or point itself
    BETWEEN = "between"  # reckoned between two house numbers
    ROAD = "road"  # somewhere on the road
    AREA = "area"  # the middle of a community or street


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One entry of the gazetteer; the position is WGS 84."""

    kind: NameKind
    name: str
    aliases: tuple[str, ...]
    street: str
    position: Position


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that fits what was asked for."""

    place: PlaceName
    score: float
    """0 to 100; 100 is the name as written."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where an address is."""

    place: PlaceName
    position: Position
    precision: Precision


MAX_QUERY: Final = 200
"""Characters of a search or an address; what is beyond says nothing about the place."""

_PRECISION: Final = {
    NameKind.ADDRESS: Precision.EXACT,
    NameKind.CROSSING: Precision.EXACT,
    NameKind.POI: Precision.EXACT,
    NameKind.ROAD: Precision.ROAD,
    NameKind.COMMUNITY: Precision.AREA,
    NameKind.STREET: Precision.AREA,
}
_ORDER: Final = {precision: rank for rank, precision in enumerate(Precision)}
_NUMBERED: Final = re.compile(r"(?P<road>.*[路街巷道])(?P<number>\d{1,5})号")
_CROSSING: Final = re.compile(r"(.+?[路街巷道])(?:与|和|跟|、|-|/)(.+?[路街巷道])")


def normal(text: str) -> str:
    """Return the text as names are compared: full-width forms folded, no spaces, no case."""
    return "".join(unicodedata.normalize("NFKC", text[:MAX_QUERY]).lower().split())


class Gazetteer:
    """The names of one city, in memory."""

    def __init__(self, places: Iterable[PlaceName]) -> None:
        self._places: tuple[PlaceName, ...] = tuple(places)
        self._by_name: dict[str, list[int]] = {}
        self._by_bigram: dict[str, set[int]] = {}
        self._numbers: dict[str, list[tuple[int, PlaceName]]] = {}
        self._words = jieba.Tokenizer()
        self._has_words = False
        for number, place in enumerate(self._places):
            for name in (place.name, *place.aliases):
                self._add_name(number, normal(name))
            self._add_number(place)
        for known in self._numbers.values():
            known.sort(key=lambda pair: pair[0])

    def __len__(self) -> int:
        return len(self._places)

    def _add_name(self, number: int, name: str) -> None:
        self._by_name.setdefault(name, []).append(number)
        for form in (name, *_sounds(name)):
            for bigram in _bigrams(form):
                self._by_bigram.setdefault(bigram, set()).add(number)

    def _add_number(self, place: PlaceName) -> None:
        match = _NUMBERED.fullmatch(normal(place.name))
        if place.kind is NameKind.ADDRESS and match is not None:
            numbers = self._numbers.setdefault(match["road"], [])
            numbers.append((int(match["number"]), place))

    def search(self, query: str, *, limit: int = 10) -> list[Hit]:
        """Return the names that fit best, best first; pinyin and initials are understood."""
        wanted = normal(query)
        if not wanted:
            return []
        votes: dict[int, int] = {}
        for bigram in _bigrams(wanted) | _bigrams(_sounds(wanted)[0]):
            for number in self._by_bigram.get(bigram, ()):
                votes[number] = votes.get(number, 0) + 1
        likely = sorted(votes, key=lambda number: (-votes[number], number))[:200]
        hits = [Hit(self._places[n], self._score(wanted, self._places[n])) for n in likely]
        fitting = [hit for hit in hits if hit.score >= 60]
        fitting.sort(key=lambda hit: (-hit.score, len(hit.place.name), hit.place.name))
        return fitting[:limit]

    @staticmethod
    def _score(wanted: str, place: PlaceName) -> float:
        best = 0.0
        for name in (place.name, *place.aliases):
            written = normal(name)
            if written == wanted:
                return 100.0
            forms = _sounds(written) if wanted.isascii() else (written,)
            for form in forms:
                score = fuzz.ratio(wanted, form)
                if form.startswith(wanted) or wanted in form:
                    score = max(score, 90.0)
                best = max(best, min(score, 99.0))
            if not wanted.isascii():
                # Another character of the same sound: 荷想路 for 荷香路.
                sound = fuzz.ratio(_sounds(wanted)[0], _sounds(written)[0]) - 5
                best = max(best, sound if sound >= 85 else 0.0)
        return best

    def locate(self, address: str) -> Located | None:
        """Return where an address in words is, or None if no name in it is known.

        The most exact name counts: a house number before a crossing or point, that before a
        road, that before an area.
        """
        text = normal(address)
        found = [*self._numbered(text), *self._crossings(text), *self._named(text)]
        if not found:
            return None
        return min(found, key=lambda each: (_ORDER[each.precision], -len(each.place.name)))

    def _numbered(self, text: str) -> Iterator[Located]:
        for match in re.finditer(r"(\d{1,5})号", text):
            before, wanted = text[: match.start()], int(match[1])
            road = next((road for road in self._numbers if before.endswith(road)), None)
            if road is not None:
                yield self._between(self._numbers[road], wanted)

    @staticmethod
    def _between(known: Sequence[tuple[int, PlaceName]], wanted: int) -> Located:
        # Odd and even numbers face each other: only those of one side are neighbours.
        side = [pair for pair in known if pair[0] % 2 == wanted % 2] or list(known)
        below = max((pair for pair in side if pair[0] <= wanted), default=None, key=_number)
        above = min((pair for pair in side if pair[0] >= wanted), default=None, key=_number)
        if below is None or above is None:
            nearest = (below or above or side[0])[1]
            return Located(nearest, nearest.position, Precision.ROAD)
        if below[0] == above[0]:
            return Located(below[1], below[1].position, Precision.EXACT)
        share = (wanted - below[0]) / (above[0] - below[0])
        one, other = below[1].position, above[1].position
        middle = Position(
            one.longitude + share * (other.longitude - one.longitude),
            one.latitude + share * (other.latitude - one.latitude),
        )
        return Located(below[1], middle, Precision.BETWEEN)

    def _crossings(self, text: str) -> Iterator[Located]:
        for match in _CROSSING.finditer(text):
            for first, second in ((match[1], match[2]), (match[2], match[1])):
                for place in self._crossing_of(first, second):
                    yield Located(place, place.position, Precision.EXACT)

    def _crossing_of(self, first: str, second: str) -> Iterator[PlaceName]:
        # "莲池市青年路与荷香路": the road is at the end of what stands before.
        for start in range(len(first) - 1):
            for number in self._by_name.get(f"{first[start:]}与{second}口", ()):
                yield self._places[number]

    def _named(self, text: str) -> Iterator[Located]:
        for word in self._segments(text):
            for number in self._by_name.get(word, ()):
                place = self._places[number]
                yield Located(place, place.position, _PRECISION[place.kind])

    def _segments(self, text: str) -> Sequence[str]:
        if not self._has_words:
            for name in self._by_name:
                self._words.add_word(name, freq=1_000_000)
            self._has_words = True
        return [str(word) for word in self._words.cut(text, HMM=False)]

    def nearest(
        self, position: Position, *, kinds: frozenset[NameKind] | None = None
    ) -> tuple[PlaceName, float] | None:
        """Return the nearest name and its distance in metres, or None if there is no name."""
        wanted = kinds or frozenset({NameKind.ADDRESS, NameKind.CROSSING, NameKind.POI})
        pairs = [
            (place, distance_m(position, place.position))
            for place in self._places
            if place.kind in wanted
        ]
        return min(pairs, default=None, key=lambda pair: pair[1])


def _number(pair: tuple[int, PlaceName]) -> int:
    return pair[0]


def _bigrams(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)} or {text}


@lru_cache(maxsize=65536)
def _sounds(name: str) -> tuple[str, str]:
    """Return the pinyin of a name, whole and by initials: 荷香路 is hexianglu and hxl."""
    return (
        "".join(lazy_pinyin(name, style=Style.NORMAL)),
        "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)),
    )

"""Pure: what a report says about its place: roads, house numbers, estates, buildings, codes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_HAN = "一-龥"
_ROAD = re.compile(
    rf"[{_HAN}]{{1,5}}?(?:大街|大道|胡同|街|路|巷|弄)(?![口边面灯段况])(?![{_HAN}]{{0,2}}小区)"
)
_CROSSING = re.compile(
    rf"([{_HAN}]{{1,4}}?(?:大街|大道|街|路|巷))[与和、跟]"
    rf"([{_HAN}]{{1,4}}?(?:大街|大道|街|路|巷))(?:的)?(?:交叉|相交|十字)?(?:路口|口|处)?"
)
_NUMBER = re.compile(
    r"(?:路|街|巷|道|弄)(?:的|上的)?\s*([0-9]{1,4}|[零一二三四五六七八九十百]{1,5})号(?![楼线院])"
)
_BUILDING = re.compile(r"([0-9]{1,3}|[一二三四五六七八九十]{1,3})(?:号楼|栋|幢)")
_NAMED = re.compile(
    rf"[{_HAN}]{{2,6}}?(?:小区|花园|公寓|家园|公园|广场|医院|中学|小学|一中|市场|车站|火车站|汽车站"
    rf"|影院|电影院|大厦|商场|超市|中心|大桥|桥|阁)(?![{_HAN}]?员)"
)
_CODE = re.compile(r"(?:编号|编码|杆号|牌号|井号)[^A-Za-z0-9]{0,4}([A-Za-z]{0,4}-?[0-9]{2,16})")
_COMPONENT = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")
_LEADING = re.compile(r"^(?:[在位于从到沿把被是有我们这那边就说去]|靠近|市民|反映|来电)+")
_DIGITS: Final = {word: value for value, word in enumerate("零一二三四五六七八九")}


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """What the words of a report name."""

    roads: frozenset[str]
    number: int | None
    """The house number, where one road is named with one."""
    names: frozenset[str]
    """Estates, parks, schools and the like."""
    building: int | None
    codes: frozenset[str]
    """What is written on the thing itself: component codes and numbers of poles and covers."""


def read_place(*texts: str) -> PlaceWords:
    """Return what the words name; the earlier texts count more than the later ones."""
    roads: set[str] = set()
    for text in texts:
        crossing = _CROSSING.search(text)
        if crossing:
            roads = {_bare(crossing[1]), _bare(crossing[2])}
        elif not roads:
            roads = {_bare(each) for each in _ROAD.findall(text)[:1]}
    names: set[str] = set()
    for text in texts:
        without_roads = _ROAD.sub(" ", text)
        names |= {_bare(each) for each in _NAMED.findall(without_roads)}
    codes = {found.upper() for text in texts for found in _CODE.findall(text)}
    codes |= {found for text in texts for found in _COMPONENT.findall(text)}
    return PlaceWords(
        frozenset(each for each in roads if len(each) > 1),
        _first_number(_NUMBER, texts),
        frozenset(each for each in names if len(each) > 2),
        _first_number(_BUILDING, texts),
        frozenset(codes),
    )


def without_places(text: str) -> str:
    """Return a text without what it says of the place: that is compared on its own."""
    text = _CROSSING.sub(" ", text)
    # The number goes first, but its road must stay to be found behind it.
    text = _NUMBER.sub("路 ", text)
    for pattern in (_ROAD, _BUILDING, _NAMED):
        text = pattern.sub(" ", text)
    return text


def meet(one: Iterable[str], other: Iterable[str]) -> bool:
    """Say whether two sets name something in common; 莲池公园 is also 公园 of 市莲池公园."""
    return any(a.endswith(b) or b.endswith(a) for a in one for b in other)


def same_names(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether both name the same roads: a crossing is not one of its roads."""
    return len(one) == len(other) and all(meet([each], other) for each in one)


def _bare(name: str) -> str:
    return _LEADING.sub("", name)


def _first_number(pattern: re.Pattern[str], texts: Iterable[str]) -> int | None:
    for text in texts:
        found = pattern.search(text)
        if found:
            return _number(found[1])
    return None


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    total, digit = 0, 0
    for letter in text:
        if letter in {"十", "百"}:
            total += (digit or 1) * (10 if letter == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[letter]
    return total + digit

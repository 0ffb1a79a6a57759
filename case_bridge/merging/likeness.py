"""Pure: how likely two reports are one matter, with the reasons; a person decides (并案建议).

Points are added for place, category, words and time, 100 at most. The weights below were chosen
on the part `tune` of the sample under `config/data/merging`; its part `held` shows their worth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self

from case_bridge.merging.place_words import PlaceWords, meet, read_place, same_names, without_places
from case_bridge.merging.words import likeness, shared, terms
from case_bridge.places.position import Position, distance_m
from hotline.tickets.category import CategoryKind

PROPOSED: Final = 56
"""From so many points on two cases are shown to a person."""
WITHIN: Final = timedelta(days=14)
"""Reports farther apart are two occurrences."""
FAR: Final = 300.0
"""Metres beyond which two positions are two places."""
UNLIKE: Final = 0.25
"""Two reports whose words are less alike tell of two troubles at one place."""

MOST_POINTS: Final = 100
NO_MATTER: Final = -1
"""Points of a place that rules one matter out, whatever else speaks for it."""
SAME_CODE: Final = 50
"""The same number is written on both things; also the most that a place is worth."""
SAME_DOOR: Final = 44
"""One house number of one road, or one building of one estate."""
SAME_CROSSING: Final = 42
SAME_NAMED_PLACE: Final = 36
SAME_ROAD: Final = 14
"""A road is long."""
NEAR: Final = ((40.0, 40), (80.0, 32), (150.0, 18))
"""Up to so many metres apart, so many points."""
NOT_NEAR: Final = -12
"""Farther than the last of these, but not yet far."""
SAME_GRID: Final = 16
"""Without positions: the same unit grid of about 10,000 square metres."""
NAMED_AND_NEAR: Final = 6
"""Added where the words and the positions agree on the place."""
SAME_CATEGORY: Final = 18
SAME_CLASS: Final = 4
OTHER_CATEGORY: Final = -16
ALIKE_WORDS: Final = 34
"""Of words that are all the same; in proportion where they are less alike."""
UNLIKE_WORDS: Final = -14
SOON: Final = ((6, 10), (24, 8), (72, 5))
"""Up to so many hours apart, so many points."""
NOT_SOON: Final = -6
HOURS_TOLD: Final = 48
"""From so many hours apart on, days are told."""


class Ground(StrEnum):
    """What speaks for one matter, or against it."""

    PLACE = "place"  # 地点
    CATEGORY = "category"  # 类别
    WORDS = "words"  # 文字
    TIME = "time"  # 时间


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground with its points, in Chinese and English."""

    ground: Ground
    points: int
    text: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely two reports are one matter."""

    points: int
    reasons: tuple[Reason, ...]

    @property
    def is_proposed(self) -> bool:
        """Say whether a person is asked."""
        return self.points >= PROPOSED

    def to_payload(self) -> dict[str, Any]:
        """Return points and reasons as JSON values."""
        return {
            "points": self.points,
            "reasons": [
                {
                    "ground": each.ground.value,
                    "points": each.points,
                    "text": each.text,
                    "text_en": each.text_en,
                }
                for each in self.reasons
            ],
        }

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return what `to_payload` wrote."""
        return cls(
            payload["points"],
            tuple(
                Reason(Ground(each["ground"]), each["points"], each["text"], each["text_en"])
                for each in payload["reasons"]
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What is compared of a report or case."""

    subject: str
    body: str
    place: str
    longitude: float | None = None
    latitude: float | None = None
    """Degrees in WGS 84; both or neither."""
    grid_code: str | None = None
    kind: CategoryKind | None = None
    category_code: str | None = None
    reported_at: datetime
    ended_at: datetime | None = None
    """When it was done with: what is reported later is a new occurrence."""

    @cached_property
    def words(self) -> PlaceWords:
        """What its words say of the place."""
        return read_place(self.place, self.subject, self.body)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The words that tell what it is about."""
        return terms(without_places(f"{self.subject} {self.body}"))


def compare(one: Matter, other: Matter) -> Likeness:
    """Return how likely two reports are one matter; the order does not count."""
    apart = abs(one.reported_at - other.reported_at)
    if apart > WITHIN or _is_new_occurrence(one, other):
        return Likeness(0, ())
    place = _place(one, other)
    if place.points <= 0:
        # Two places, or places nobody can compare: words alone make no matter one.
        return Likeness(0, (place,))
    reasons = (place, *_category(one, other), *_words(one, other), _time(apart))
    points = sum(each.points for each in reasons)
    return Likeness(max(0, min(MOST_POINTS, points)), reasons)


def _is_new_occurrence(one: Matter, other: Matter) -> bool:
    first, second = sorted((one, other), key=lambda each: each.reported_at)
    return first.ended_at is not None and second.reported_at >= first.ended_at


def _place(one: Matter, other: Matter) -> Reason:
    a, b = one.words, other.words
    if a.codes and b.codes:
        if a.codes & b.codes:
            code = min(a.codes & b.codes)
            return Reason(Ground.PLACE, SAME_CODE, f"同一编号 {code}", f"the same number {code}")
        return Reason(Ground.PLACE, NO_MATTER, "编号不同", "different numbers on the things")
    metres = _metres(one, other)
    if metres is not None and metres > FAR:
        return Reason(Ground.PLACE, NO_MATTER, f"相距{metres:.0f}米", f"{metres:.0f} m apart")
    named, said, said_en = _named(a, b)
    if named < 0:
        return Reason(Ground.PLACE, NO_MATTER, said, said_en)
    near, measured, measured_en = _near(metres, one.grid_code, other.grid_code)
    agreed = NAMED_AND_NEAR if named > 0 and near > 0 else 0
    points = max(named, near) + agreed + min(near, 0)
    return Reason(
        Ground.PLACE,
        min(points, SAME_CODE),
        "，".join(filter(None, (measured, said))) or "地点不能比较",
        ", ".join(filter(None, (measured_en, said_en))) or "the places cannot be compared",
    )


def _named(a: PlaceWords, b: PlaceWords) -> tuple[int, str, str]:
    """Return points and words of what the texts name; below nought if they name two places."""
    if a.roads and b.roads and not meet(a.roads, b.roads):
        return NO_MATTER, "道路不同", "different roads"
    if a.number is not None and b.number is not None and meet(a.roads, b.roads):
        if a.number != b.number:
            said = f"门牌不同（{a.number}号、{b.number}号）"
            return NO_MATTER, said, "different house numbers"
        return SAME_DOOR, f"同一门牌（{a.number}号）", f"the same house number ({a.number})"
    if a.names and b.names:
        return _same_place(a, b)
    if a.roads and same_names(a.roads, b.roads):
        name = "与".join(sorted(a.roads))
        if len(a.roads) > 1:
            return SAME_CROSSING, f"同一路口（{name}）", f"the same crossing ({name})"
        return SAME_ROAD, f"同一条路（{name}）", f"the same road ({name})"
    return 0, "", ""


def _same_place(a: PlaceWords, b: PlaceWords) -> tuple[int, str, str]:
    if not meet(a.names, b.names):
        return NO_MATTER, "地名不同", "different places"
    if a.building is not None and b.building is not None and a.building != b.building:
        said = f"楼号不同（{a.building}号楼、{b.building}号楼）"
        return NO_MATTER, said, "different buildings"
    name = min(a.names)
    if a.building is not None and a.building == b.building:
        said = f"同一楼栋（{name}{a.building}号楼）"
        return SAME_DOOR, said, f"the same building ({name} {a.building})"
    return SAME_NAMED_PLACE, f"同一地点（{name}）", f"the same place ({name})"


def _near(metres: float | None, grid: str | None, other: str | None) -> tuple[int, str, str]:
    if metres is not None:
        points = next((points for reach, points in NEAR if metres <= reach), NOT_NEAR)
        return points, f"相距{metres:.0f}米", f"{metres:.0f} m apart"
    if grid is not None and grid == other:
        return SAME_GRID, "同一单元网格", "the same unit grid"
    return 0, "", ""


def _category(one: Matter, other: Matter) -> Iterator[Reason]:
    if one.category_code is None or other.category_code is None:
        return
    if (one.kind, one.category_code) == (other.kind, other.category_code):
        yield Reason(Ground.CATEGORY, SAME_CATEGORY, "同一小类", "the same category")
    elif one.kind == other.kind and one.category_code[:2] == other.category_code[:2]:
        yield Reason(Ground.CATEGORY, SAME_CLASS, "同一大类", "the same major class")
    else:
        yield Reason(Ground.CATEGORY, OTHER_CATEGORY, "类别不同", "different categories")


def _words(one: Matter, other: Matter) -> Iterator[Reason]:
    likely = likeness(one.terms, other.terms)
    common = "、".join(shared(one.terms, other.terms)[:5])
    points = round(ALIKE_WORDS * likely)
    is_one_category = one.category_code is not None and one.category_code == other.category_code
    if likely < UNLIKE and not is_one_category:
        yield Reason(Ground.WORDS, points + UNLIKE_WORDS, "用词不同", "unlike in words")
    else:
        yield Reason(
            Ground.WORDS,
            points,
            f"用词相近（{common}）" if common else "用词相近",
            f"alike in words ({common})" if common else "alike in words",
        )


def _time(apart: timedelta) -> Reason:
    hours = apart / timedelta(hours=1)
    points = next((points for within, points in SOON if hours <= within), NOT_SOON)
    told = f"{hours:.0f}小时" if hours < HOURS_TOLD else f"{apart.days}天"
    told_en = f"{hours:.0f} h" if hours < HOURS_TOLD else f"{apart.days} days"
    return Reason(Ground.TIME, points, f"先后相差{told}", f"{told_en} apart in time")


def _metres(one: Matter, other: Matter) -> float | None:
    if one.latitude is None or other.latitude is None:
        return None
    if one.longitude is None or other.longitude is None:
        return None
    return distance_m(
        Position(one.longitude, one.latitude), Position(other.longitude, other.latitude)
    )

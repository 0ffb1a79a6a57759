"""Plane geometry of small polygons on the ground: area, inside, crossing, overlap.

A grid is some 100 m wide, so degrees are laid flat about the grid: the error is below a millimetre.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from case_bridge.places.position import WGS84_A, WGS84_E2, degree_east_m, degree_north_m

Point = tuple[float, float]
"""Longitude and latitude in degrees, or metres east and north once laid flat."""

TOLERANCE_M: Final = 0.1
"""Metres; borders that were drawn twice may differ by so much and still touch."""


@dataclass(frozen=True)
class Ring:
    """A simple closed line, in degrees of WGS 84; the first point is not repeated at the end."""

    points: tuple[Point, ...]

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        xs, ys = [x for x, _ in self.points], [y for _, y in self.points]
        return min(xs), min(ys), max(xs), max(ys)

    @cached_property
    def signed_area_m2(self) -> float:
        """Square metres on the ellipsoid; positive if it runs counter-clockwise."""
        # In Lambert's cylindrical projection of equal area a shoelace is the true area.
        flat = [(math.radians(x) * WGS84_A, _equal_area_north(y)) for x, y in self.points]
        return _shoelace(flat)

    @property
    def area_m2(self) -> float:
        """Square metres on the ellipsoid."""
        return abs(self.signed_area_m2)

    def contains(self, longitude: float, latitude: float) -> bool:
        """Say whether the point lies inside; of two neighbours a border belongs to one."""
        inside = False
        x1, y1 = self.points[-1]
        for x2, y2 in self.points:
            if (y1 > latitude) != (y2 > latitude) and longitude < (x2 - x1) * (latitude - y1) / (
                y2 - y1
            ) + x1:
                inside = not inside
            x1, y1 = x2, y2
        return inside


def _equal_area_north(latitude: float) -> float:
    e = math.sqrt(WGS84_E2)
    s = math.sin(math.radians(latitude))
    q = (1 - WGS84_E2) * (s / (1 - WGS84_E2 * s * s) + math.atanh(e * s) / e)
    return WGS84_A * q / 2


def _shoelace(points: Sequence[Point]) -> float:
    x0, y0 = points[0]
    moved = [(x - x0, y - y0) for x, y in points]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _sides(moved)) / 2


def _sides(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    yield from zip(points, (*points[1:], points[0]), strict=True)


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of a point; good for some kilometres around it."""

    longitude: float
    latitude: float
    east: float
    north: float

    @classmethod
    def about(cls, longitude: float, latitude: float) -> "Plane":
        """Return the plane that touches the ground at the point."""
        radians = math.radians(latitude)
        return cls(longitude, latitude, degree_east_m(radians), degree_north_m(radians))

    def lay(self, point: Point) -> Point:
        """Return the metres of a point in degrees."""
        return (point[0] - self.longitude) * self.east, (point[1] - self.latitude) * self.north


def first_self_crossing(ring: Ring) -> Point | None:
    """Return a point in degrees near which the line crosses or touches itself, or None."""
    plane = Plane.about(*ring.points[0])
    sides = list(_sides([plane.lay(point) for point in ring.points]))
    count = len(sides)
    for i in range(count):
        for j in range(i + 1, count):
            adjacent = j == i + 1 or (i == 0 and j == count - 1)
            if adjacent:
                if _folds_back(sides[i], sides[j], first_last=j != i + 1):
                    return ring.points[j]
            elif _touch(*sides[i], *sides[j]):
                return ring.points[i]
    return None


def _folds_back(one: tuple[Point, Point], two: tuple[Point, Point], *, first_last: bool) -> bool:
    a, b, c = (two[0], two[1], one[1]) if first_last else (one[0], one[1], two[1])
    dot = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])
    return abs(_turn(a, b, c)) < 1e-9 and dot < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _touch(a: Point, b: Point, c: Point, d: Point) -> bool:
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
        return False
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _turn(a, b, c) * _turn(a, b, d) <= 0 and _turn(c, d, a) * _turn(c, d, b) <= 0


def overlap(one: Ring, other: Ring, tolerance: float = TOLERANCE_M) -> bool:
    """Say whether two simple rings share ground, not counting borders within the tolerance."""
    w1, s1, e1, n1 = one.bounds
    w2, s2, e2, n2 = other.bounds
    if e1 <= w2 or e2 <= w1 or n1 <= s2 or n2 <= s1:
        return False
    plane = Plane.about(w1, s1)
    a = [plane.lay(point) for point in one.points]
    b = [plane.lay(point) for point in other.points]
    for p, q in _sides(a):
        for r, s in _sides(b):
            if _cross_deeply(p, q, r, s, tolerance):
                return True
    return _reaches_into(a, b, tolerance) or _reaches_into(b, a, tolerance)


def _cross_deeply(p: Point, q: Point, r: Point, s: Point, tolerance: float) -> bool:
    """Say whether two sides cross, each reaching beyond the other by more than the tolerance."""
    across, along = math.dist(r, s), math.dist(p, q)
    if not across or not along:
        return False
    dp, dq = _turn(r, s, p) / across, _turn(r, s, q) / across
    dr, ds = _turn(p, q, r) / along, _turn(p, q, s) / along
    return (
        dp * dq < 0
        and dr * ds < 0
        and min(abs(dp), abs(dq)) > tolerance
        and min(abs(dr), abs(ds)) > tolerance
    )


def _reaches_into(points: Sequence[Point], into: Sequence[Point], tolerance: float) -> bool:
    middles = [((x1 + x2) / 2, (y1 + y2) / 2) for (x1, y1), (x2, y2) in _sides(points)]
    ring = Ring(tuple(into))
    return any(
        ring.contains(*point) and _distance_to(point, into) > tolerance
        for point in (*points, *middles, _inner_point(points))
    )


def _inner_point(points: Sequence[Point]) -> Point:
    """Return a point inside: halfway between two borders on a line through the middle."""
    ys = sorted({y for _, y in points})
    steps = list(pairwise(ys))
    low, high = max(steps, key=lambda step: step[1] - step[0])
    level = (low + high) / 2
    xs = sorted(
        x1 + (x2 - x1) * (level - y1) / (y2 - y1)
        for (x1, y1), (x2, y2) in _sides(points)
        if (y1 > level) != (y2 > level)
    )
    return (xs[0] + xs[1]) / 2, level


def _distance_to(point: Point, line: Sequence[Point]) -> float:
    return min(_from_side(point, start, end) for start, end in _sides(line))


def _from_side(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    if not length:
        return math.dist(point, start)
    share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length
    share = min(1.0, max(0.0, share))
    return math.dist(point, (start[0] + share * dx, start[1] + share * dy))

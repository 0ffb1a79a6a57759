"""Is a set of unit grids a map? Simple lines, one code each, no overlap, no hole between them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from case_bridge.places.geometry import Ring, first_self_crossing, overlap
from case_bridge.places.grid import GridDraft
from case_bridge.places.grid_index import GridIndex
from case_bridge.places.problem import WHOLE_FILE, Problem, Said

SMALLEST_M2: Final = 100.0
LARGEST_M2: Final = 250_000.0
"""About 10,000 is the rule (002a, 003 a10); lakes and stations are larger, slivers are mistakes."""

MAX_PROBLEMS: Final = 200
"""A file with more is another file; the rest is counted."""


def check_grids(
    drafts: Sequence[GridDraft], staying: Mapping[str, Ring], *, county: str | None = None
) -> list[Problem]:
    """Return what is wrong with the drafts by themselves, and beside the grids that stay.

    Args:
        drafts: the grids of a file.
        staying: grids in force that the file does not replace, by code.
        county: six digits that every code must begin with, if the city has named them.
    """
    problems = [*_codes(drafts, county), *_shapes(drafts)]
    if not problems:
        problems = _overlaps(drafts, staying)
    if not problems:
        rings = [*staying.values(), *(draft.ring for draft in drafts)]
        hole = Said(
            "网格之间有空洞，没有网格覆盖此处。请补画网格或移动边界",
            "is a hole between the grids that none of them covers",
        )
        problems = [Problem(_near(*point), hole) for point in holes(rings)]
    if len(problems) > MAX_PROBLEMS:
        rest = len(problems) - MAX_PROBLEMS
        more = Said(f"还有{rest}处错误", f"and {rest} more problems")
        problems = [*problems[:MAX_PROBLEMS], Problem(WHOLE_FILE, more)]
    return problems


def _near(x: float, y: float) -> Said:
    return Said(f"{x:.5f}，{y:.5f} 附近", f"near {x:.5f} {y:.5f}")


def _codes(drafts: Iterable[GridDraft], county: str | None) -> Iterable[Problem]:
    seen: dict[str, Said] = {}
    for draft in drafts:
        first = seen.setdefault(draft.code, draft.where)
        if first != draft.where:
            zh = f"编码与{first.zh}重复。请改正其中一个"
            yield Problem(draft.where, Said(zh, f"has the code of {first}"))
        if county is not None and not draft.code.startswith(county):
            zh = f"编码应以本县（市、区）代码{county}开头"
            en = f"does not begin with {county}, the code of this county"
            yield Problem(draft.where, Said(zh, en))


def _shapes(drafts: Iterable[GridDraft]) -> Iterable[Problem]:
    for draft in drafts:
        crossing = first_self_crossing(draft.ring)
        if crossing is not None:
            x, y = crossing
            zh = f"边界在 {x:.6f}，{y:.6f} 附近自相交。请重画边界"
            yield Problem(draft.where, Said(zh, f"crosses itself near {x:.6f} {y:.6f}"))
        elif not SMALLEST_M2 <= draft.ring.area_m2 <= LARGEST_M2:
            area = round(draft.ring.area_m2)
            zh = f"面积{area}平方米。单元网格约10000平方米"
            en = f"has {area} m2; a unit grid has about 10000 m2"
            yield Problem(draft.where, Said(zh, en))


def _overlaps(drafts: Sequence[GridDraft], staying: Mapping[str, Ring]) -> list[Problem]:
    where = {draft.code: draft.where for draft in drafts}
    index = GridIndex([*((d.code, d.ring) for d in drafts), *staying.items()])
    problems = []
    for (one, ring), (other, second) in index.near_pairs():
        if (one in where or other in where) and overlap(ring, second):
            first, other_one = sorted(
                (where.get(code, Said(f"现行网格{code}", f"grid {code}")) for code in (one, other)),
                key=str,
            )
            zh = f"与{other_one.zh}重叠。请移动两者的共同边界"
            problems.append(Problem(first, Said(zh, f"overlaps {other_one}")))
    return sorted(problems, key=str)


_Key = tuple[int, int]
_SNAP: Final = 1e-6
"""Degrees; points nearer than this (10 cm) are one point."""


def holes(rings: Iterable[Ring]) -> list[tuple[float, float]]:
    """Return a point of each patch that is enclosed by grids and belongs to none.

    Sides that two grids share run both ways and cancel; what is left are the outlines. An outline
    that runs clockwise has its ground outside: it is the edge of a hole.
    """
    outlines: dict[_Key, list[_Key]] = {}
    sides: set[tuple[_Key, _Key]] = set()
    snapped = [_snap(ring) for ring in rings]
    lines = _Corners(point for ring in snapped for point in ring)
    for ring in snapped:
        for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
            for piece in lines.split(start, end):
                if (piece[1], piece[0]) in sides:
                    sides.remove((piece[1], piece[0]))
                else:
                    sides.add(piece)
    for start, end in sorted(sides):
        outlines.setdefault(start, []).append(end)
    return [
        (loop[0][0] * _SNAP, loop[0][1] * _SNAP) for loop in _loops(outlines) if _turns_right(loop)
    ]


def _snap(ring: Ring) -> list[_Key]:
    points = [(round(x / _SNAP), round(y / _SNAP)) for x, y in ring.points]
    return [point for number, point in enumerate(points) if point != points[number - 1]]


class _Corners:
    """Corners of all grids, to split a side where another grid's corner lies on it."""

    _STEP = 1000
    """Snapped units: 0.001 degree."""

    def __init__(self, corners: Iterable[_Key]) -> None:
        self._held: dict[_Key, set[_Key]] = {}
        for corner in corners:
            square = (corner[0] // self._STEP, corner[1] // self._STEP)
            self._held.setdefault(square, set()).add(corner)

    def split(self, start: _Key, end: _Key) -> Iterable[tuple[_Key, _Key]]:
        """Yield the pieces of a side between the corners that lie on it."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = dx * dx + dy * dy
        on_it = []
        for x, y in self._between(start, end):
            along = (x - start[0]) * dx + (y - start[1]) * dy
            across = abs((x - start[0]) * dy - (y - start[1]) * dx)
            if 0 < along < length and across * across <= length:
                on_it.append((along, (x, y)))
        points = [start, *(point for _, point in sorted(on_it)), end]
        return pairwise(points)

    def _between(self, start: _Key, end: _Key) -> Iterable[_Key]:
        # One unit of slack: a corner beside a square's edge may lie on a side along that edge.
        west, east = sorted((start[0], end[0]))
        south, north = sorted((start[1], end[1]))
        for column in range((west - 1) // self._STEP, (east + 1) // self._STEP + 1):
            for row in range((south - 1) // self._STEP, (north + 1) // self._STEP + 1):
                yield from self._held.get((column, row), ())


def _loops(outlines: dict[_Key, list[_Key]]) -> Iterable[list[_Key]]:
    while outlines:
        start = next(iter(outlines))
        loop, here = [start], _step(outlines, start)
        while here is not None and here != start:
            loop.append(here)
            here = _step(outlines, here)
        if here == start:
            yield loop


def _step(outlines: dict[_Key, list[_Key]], here: _Key) -> _Key | None:
    ends = outlines.get(here)
    if not ends:
        return None
    end = ends.pop()
    if not ends:
        del outlines[here]
    return end


_SLIVER: Final = 100 * 100
"""Snapped square units, some 100 m2: less is the slack of two hands drawing one border."""


def _turns_right(loop: Sequence[_Key]) -> bool:
    twice = sum(
        x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(loop, (*loop[1:], loop[0]), strict=True)
    )
    return twice < -2 * _SLIVER

"""Point to grid in memory: squares of a net over the city, each with the few grids it touches."""

from collections.abc import Iterable, Iterator
from math import floor
from typing import Final

from case_bridge.places.geometry import Ring

CELLS_A_DEGREE: Final = 1000
"""A square of the net is 0.001 degree wide, some 100 m: as large as a unit grid."""


def cell_of(longitude: float, latitude: float) -> int:
    """Return the number of the net's square that holds the point."""
    return _number(floor(longitude * CELLS_A_DEGREE), floor(latitude * CELLS_A_DEGREE))


def cells_of(ring: Ring) -> tuple[int, ...]:
    """Return the numbers of every square that the ring's bounds touch."""
    west, south, east, north = (floor(edge * CELLS_A_DEGREE) for edge in ring.bounds)
    return tuple(_number(x, y) for x in range(west, east + 1) for y in range(south, north + 1))


def _number(x: int, y: int) -> int:
    # 360,000 columns by 180,000 rows fit into 36 bits.
    return (x + 180 * CELLS_A_DEGREE) * 180 * CELLS_A_DEGREE + y + 90 * CELLS_A_DEGREE


class GridIndex:
    """Finds the grid at a point, and the pairs of grids that might overlap."""

    def __init__(self, grids: Iterable[tuple[str, Ring]]) -> None:
        self._cells: dict[int, list[tuple[str, Ring]]] = {}
        self._count = 0
        for code, ring in grids:
            self._count += 1
            for cell in cells_of(ring):
                self._cells.setdefault(cell, []).append((code, ring))

    def __len__(self) -> int:
        return self._count

    def find(self, longitude: float, latitude: float) -> str | None:
        """Return the code of the grid at the point, or None."""
        for code, ring in self._cells.get(cell_of(longitude, latitude), ()):
            west, south, east, north = ring.bounds
            if (
                west <= longitude <= east
                and south <= latitude <= north
                and ring.contains(longitude, latitude)
            ):
                return code
        return None

    def near_pairs(self) -> Iterator[tuple[tuple[str, Ring], tuple[str, Ring]]]:
        """Yield each two grids that share a square, once."""
        seen: set[tuple[int, int]] = set()
        for held in self._cells.values():
            for number, one in enumerate(held):
                for other in held[number + 1 :]:
                    key = (id(one[1]), id(other[1]))
                    pair = key if key[0] < key[1] else (key[1], key[0])
                    if pair not in seen:
                        seen.add(pair)
                        yield one, other

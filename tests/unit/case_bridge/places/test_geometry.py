"""Area, inside, crossing, overlap of polygons the size of a unit grid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.places.geometry import Plane, Point, Ring, first_self_crossing, overlap
from case_bridge.places.grid_index import GridIndex
from case_bridge.places.position import WGS84_A

WEST, SOUTH = 115.49, 38.87
PLANE = Plane.about(WEST, SOUTH)


def ring(*metres: Point) -> Ring:
    """A ring of metres east and north of a corner of the city."""
    return Ring(tuple((WEST + x / PLANE.east, SOUTH + y / PLANE.north) for x, y in metres))


def square(x: float, y: float, side: float = 100.0) -> Ring:
    return ring((x, y), (x + side, y), (x + side, y + side), (x, y + side))


def test_a_square_of_100_metres_has_10000_square_metres() -> None:
    """R101: the unit grid of about 10,000 square metres."""
    assert square(0, 0).area_m2 == pytest.approx(10_000, rel=1e-4)


def test_the_area_is_that_of_the_ellipsoid() -> None:
    # One octant of WGS 84: an eighth of 510,065,621.724 km2 (NIMA TR8350.2).
    octant = Ring(((0.0, 0.0), (90.0, 0.0), (90.0, 90.0), (0.0, 90.0)))
    assert octant.area_m2 == pytest.approx(510_065_621.724e6 / 8, rel=1e-9)
    assert WGS84_A == 6378137.0


def test_the_direction_gives_the_sign() -> None:
    grid = square(0, 0)
    assert grid.signed_area_m2 > 0
    assert Ring(grid.points[::-1]).signed_area_m2 < 0


@given(st.floats(-50, 150), st.floats(-50, 150))
def test_inside_is_what_lies_between_the_sides(x: float, y: float) -> None:
    if min(abs(x), abs(x - 100), abs(y), abs(y - 100)) < 1e-3:
        return
    point = (WEST + x / PLANE.east, SOUTH + y / PLANE.north)
    assert square(0, 0).contains(*point) == (0 < x < 100 and 0 < y < 100)


def test_every_point_of_a_seamless_city_lies_in_one_grid() -> None:
    grids = [square(x, y) for x in range(0, 300, 100) for y in range(0, 300, 100)]
    for x in range(0, 300, 10):
        for y in range(0, 300, 10):
            point = (WEST + x / PLANE.east, SOUTH + y / PLANE.north)
            assert sum(grid.contains(*point) for grid in grids) == 1


def test_a_bow_tie_crosses_itself() -> None:
    assert first_self_crossing(ring((0, 0), (100, 100), (100, 0), (0, 100))) is not None


def test_a_spike_folds_back_on_itself() -> None:
    spike = ring((0, 0), (100, 0), (150, 0), (100, 0), (100, 100), (0, 100))
    assert first_self_crossing(spike) is not None


def test_a_concave_grid_does_not_cross_itself() -> None:
    assert first_self_crossing(ring((0, 0), (100, 0), (50, 20), (100, 100), (0, 100))) is None


def test_neighbours_do_not_overlap() -> None:
    assert not overlap(square(0, 0), square(100, 0))
    assert not overlap(square(0, 0), square(100, 100))


def test_a_border_drawn_twice_may_differ_by_centimetres() -> None:
    assert not overlap(square(0, 0), square(99.95, 0))
    assert overlap(square(0, 0), square(99.5, 0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (square(0, 0), square(0, 0)),
        (square(0, 0), square(20, 20, 20)),
        (square(0, 0), square(50, 50)),
        (ring((0, 40), (100, 40), (100, 60), (0, 60)), ring((40, 0), (60, 0), (60, 99), (40, 99))),
    ],
    ids=["same", "within", "corner", "cross"],
)
def test_shared_ground_is_found_from_both_sides(one: Ring, other: Ring) -> None:
    assert overlap(one, other)
    assert overlap(other, one)


@given(
    st.floats(-150, 150).filter(lambda x: abs(abs(x) - 100) > 0.3),
    st.floats(-150, 150).filter(lambda y: abs(abs(y) - 100) > 0.3),
)
def test_two_squares_overlap_when_both_ranges_do(x: float, y: float) -> None:
    assert overlap(square(0, 0), square(x, y)) == (abs(x) < 100 and abs(y) < 100)


def test_the_index_finds_the_grid_and_says_none_between() -> None:
    """R101: each case is located to a grid."""
    index = GridIndex((f"{x}-{y}", square(x, y)) for x in (0, 100, 300) for y in (0, 100))
    assert len(index) == 6
    assert index.find(WEST + 150 / PLANE.east, SOUTH + 50 / PLANE.north) == "100-0"
    assert index.find(WEST + 250 / PLANE.east, SOUTH + 50 / PLANE.north) is None
    assert index.find(0.0, 0.0) is None


def test_the_plane_measures_as_the_ellipsoid_does() -> None:
    x, y = PLANE.lay((WEST + 0.01, SOUTH + 0.01))
    assert math.hypot(x, y) == pytest.approx(1409.0, abs=1.0)

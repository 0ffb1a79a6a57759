"""Positions: the shifts of domain 8.2, there and back, and systems that are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.places.position import Crs, Position, convert, distance_m, parse_crs, to_wgs84
from hotline.kernel.errors import Invalid

CHINA = st.builds(
    Position,
    st.floats(74, 134, allow_nan=False),
    st.floats(18.5, 53, allow_nan=False),
)


@given(CHINA, st.sampled_from(list(Crs)))
def test_there_and_back_is_nearer_than_a_millimetre(position: Position, crs: Crs) -> None:
    """R102: a position keeps its place through every system."""
    back = convert(convert(position, crs), Crs.WGS84)
    assert distance_m(position, back) < 0.001


def test_the_published_example_of_each_system_comes_out() -> None:
    # The example point of the public implementations (coordtransform, eviltransform).
    gcj = convert(Position(116.404, 39.915), Crs.GCJ02)
    assert (gcj.longitude, gcj.latitude) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-8
    )
    bd = convert(Position(116.404, 39.915, Crs.GCJ02), Crs.BD09)
    assert (bd.longitude, bd.latitude) == pytest.approx(
        (116.41036949371029, 39.92133699351022), abs=1e-8
    )


@given(CHINA)
def test_the_shift_of_public_maps_is_of_the_documented_size(position: Position) -> None:
    shifted = convert(position, Crs.GCJ02)
    moved = distance_m(position, Position(shifted.longitude, shifted.latitude))
    assert 10 < moved < 1000


def test_cgcs2000_is_the_same_point() -> None:
    assert to_wgs84(116.4, 39.9, Crs.CGCS2000) == Position(116.4, 39.9)


def test_outside_of_china_public_maps_are_not_shifted() -> None:
    assert convert(Position(-0.12, 51.5), Crs.GCJ02) == Position(-0.12, 51.5, Crs.GCJ02)


@pytest.mark.parametrize("text", ["gcj02", "GCJ-02", " Gcj_02 "])
def test_a_system_is_known_by_its_usual_spellings(text: str) -> None:
    assert parse_crs(text) is Crs.GCJ02


def test_epsg_numbers_and_urns_are_known() -> None:
    assert parse_crs("EPSG:4490") is Crs.CGCS2000
    assert parse_crs("urn:ogc:def:crs:OGC:1.3:CRS84") is Crs.WGS84


@pytest.mark.parametrize("text", ["", "beijing54", "EPSG:3857"])
def test_a_system_is_never_guessed(text: str) -> None:
    with pytest.raises(Invalid, match="never guessed"):
        parse_crs(text)


@pytest.mark.parametrize(("x", "y"), [(181.0, 0.0), (0.0, 91.0), (float("nan"), 0.0)])
def test_numbers_beyond_the_globe_are_no_position(x: float, y: float) -> None:
    with pytest.raises(Invalid):
        Position(x, y)


def test_a_degree_has_its_geodetic_length() -> None:
    # Along the meridian from 0 to 1 degree: 110,574 m; along the equator: 111,319.5 m.
    assert distance_m(Position(0, 0), Position(0, 1)) == pytest.approx(110574.4, abs=1)
    assert distance_m(Position(0, 0), Position(1, 0)) == pytest.approx(111319.5, abs=1)

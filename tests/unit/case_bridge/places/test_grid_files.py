"""Files of grids: every mistake names the feature or row, and what to correct."""

import json
from typing import Any

import pytest

from case_bridge.places.geometry import Plane, Ring
from case_bridge.places.grid import GridDraft, SupervisionGrid, check_members, difference
from case_bridge.places.grid_checks import check_grids, holes
from case_bridge.places.grid_files import GridFile, read_grids
from case_bridge.places.position import Crs, Position, convert
from case_bridge.places.problem import at_row
from config.place_tables import PLACES, supervision

WEST, SOUTH = 115.9, 38.3
PLANE = Plane.about(WEST, SOUTH)


def corners(x: float, y: float, side: float = 100) -> list[list[float]]:
    steps = ((0, 0), (side, 0), (side, side), (0, side), (0, 0))
    return [[WEST + (x + dx) / PLANE.east, SOUTH + (y + dy) / PLANE.north] for dx, dy in steps]


def code(serial: int) -> str:
    return f"139900001001{serial:03}"


def feature(line: list[list[float]], serial: int = 1, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code(serial)} | properties,
        "geometry": {"type": "Polygon", "coordinates": [line]},
    }


def geojson(*features: Any, crs: Crs = Crs.WGS84, **top: Any) -> GridFile:
    text = json.dumps({"type": "FeatureCollection", "features": features} | top)
    return read_grids("a.geojson", text.encode(), crs)


def problems(found: GridFile) -> list[str]:
    return [str(problem) for problem in [*found.problems, *check_grids(found.drafts, {})]]


def test_the_demo_city_is_a_map_without_mistakes() -> None:
    """R101: 400 seamless unit grids of about 10,000 m2, in supervision grids."""
    found = read_grids("grids.geojson", (PLACES / "grids.geojson").read_bytes(), Crs.WGS84)
    assert problems(found) == []
    assert len(found.drafts) == 400
    areas = [draft.ring.area_m2 for draft in found.drafts]
    assert min(areas) > 8000
    assert max(areas) < 12_500
    assert sum(areas) == pytest.approx(4_000_000, rel=0.001)
    assert check_members(list(supervision()), frozenset(d.code for d in found.drafts)) == []


def test_geojson_and_wkt_say_the_same() -> None:
    line = corners(0, 0)
    wkt = "POLYGON ((" + ", ".join(f"{x} {y}" for x, y in line) + "))"
    table = f'code,wkt\n{code(1)},"{wkt}"\n'
    read = read_grids("a.csv", table.encode(), Crs.WGS84)
    assert read.problems == []
    assert read.drafts[0].ring == geojson(feature(line)).drafts[0].ring


def test_a_clockwise_ring_is_turned_round() -> None:
    assert geojson(feature(corners(0, 0)[::-1])).drafts[0].ring.signed_area_m2 > 0


def test_positions_of_another_system_are_converted_at_the_edge() -> None:
    """R101: GCJ-02 in the file, WGS 84 in the house."""
    line = [
        [p.longitude, p.latitude]
        for p in (convert(Position(x, y), Crs.GCJ02) for x, y in corners(0, 0))
    ]
    ring = geojson(feature(line), crs=Crs.GCJ02).drafts[0].ring
    assert ring.points[0] == pytest.approx((WEST, SOUTH), abs=1e-8)


def changed(line: list[list[float]], at: int, to: list[float]) -> list[list[float]]:
    return [*line[:at], to, *line[at + 1 :]]


ROW = b"code,wkt\n139900001001001,"
BOW_TIE = [corners(0, 0)[i] for i in (0, 2, 1, 3, 0)]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([feature(corners(0, 0), code="12345")], "feature 1 (12345): '12345' is not 15 digits"),
        ([feature(corners(0, 0), code="")], "feature 1: has no code"),
        ([feature(corners(0, 0)), feature(corners(100, 0))], "has the code of feature 1"),
        (
            [feature(corners(0, 0)), feature(corners(50, 0), 2)],
            f"feature 1 ({code(1)}): overlaps feature 2 ({code(2)})",
        ),
        ([feature(BOW_TIE)], "crosses itself near"),
        ([feature(corners(0, 0)[:-1])], "is not closed"),
        ([feature(changed(corners(0, 0), 1, [500000, 4200000]))], "not in degrees"),
        ([feature(changed(corners(0, 0), 1, ["a", "b"]))], "where a point belongs"),  # type: ignore[list-item]
        ([feature(corners(0, 0, 5))], "has 25 m2; a unit grid has about 10000 m2"),
        ([feature(corners(0, 0), crs="GCJ-02")], "says GCJ-02, but WGS-84 was chosen"),
        ([feature(corners(0, 0), crs="beijing")], "is none of WGS-84"),
        ([{"type": "Feature", "properties": {"code": code(1)}}], "no geometry"),
    ],
)
def test_every_mistake_names_the_feature_and_what_is_wrong(
    features: list[Any], message: str
) -> None:
    """R103: overlap, wrong code, wrong label of the system, self-intersection."""
    found = problems(geojson(*features))
    assert any(message in each for each in found), found


def test_a_grid_with_a_hole_in_it_is_refused() -> None:
    """R103: a hole inside of a grid."""
    shape = feature(corners(0, 0))
    shape["geometry"]["coordinates"].append(corners(40, 40, 10))
    assert "has a hole" in problems(geojson(shape))[0]


def multi(*parts: list[list[float]]) -> dict[str, Any]:
    shape = feature(corners(0, 0))
    shape["geometry"] = {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}
    return shape


def test_a_multipolygon_of_one_part_is_a_grid_and_of_two_is_not() -> None:
    """R103: mapping programs write every layer of areas as MultiPolygon."""
    (draft,) = geojson(multi(corners(0, 0))).drafts
    assert draft.ring == geojson(feature(corners(0, 0))).drafts[0].ring
    (found,) = geojson(multi(corners(0, 0), corners(300, 0))).problems
    assert str(found) == f"feature 1 ({code(1)}): " + (
        "has 2 parts; a grid is one, draw each part as its own grid"
    )
    one, two = (
        ", ".join(f"{x} {y} 3.5" for x, y in part) for part in (corners(0, 0), corners(300, 0))
    )
    head = "code,wkt\n" + code(1)
    (read,) = read_grids("a.csv", f'{head},"MULTIPOLYGON Z ((({one})))"'.encode(), Crs.WGS84).drafts
    assert read.ring == draft.ring
    several = f'{head},"MULTIPOLYGON Z ((({one})), (({two})))"'
    (problem,) = read_grids("a.csv", several.encode(), Crs.WGS84).problems
    assert "has 2 parts" in str(problem)


def test_mistakes_are_told_in_the_language_of_the_page() -> None:
    """R103: where it is and what to correct, in Chinese first."""
    read = geojson(feature(corners(0, 0)), feature(corners(50, 0), 2))
    (overlapping,) = check_grids(read.drafts, {})
    assert overlapping.words("zh_CN") == (
        f"第1个要素（{code(1)}）：与第2个要素（{code(2)}）重叠。请移动两者的共同边界"
    )
    assert overlapping.words("en") == f"feature 1 ({code(1)}): overlaps feature 2 ({code(2)})"


def test_a_code_that_is_a_list_is_a_mistake_of_its_feature() -> None:
    (found,) = geojson(feature(corners(0, 0), code=["1"])).problems
    assert "is not 15 digits" in str(found)


def ring_of_eight() -> list[dict[str, Any]]:
    around = [(x, y) for x in (0, 100, 200) for y in (0, 100, 200) if (x, y) != (100, 100)]
    return [feature(corners(*at), serial) for serial, at in enumerate(around, start=1)]


def test_a_hole_between_grids_is_found() -> None:
    """R103: eight grids around an empty ninth."""
    found = problems(geojson(*ring_of_eight()))
    assert len(found) == 1
    assert "is a hole between the grids" in found[0]


def test_the_hole_is_gone_when_a_grid_that_stays_fills_it() -> None:
    read = geojson(*ring_of_eight())
    middle = geojson(feature(corners(100, 100), 99)).drafts[0].ring
    assert check_grids(read.drafts, {code(99): middle}) == []
    assert [
        *check_grids(read.drafts, {code(99): geojson(feature(corners(150, 150))).drafts[0].ring})
    ]


def test_corners_on_a_neighbours_side_are_no_hole() -> None:
    # One long grid above two square ones: its lower side has a corner in the middle.
    long = [[WEST + x / PLANE.east, SOUTH + y / PLANE.north] for x, y in
            ((0, 100), (200, 100), (200, 150), (0, 150), (0, 100))]  # fmt: skip
    read = geojson(feature(corners(0, 0)), feature(corners(100, 0), 2), feature(long, 3))
    assert problems(read) == []
    assert holes(draft.ring for draft in read.drafts) == []


def test_two_parts_of_a_city_with_land_between_are_no_hole() -> None:
    assert problems(geojson(feature(corners(0, 0)), feature(corners(500, 0), 2))) == []


def test_a_code_of_another_county_is_named() -> None:
    found = check_grids(geojson(feature(corners(0, 0))).drafts, {}, county="130600")
    assert "does not begin with 130600" in str(found[0])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.geojson", b"{", "line 1: is not JSON"),
        ("a.geojson", b"[]", "is no FeatureCollection"),
        ("a.csv", b"a,b\n1,2\n", "needs the columns code and wkt"),
        ("a.csv", ROW + b"POINT (1 2)\n", "row 2 (139900001001001): column wkt is no"),
        ("a.csv", ROW + b"\"POLYGON ((1 2, x y))\"\n", "has 'x y' where two numbers belong"),
        ("a.csv", b"code,wkt\n,x\n", "row 2: column code is empty"),
        ("a.csv", "code,wkt\n单元".encode("gbk"), "line 2: is not UTF-8"),
        ("a.csv", ROW + b"1" * 140_000, "row 1: is not CSV: field larger than field limit"),
        ("a.shp", b"", "is neither .geojson nor .csv"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_grids_says_why(name: str, content: bytes, message: str) -> None:
    found = [str(problem) for problem in read_grids(name, content, Crs.WGS84).problems]
    assert any(message in each for each in found), found


def test_the_label_of_the_whole_file_counts_too() -> None:
    label = {"type": "name", "properties": {"name": "EPSG:4490"}}
    assert geojson(feature(corners(0, 0)), crs=Crs.CGCS2000).problems == []
    text = json.dumps({"type": "FeatureCollection", "features": [], "crs": label})
    found = read_grids("a.json", text.encode(), Crs.WGS84)
    assert "says CGCS2000" in str(found.problems[0])


def test_the_difference_names_what_comes_changes_and_ends() -> None:
    """R104: the preview before an import."""
    old = Ring(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    new = Ring(((0.0, 0.0), (1.0, 0.0), (1.0, 2.0)))
    drafts = [
        GridDraft(at_row(number), code, ring)
        for number, code, ring in ((1, "a", old), (2, "b", new), (3, "c", old))
    ]
    held = {"a": old, "b": old, "d": old}
    whole = difference(held, drafts, whole=True)
    assert (whole.added, whole.changed, whole.ended, whole.unchanged) == (("c",), ("b",), ("d",), 1)
    assert difference(held, drafts, whole=False).ended == ()


def test_a_unit_grid_belongs_to_one_supervision_grid() -> None:
    grids = [SupervisionGrid("s1", "一", ("a",)), SupervisionGrid("s2", "二", ("a", "x"))]
    found = [str(problem) for problem in check_members(grids, frozenset({"a"}))]
    assert found == [
        "supervision grid s2: unit grid a belongs to s1 already",
        "supervision grid s2: there is no unit grid x",
    ]

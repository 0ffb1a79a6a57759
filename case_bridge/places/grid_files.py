"""Reading unit grids from GeoJSON (RFC 7946) and from CSV with WKT; every mistake is named."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from case_bridge.places.codes import GridCode
from case_bridge.places.geometry import Point, Ring
from case_bridge.places.grid import GridDraft, Problem
from case_bridge.places.position import Crs, parse_crs, to_wgs84
from hotline.kernel.errors import Invalid

MAX_POINTS: Final = 1000
"""Of one grid; it is some 100 m wide."""
MAX_GRIDS: Final = 200_000
CODE_NAMES: Final = ("code", "grid_code", "bgcode", "网格编码", "标识码")
"""Under which names the code of a grid is found in a feature or column."""
SHAPE_NAMES: Final = ("wkt", "geometry", "geom")
CRS_NAMES: Final = ("crs", "坐标系")


@dataclass
class GridFile:
    """What a file says, and what is wrong with it."""

    drafts: list[GridDraft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, where: str, code: object, rings: object, crs: Crs) -> None:
        """Take up one grid, or note what is wrong with it."""
        try:
            number = str(GridCode.parse(str(code)))
            self.drafts.append(GridDraft(where, number, _ring(rings, crs)))
        except Invalid as error:
            self.problems.append(Problem(where, error.problem))


def read_grids(name: str, content: bytes, crs: Crs) -> GridFile:
    """Return the grids of a file; its name says whether it is GeoJSON or CSV."""
    found = GridFile()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found.problems.append(Problem(f"line {line}", "is not UTF-8; save the file as UTF-8"))
        return found
    if name.lower().endswith((".geojson", ".json")):
        _read_geojson(text, crs, found)
    elif name.lower().endswith(".csv"):
        _read_csv(text, crs, found)
    else:
        found.problems.append(Problem(name, "is neither .geojson nor .csv"))
    if len(found.drafts) > MAX_GRIDS:
        found.problems.append(Problem(name, f"has more than {MAX_GRIDS} grids; split the file"))
    return found


def _read_geojson(text: str, crs: Crs, found: GridFile) -> None:
    try:
        top = json.loads(text)
    except json.JSONDecodeError as error:
        found.problems.append(Problem(f"line {error.lineno}", f"is not JSON: {error.msg}"))
        return
    features = top.get("features") if isinstance(top, dict) else None
    if not isinstance(features, list) or top.get("type") != "FeatureCollection":
        found.problems.append(Problem("file", "is no FeatureCollection"))
        return
    if not _same_crs(_crs_name(top), crs, "file", found):
        return
    for number, feature in enumerate(features, start=1):
        _read_feature(f"feature {number}", feature, crs, found)


def _crs_name(top: Mapping[str, Any]) -> str | None:
    # Members of the older GeoJSON of 2008; RFC 7946 has none and means WGS 84.
    named = top.get("crs")
    if not isinstance(named, dict):
        return None
    properties = named.get("properties")
    return str(properties.get("name", "")) if isinstance(properties, dict) else ""


def _same_crs(name: str | None, crs: Crs, where: str, found: GridFile) -> bool:
    """Return whether a file's own label is the system that was chosen for the import."""
    if name is None:
        return True
    try:
        labelled = parse_crs(name)
    except Invalid as error:
        found.problems.append(Problem(where, error.problem))
        return False
    if labelled is not crs:
        found.problems.append(
            Problem(where, f"says {labelled}, but {crs} was chosen; correct one of the two")
        )
        return False
    return True


def _read_feature(where: str, feature: object, crs: Crs, found: GridFile) -> None:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        found.problems.append(Problem(where, "has no properties or no geometry"))
        return
    code = _first(properties, CODE_NAMES)
    if code is None:
        found.problems.append(Problem(where, f"has no code; name it {CODE_NAMES[0]}"))
        return
    where = f"{where} ({code})"
    if geometry.get("type") != "Polygon":
        found.problems.append(Problem(where, f"is a {geometry.get('type')}; a grid is one Polygon"))
        return
    if _same_crs(_text(_first(properties, CRS_NAMES)), crs, where, found):
        found.add(where, code, geometry.get("coordinates"), crs)


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    lowered = {str(name).strip().lower(): value for name, value in fields.items()}
    return next((lowered[name] for name in names if lowered.get(name) not in {None, ""}), None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read_csv(text: str, crs: Crs, found: GridFile) -> None:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    names = {name.strip().lower() for name in rows.fieldnames or ()}
    if not names & set(CODE_NAMES) or not names & set(SHAPE_NAMES):
        found.problems.append(Problem("row 1", "needs the columns code and wkt"))
        return
    for row in rows:
        where = f"row {rows.line_num}"
        code = _first(row, CODE_NAMES)
        if code is None:
            found.problems.append(Problem(where, "column code is empty"))
            continue
        where = f"{where} ({code})"
        if not _same_crs(_text(_first(row, CRS_NAMES)), crs, where, found):
            continue
        try:
            rings = list(_wkt_rings(str(_first(row, SHAPE_NAMES) or "")))
        except Invalid as error:
            found.problems.append(Problem(where, f"column wkt {error.problem}"))
            continue
        found.add(where, code, rings, crs)


_WKT: Final = re.compile(r"\s*POLYGON\s*(?:Z\s*)?\(\s*(\(.*\))\s*\)\s*", re.IGNORECASE | re.DOTALL)


def _wkt_rings(text: str) -> Iterator[list[list[float]]]:
    match = _WKT.fullmatch(text)
    if match is None:
        raise Invalid("wkt", f"is no POLYGON ((x y, …)): {text[:40]!r}")
    for ring in match[1].strip("() \n").split("),"):
        points = []
        for pair in ring.strip("() \n").split(","):
            try:
                points.append([float(number) for number in pair.split()])
            except ValueError:
                raise Invalid("wkt", f"has {pair.strip()!r} where two numbers belong") from None
        yield points


def _ring(rings: object, crs: Crs) -> Ring:
    """Return the one closed line of a polygon, counter-clockwise and in WGS 84."""
    if not isinstance(rings, list) or not rings or not isinstance(rings[0], list):
        raise Invalid("geometry", "has no coordinates")
    if len(rings) > 1:
        raise Invalid("geometry", "has a hole; a grid has none, draw the inner one as its own grid")
    line = [_point(pair, crs) for pair in rings[0]]
    if len(line) > MAX_POINTS:
        raise Invalid("geometry", f"has more than {MAX_POINTS} points")
    if not line or line[0] != line[-1]:
        raise Invalid("geometry", "is not closed: the last point must repeat the first")
    points = [point for number, point in enumerate(line[:-1]) if point != line[number + 1]]
    if len(points) < 3:
        raise Invalid("geometry", "has fewer than three different points")
    ring = Ring(tuple(points))
    return ring if ring.signed_area_m2 > 0 else Ring(tuple(reversed(points)))


def _point(pair: object, crs: Crs) -> Point:
    if (
        not isinstance(pair, list)
        or len(pair) < 2
        or not all(isinstance(number, (int, float)) for number in pair[:2])
    ):
        raise Invalid("geometry", f"has {pair!r} where a point belongs")
    try:
        position = to_wgs84(float(pair[0]), float(pair[1]), crs)
    except Invalid:
        raise Invalid(
            "geometry",
            f"has the point {pair[0]:g} {pair[1]:g}, which is not in degrees "
            "(metres of a projection? latitude first?)",
        ) from None
    # A hundred-millionth of a degree is a millimetre; further digits are noise of conversion.
    return round(position.longitude, 8), round(position.latitude, 8)

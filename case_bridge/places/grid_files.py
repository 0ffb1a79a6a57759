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
from case_bridge.places.grid import GridDraft
from case_bridge.places.position import Crs, parse_crs, to_wgs84
from case_bridge.places.problem import (
    WHOLE_FILE,
    Mistaken,
    Problem,
    Said,
    at_feature,
    at_line,
    at_row,
    not_utf8,
)
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

    def refuse(self, where: Said, zh: str, en: str) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(where, Said(zh, en)))

    def add(self, where: Said, code: object, rings: object, crs: Crs) -> None:
        """Take up one grid, or note what is wrong with it."""
        try:
            self.drafts.append(GridDraft(where, _code(code), _ring(rings, crs)))
        except Mistaken as error:
            self.problems.append(Problem(where, error.what))


def read_grids(name: str, content: bytes, crs: Crs) -> GridFile:
    """Return the grids of a file; its name says whether it is GeoJSON or CSV."""
    found = GridFile()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.problems.append(not_utf8(content, error))
        return found
    if name.lower().endswith((".geojson", ".json")):
        _read_geojson(text, crs, found)
    elif name.lower().endswith(".csv"):
        _read_csv(text, crs, found)
    else:
        found.refuse(
            Said(name, name),
            "不是 .geojson 或 .csv 文件。请从制图软件导出其中一种",
            "is neither .geojson nor .csv",
        )
    if len(found.drafts) > MAX_GRIDS:
        found.refuse(
            Said(name, name),
            f"网格多于{MAX_GRIDS}个。请分成几个文件",
            f"has more than {MAX_GRIDS} grids; split the file",
        )
    return found


def _read_geojson(text: str, crs: Crs, found: GridFile) -> None:
    try:
        top = json.loads(text)
    except json.JSONDecodeError as error:
        zh = f"不是 JSON（{error.msg}）。请重新导出"
        found.refuse(at_line(error.lineno), zh, f"is not JSON: {error.msg}")
        return
    features = top.get("features") if isinstance(top, dict) else None
    if not isinstance(features, list) or top.get("type") != "FeatureCollection":
        zh = "不是 FeatureCollection。请把整个图层导出为 GeoJSON"
        found.refuse(WHOLE_FILE, zh, "is no FeatureCollection")
        return
    if not _same_crs(_crs_name(top), crs, WHOLE_FILE, found):
        return
    for number, feature in enumerate(features, start=1):
        _read_feature(at_feature(number), feature, crs, found)


def _crs_name(top: Mapping[str, Any]) -> str | None:
    # Members of the older GeoJSON of 2008; RFC 7946 has none and means WGS 84.
    named = top.get("crs")
    if not isinstance(named, dict):
        return None
    properties = named.get("properties")
    return str(properties.get("name", "")) if isinstance(properties, dict) else ""


def _same_crs(name: str | None, crs: Crs, where: Said, found: GridFile) -> bool:
    """Return whether a file's own label is the system that was chosen for the import."""
    if name is None:
        return True
    try:
        labelled = parse_crs(name)
    except Invalid as error:
        zh = f"坐标系“{name}”不可用，应为{'、'.join(Crs)}之一。系统不会猜测"
        found.refuse(where, zh, error.problem)
        return False
    if labelled is not crs:
        found.refuse(
            where,
            f"注明的坐标系是{labelled}，选择的是{crs}。请改正其中一个",
            f"says {labelled}, but {crs} was chosen; correct one of the two",
        )
        return False
    return True


def _read_feature(where: Said, feature: object, crs: Crs, found: GridFile) -> None:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        found.refuse(where, "没有属性或没有图形", "has no properties or no geometry")
        return
    code = _first(properties, CODE_NAMES)
    if code is None:
        zh = f"没有编码。请增加属性 {CODE_NAMES[0]}（15位网格编码）"
        found.refuse(where, zh, f"has no code; name it {CODE_NAMES[0]}")
        return
    where = where.with_code(code)
    try:
        rings = _polygon(geometry)
    except Mistaken as error:
        found.problems.append(Problem(where, error.what))
        return
    if _same_crs(_text(_first(properties, CRS_NAMES)), crs, where, found):
        found.add(where, code, rings, crs)


def _polygon(geometry: Mapping[str, Any]) -> object:
    """Return the rings of the one polygon that a geometry is.

    Mapping programs write every layer of areas as MultiPolygon, most of them with one part each.
    """
    kind, parts = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        return parts
    if kind == "MultiPolygon" and isinstance(parts, list):
        if len(parts) == 1:
            return parts[0]
        raise _in_parts(len(parts))
    raise Mistaken(f"图形是{kind}。网格应是一个 Polygon", f"is a {kind}; a grid is one Polygon")


def _in_parts(count: int) -> Mistaken:
    return Mistaken(
        f"图形由{count}块组成。一个网格应是一整块，请把各块画成各自的网格",
        f"has {count} parts; a grid is one, draw each part as its own grid",
    )


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    lowered = {str(name).strip().lower(): value for name, value in fields.items()}
    return next((lowered[name] for name in names if lowered.get(name) not in (None, "")), None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read_csv(text: str, crs: Crs, found: GridFile) -> None:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        names = {name.strip().lower() for name in rows.fieldnames or ()}
        if not names & set(CODE_NAMES) or not names & set(SHAPE_NAMES):
            found.refuse(at_row(1), "缺少 code 或 wkt 列", "needs the columns code and wkt")
            return
        for row in rows:
            _read_row(at_row(rows.line_num), row, crs, found)
    except csv.Error as error:
        zh = f"不是 CSV（{error}）。请重新导出"
        found.refuse(at_row(rows.line_num), zh, f"is not CSV: {error}")


def _read_row(where: Said, row: Mapping[str, Any], crs: Crs, found: GridFile) -> None:
    code = _first(row, CODE_NAMES)
    if code is None:
        found.refuse(where, "code 列为空", "column code is empty")
        return
    where = where.with_code(code)
    if not _same_crs(_text(_first(row, CRS_NAMES)), crs, where, found):
        return
    try:
        rings = list(_wkt_rings(str(_first(row, SHAPE_NAMES) or "")))
    except Mistaken as error:
        said = Said(f"wkt 列{error.what.zh}", f"column wkt {error.what.en}")
        found.problems.append(Problem(where, said))
        return
    found.add(where, code, rings, crs)


_WKT: Final = re.compile(
    r"\s*(?:MULTI)?POLYGON\s*Z?\s*\(\s*(\(.*\))\s*\)\s*", re.IGNORECASE | re.DOTALL
)
_PARTS: Final = re.compile(r"\)\s*\)\s*,\s*\(\s*\(")


def _wkt_rings(text: str) -> Iterator[list[list[float]]]:
    match = _WKT.fullmatch(text)
    if match is None:
        zh = f"不是 POLYGON ((x y, …))：{text[:40]}"
        raise Mistaken(zh, f"is no POLYGON ((x y, …)): {text[:40]!r}")
    parts = len(_PARTS.split(match[1]))
    if parts > 1:
        raise _in_parts(parts)
    for ring in match[1].strip("() \n").split("),"):
        points = []
        for pair in ring.strip("() \n").split(","):
            try:
                points.append([float(number) for number in pair.split()])
            except ValueError:
                what = pair.strip()
                raise Mistaken(
                    f"中的“{what}”不是两个数", f"has {what!r} where two numbers belong"
                ) from None
        yield points


def _code(code: object) -> str:
    try:
        return str(GridCode.parse(str(code)))
    except Invalid as error:
        zh = "编码不对：应为15位数字，县级代码和序号不能全为0"
        raise Mistaken(zh, error.problem) from None


def _ring(rings: object, crs: Crs) -> Ring:
    """Return the one closed line of a polygon, counter-clockwise and in WGS 84."""
    if not isinstance(rings, list) or not rings or not isinstance(rings[0], list):
        raise Mistaken("图形没有坐标", "has no coordinates")
    if len(rings) > 1:
        raise Mistaken(
            "图形中有洞。网格不能有洞，请把里面的一块画成单独的网格",
            "has a hole; a grid has none, draw the inner one as its own grid",
        )
    line = [_point(pair, crs) for pair in rings[0]]
    if len(line) > MAX_POINTS:
        raise Mistaken(f"边界点多于{MAX_POINTS}个", f"has more than {MAX_POINTS} points")
    if not line or line[0] != line[-1]:
        raise Mistaken(
            "边界没有闭合：最后一点应与第一点相同",
            "is not closed: the last point must repeat the first",
        )
    points = [point for number, point in enumerate(line[:-1]) if point != line[number + 1]]
    if len(points) < 3:
        raise Mistaken("不同的边界点少于三个", "has fewer than three different points")
    ring = Ring(tuple(points))
    return ring if ring.signed_area_m2 > 0 else Ring(tuple(reversed(points)))


def _point(pair: object, crs: Crs) -> Point:
    if (
        not isinstance(pair, list)
        or len(pair) < 2
        or not all(isinstance(number, (int, float)) for number in pair[:2])
    ):
        raise Mistaken(f"{pair!r} 不是一个点的坐标", f"has {pair!r} where a point belongs")
    try:
        position = to_wgs84(float(pair[0]), float(pair[1]), crs)
    except Invalid:
        raise Mistaken(
            f"点 {pair[0]:g} {pair[1]:g} 不是经纬度（是否为投影坐标，或纬度写在前面？）",
            f"has the point {pair[0]:g} {pair[1]:g}, which is not in degrees "
            "(metres of a projection? latitude first?)",
        ) from None
    # A hundred-millionth of a degree is a millimetre; further digits are noise of conversion.
    return round(position.longitude, 8), round(position.latitude, 8)

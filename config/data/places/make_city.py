"""Writes the map of the invented city 莲池市: grids, supervision grids, names, components.

`python config/data/places/make_city.py` writes the files beside it again, always the same.
The place is invented; so is the county code 139900. Nothing here was measured.
"""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WEST, SOUTH = 115.9, 38.3
NORTH_M, EAST_M = 111_000.9, 87_500.4
"""Metres of a degree at this latitude."""
COUNTY = "139900"
SIDE = 100
COUNT = 20
"""Grids in a row and in a column."""
BLOCK = 5
"""Grids of a community in each direction."""

STREETS = {"001": "荷香街道", "002": "清河街道", "003": "东关街道"}
DISTRICTS = {"001": "荷香区", "002": "清河区"}
"""The demo's second-level platforms, each with one street; the third is the city's own."""
COMMUNITIES = {
    "001": ("荷塘社区", "书院社区", "柳荫社区", "莲心社区"),
    "002": ("清河社区", "望湖社区", "文昌社区", "桥头社区"),
    "003": (
        "东关社区", "站前社区", "建设社区", "新华社区",
        "裕民社区", "和平社区", "南门社区", "果园社区",
    ),
}  # fmt: skip
ACROSS = (("荷香路", 1800), ("书院街", 1400), ("莲池大街", 1000), ("东关街", 600), ("站前街", 200))
"""Roads from west to east, with their metres north of the south edge."""
ALONG = (("柳荫路", 200), ("青年路", 600), ("建设路", 1000), ("文昌路", 1400), ("望湖路", 1800))
"""Roads from south to north, with their metres east of the west edge."""
POINTS = (
    ("莲池市人民医院", "市医院;人民医院", 640, 1460),
    ("莲池公园", "荷花公园", 300, 1650),
    ("莲池市第一中学", "一中", 1120, 1500),
    ("实验小学", "实小", 850, 1700),
    ("莲池火车站", "火车站;莲池站", 1000, 90),
    ("长途汽车站", "汽车站;客运站", 1200, 150),
    ("荷香菜市场", "荷香农贸市场;菜市场", 480, 1850),
    ("东关批发市场", "东关市场", 420, 640),
    ("市民服务中心", "政务大厅;办事大厅", 1050, 1050),
    ("莲池广场", "中心广场", 960, 950),
    ("望湖小区", "望湖花园", 1700, 1250),
    ("书院里小区", "书院里", 150, 1350),
    ("清河桥", "清河大桥", 1500, 1750),
    ("文昌阁", "", 1430, 1340),
    ("和平电影院", "电影院", 780, 420),
    ("青年公园", "", 560, 760),
)
KINDS = (
    # name, major and minor class, maintaining unit; the first class of each name in the standard
    ("上水井盖", "0101", "GSG", "供水公司"),
    ("污水井盖", "0102", "PSC", "排水管理处"),
    ("路灯", "0137", "ZMS", "城市照明管理所"),
)


def place(x: float, y: float) -> tuple[float, float]:
    """Return the degrees of so many metres east and north of the south-west corner."""
    return round(WEST + x / EAST_M, 7), round(SOUTH + y / NORTH_M, 7)


def corner(column: int, row: int) -> tuple[float, float]:
    """Return a corner of the grids: on the square net, but not quite, as streets run."""
    x, y = column * SIDE, row * SIDE
    if 0 < column < COUNT and 0 < row < COUNT:
        x += round(6 * math.sin(column * 2.1 + row * 0.7))
        y += round(6 * math.cos(row * 1.7 + column * 0.9))
    return place(x, y)


def street_of(column: int, row: int) -> str:
    """Return the street of a grid: two in the north, one over the whole south."""
    if row < COUNT // 2:
        return "003"
    return "001" if column < COUNT // 2 else "002"


def community_of(column: int, row: int) -> int:
    """Return the number of the community inside of its street."""
    if row < COUNT // 2:
        return row // BLOCK * (COUNT // BLOCK) + column // BLOCK + 1
    half = COUNT // 2
    return (row - half) // BLOCK * (half // BLOCK) + column % half // BLOCK + 1


def grids() -> Iterator[tuple[str, str, list[tuple[float, float]]]]:
    """Yield code, community and line of each unit grid."""
    serials: dict[str, int] = {}
    for row in range(COUNT):
        for column in range(COUNT):
            community = f"{COUNTY}{street_of(column, row)}{community_of(column, row):03}"
            serials[community] = serials.get(community, 0) + 1
            steps = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
            line = [corner(column + dx, row + dy) for dx, dy in steps]
            yield f"{community}{serials[community]:03}", community, line


def write_grids() -> None:
    """Write the unit grids, and the communities as supervision grids."""
    members: dict[str, list[str]] = {}
    features = []
    for code, community, line in grids():
        members.setdefault(community, []).append(code)
        features.append(
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": {"type": "Polygon", "coordinates": [line]},
            }
        )
    rows = ",\n".join(json.dumps(each, separators=(",", ":")) for each in features)
    (HERE / "grids.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[\n{rows}\n]}}\n', encoding="utf-8"
    )
    with _table("supervision.csv", "code", "name", "members") as write:
        for community, codes in sorted(members.items()):
            street, number = community[6:9], int(community[9:])
            name = f"{STREETS[street]}{COMMUNITIES[street][number - 1]}责任网格"
            write.writerow((community, name, " ".join(codes)))


def names() -> Iterator[tuple[str, str, str, str, float, float]]:
    """Yield kind, name, aliases, street and metres of each name."""
    for number, name in STREETS.items():
        middle = {"001": (500, 1500), "002": (1500, 1500), "003": (1000, 500)}[number]
        short = name.removesuffix("街道")
        aliases = ";".join((short, DISTRICTS[number])) if number in DISTRICTS else short
        yield "street", name, aliases, name, *middle
        across = 4 if number == "003" else 2
        for place_, community in enumerate(COMMUNITIES[number]):
            x = 250 + place_ % across * 500 + (1000 if number == "002" else 0)
            y = 250 + place_ // across * 500 + (0 if number == "003" else 1000)
            yield "community", community, community.removesuffix("社区"), name, x, y
    yield from _road_names()
    for name, aliases, x, y in POINTS:
        yield "poi", name, aliases, _street(x, y), x, y


def _road_names() -> Iterator[tuple[str, str, str, str, float, float]]:
    for road, y in ACROSS:
        yield "road", road, "", "", SIDE * COUNT / 2, y
    for road, x in ALONG:
        yield "road", road, "", "", x, SIDE * COUNT / 2
    for across, y in ACROSS:
        for along, x in ALONG:
            yield "crossing", f"{along}与{across}口", f"{across}与{along}口", _street(x, y), x, y
    for road, y in ACROSS:
        for number in range(1, 81, 4):
            at = 12.5 + number * 25
            yield "address", f"{road}{number}号", "", _street(at, y), at, y + 15
            yield "address", f"{road}{number + 1}号", "", _street(at, y), at, y - 15
    for road, x in ALONG:
        for number in range(1, 81, 4):
            at = 12.5 + number * 25
            yield "address", f"{road}{number}号", "", _street(x, at), x + 15, at
            yield "address", f"{road}{number + 1}号", "", _street(x, at), x - 15, at


def _street(x: float, y: float) -> str:
    last = COUNT - 1
    return STREETS[street_of(min(int(x // SIDE), last), min(int(y // SIDE), last))]


class _table:  # noqa: N801 - reads as a phrase where it is used
    """A CSV file beside this one, with its columns."""

    def __init__(self, name: str, *columns: str) -> None:
        self._file = (HERE / name).open("w", encoding="utf-8", newline="")
        self._columns = columns

    def __enter__(self) -> Any:
        writer = csv.writer(self._file, lineterminator="\n")
        writer.writerow(self._columns)
        return writer

    def __exit__(self, *_: object) -> None:
        self._file.close()


def write_names() -> None:
    """Write the gazetteer."""
    columns = ("kind", "name", "aliases", "street", "longitude", "latitude")
    with _table("names.csv", *columns) as write:
        for kind, name, aliases, street, x, y in names():
            write.writerow((kind, name, aliases, street, *place(x, y)))


def write_components() -> None:
    """Write covers and lamps along the roads."""
    columns = (
        "code", "name", "state", "competent_code", "competent_name", "maintainer_code",
        "maintainer_name", "place", "longitude", "latitude", "accuracy", "source", "surveyed_on",
    )  # fmt: skip
    serials: dict[str, int] = {}
    with _table("components.csv", *columns) as write:
        for number, (road, x, y) in enumerate(_along_roads()):
            name, category, unit, unit_name = KINDS[number % len(KINDS)]
            serials[category] = serials.get(category, 0) + 1
            state = "破损" if number % 47 == 0 else "完好"
            code = f"{COUNTY}{category}{serials[category]:06}"
            write.writerow(
                (code, name, state, "CGJ", "莲池市城市管理局", unit, unit_name, road,
                 *place(x, y), "B", "2025年普查", "2025-10-15")
            )  # fmt: skip


def _along_roads() -> Iterator[tuple[str, float, float]]:
    for road, y in ACROSS:
        for x in range(30, 2000, 70):
            yield road, x, y + 5
    for road, x in ALONG:
        for y in range(50, 2000, 70):
            yield road, x - 5, y


if __name__ == "__main__":
    write_grids()
    write_names()
    write_components()

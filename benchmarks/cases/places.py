"""Places: point to grid over 100,000 unit grids, the checks of a file of them, and the gazetteer.

`python -m benchmarks.cases.places --grids 100000`
"""

import argparse
import json
import math
import random
import time
from collections.abc import Callable

from case_bridge.places.gazetteer import Gazetteer, NameKind, PlaceName
from case_bridge.places.grid_checks import check_grids
from case_bridge.places.grid_files import read_grids
from case_bridge.places.grid_index import GridIndex
from case_bridge.places.position import Crs, Position
from config.place_tables import names

WEST, SOUTH = 115.0, 38.0
STEP = 0.001
LOOKUPS = 100_000


def city(count: int) -> bytes:
    """A seamless square city of about so many grids, its corners shifted a little."""
    side = math.isqrt(count)

    def corner(column: int, row: int) -> list[float]:
        wave = 0.00008
        return [
            round(WEST + column * STEP + wave * math.sin(column * 2.1 + row), 8),
            round(SOUTH + row * STEP + wave * math.cos(row * 1.7 + column), 8),
        ]

    features = []
    for number in range(side * side):
        row, column = divmod(number, side)
        steps = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
        line = [corner(column + dx, row + dy) for dx, dy in steps]
        code = (
            f"139900{number // 900 // 900 + 1:03}{number // 900 % 900 + 1:03}{number % 900 + 1:03}"
        )
        geometry = {"type": "Polygon", "coordinates": [line]}
        features.append({"type": "Feature", "properties": {"code": code}, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def each(what: str, act: Callable[[int], object], count: int) -> None:
    """Print the median and the slowest hundredth of an act, in microseconds."""
    spent = []
    for number in range(count):
        begun = time.perf_counter_ns()
        act(number)
        spent.append(time.perf_counter_ns() - begun)
    spent.sort()
    median, late, worst = spent[count // 2], spent[count * 99 // 100], spent[-1]
    print(
        f"{what}: median {median / 1e3:.1f} us, p99 {late / 1e3:.1f} us, worst {worst / 1e3:.0f} us"
    )


def main() -> None:
    """Run all and print what each took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--grids", type=int, default=100_000)
    chosen = parser.parse_args()
    content = city(chosen.grids)
    begun = time.perf_counter()
    file = read_grids("city.geojson", content, Crs.WGS84)
    print(
        f"read {len(file.drafts)} grids ({len(content) / 1e6:.0f} MB): "
        f"{time.perf_counter() - begun:.1f} s"
    )
    begun = time.perf_counter()
    problems = check_grids(file.drafts, {})
    print(f"check them (problems: {len(problems)}): {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    index = GridIndex((draft.code, draft.ring) for draft in file.drafts)
    print(f"index them: {time.perf_counter() - begun:.1f} s")
    chance = random.Random(1)
    width = math.isqrt(chosen.grids) * STEP
    points = [
        (
            WEST + width * (0.01 + 0.98 * chance.random()),
            SOUTH + width * (0.01 + 0.98 * chance.random()),
        )
        for _ in range(LOOKUPS)
    ]
    assert all(index.find(*point) for point in points[:1000])
    each("point to grid", lambda number: index.find(*points[number]), LOOKUPS)
    gazetteer = Gazetteer([*names(), *streets(20_000)])
    gazetteer.locate("荷香路12号")
    print(f"gazetteer of {len(gazetteer)} names")
    asked = ("荷香路", "hexianglu", "市医院", "荷想路", "莲池火车占", "第17333号院")
    each("search", lambda number: gazetteer.search(asked[number % len(asked)]), 300)
    said = ("荷香路12号门前的井盖坏了", "荷香路和青年路交叉口", "我在市医院门口，路灯不亮")
    each("address to point", lambda number: gazetteer.locate(said[number % len(said)]), 3000)


def streets(count: int) -> list[PlaceName]:
    """Invented names, to make the gazetteer as large as a city's."""
    return [
        PlaceName(NameKind.POI, f"第{n}号院", (), "", Position(WEST + n * 1e-5, SOUTH))
        for n in range(count)
    ]


if __name__ == "__main__":
    main()

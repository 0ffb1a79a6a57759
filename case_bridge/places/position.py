"""Positions with their coordinate system, which is always named and never inferred (domain 8.2).

Everything inside the house is WGS 84; other systems are converted where they come in or go out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hotline.kernel.errors import Invalid


class Crs(StrEnum):
    """A coordinate system that positions come in."""

    WGS84 = "WGS-84"
    CGCS2000 = "CGCS2000"  # 国家大地坐标系: within decimetres of WGS 84, taken as the same
    GCJ02 = "GCJ-02"  # 火星坐标: maps published in China
    BD09 = "BD-09"  # 百度坐标: a second shift upon GCJ-02


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the ground, in degrees of its system."""

    longitude: float
    latitude: float
    crs: Crs = Crs.WGS84

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("longitude", self.longitude, 180.0),
            ("latitude", self.latitude, 90.0),
        ):
            if not math.isfinite(value) or abs(value) > limit:
                raise Invalid(name, f"{value} is not between -{limit:g} and {limit:g} degrees")


def parse_crs(text: str) -> Crs:
    """Return the system that a file or form names, e.g. `gcj02` or `EPSG:4490`.

    Raises:
        Invalid: if it names none, or one that is not known here.
    """
    name = text.strip().upper().removeprefix("URN:OGC:DEF:CRS:")
    found = _NAMES.get("".join(char for char in name if char.isalnum()))
    if found is None:
        raise Invalid("crs", f"{text!r} is none of {', '.join(Crs)}; it is never guessed")
    return found


_NAMES: Final = {
    "WGS84": Crs.WGS84,
    "EPSG4326": Crs.WGS84,
    "OGC13CRS84": Crs.WGS84,
    "CRS84": Crs.WGS84,
    "CGCS2000": Crs.CGCS2000,
    "EPSG4490": Crs.CGCS2000,
    "GCJ02": Crs.GCJ02,
    "BD09": Crs.BD09,
    "BD09LL": Crs.BD09,
}


def convert(position: Position, to: Crs) -> Position:
    """Return the same point in another system; there and back differs by less than 1 mm."""
    if position.crs is to:
        return position
    longitude, latitude = _TO_WGS[position.crs](position.longitude, position.latitude)
    return Position(*_FROM_WGS[to](longitude, latitude), to)


def to_wgs84(longitude: float, latitude: float, crs: Crs) -> Position:
    """Return what came in as a position of the house.

    Raises:
        Invalid: if the numbers are no position.
    """
    return convert(Position(longitude, latitude, crs), Crs.WGS84)


def distance_m(one: Position, other: Position) -> float:
    """Return the metres between two WGS 84 positions that are at most some 100 km apart."""
    middle = math.radians((one.latitude + other.latitude) / 2)
    east = (other.longitude - one.longitude) * degree_east_m(middle)
    north = (other.latitude - one.latitude) * degree_north_m(middle)
    return math.hypot(east, north)


WGS84_A: Final = 6378137.0
WGS84_F: Final = 1 / 298.257223563
WGS84_E2: Final = WGS84_F * (2 - WGS84_F)


def degree_east_m(latitude: float) -> float:
    """Return the metres of one degree of longitude at a latitude in radians."""
    prime = WGS84_A / math.sqrt(1 - WGS84_E2 * math.sin(latitude) ** 2)
    return math.radians(1) * prime * math.cos(latitude)


def degree_north_m(latitude: float) -> float:
    """Return the metres of one degree of latitude at a latitude in radians."""
    curve = 1 - WGS84_E2 * math.sin(latitude) ** 2
    return math.radians(1) * WGS84_A * (1 - WGS84_E2) / (curve * math.sqrt(curve))


# GCJ-02, as every public implementation of it has it: an ellipsoid of Krasovsky, and sums of
# sines about 105 E 35 N. Outside of this box the shift is not applied.
_GCJ_A: Final = 6378245.0
_GCJ_EE: Final = 0.00669342162296594323
_BD_PI: Final = math.pi * 3000 / 180

_Pair = tuple[float, float]


def _same(longitude: float, latitude: float) -> _Pair:
    return longitude, latitude


def _wgs_to_gcj(longitude: float, latitude: float) -> _Pair:
    if not (72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271):
        return longitude, latitude
    x, y = longitude - 105.0, latitude - 35.0
    radians = math.radians(latitude)
    magic = 1 - _GCJ_EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    east = math.degrees(_shift_east(x, y) / (_GCJ_A / root * math.cos(radians)))
    north = math.degrees(_shift_north(x, y) / (_GCJ_A * (1 - _GCJ_EE) / (magic * root)))
    return longitude + east, latitude + north


def _shift_east(x: float, y: float) -> float:
    metres = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    metres += (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    metres += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    return metres + (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3


def _shift_north(x: float, y: float) -> float:
    metres = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    metres += (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    metres += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    return metres + (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3


def _gcj_to_bd(longitude: float, latitude: float) -> _Pair:
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD_PI)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD_PI)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _wgs_to_bd(longitude: float, latitude: float) -> _Pair:
    return _gcj_to_bd(*_wgs_to_gcj(longitude, latitude))


def _gcj_to_wgs(longitude: float, latitude: float) -> _Pair:
    return _undo(_wgs_to_gcj, longitude, latitude)


def _bd_to_wgs(longitude: float, latitude: float) -> _Pair:
    return _undo(_wgs_to_bd, longitude, latitude)


def _undo(shift: Callable[[float, float], _Pair], longitude: float, latitude: float) -> _Pair:
    # No closed form; the shift changes so slowly that each turn is some 100 times nearer.
    x, y = longitude, latitude
    for _ in range(12):
        shifted_x, shifted_y = shift(x, y)
        x, y = x + longitude - shifted_x, y + latitude - shifted_y
    return x, y


_TO_WGS: Final = {
    Crs.WGS84: _same,
    Crs.CGCS2000: _same,
    Crs.GCJ02: _gcj_to_wgs,
    Crs.BD09: _bd_to_wgs,
}
_FROM_WGS: Final = {
    Crs.WGS84: _same,
    Crs.CGCS2000: _same,
    Crs.GCJ02: _wgs_to_gcj,
    Crs.BD09: _wgs_to_bd,
}

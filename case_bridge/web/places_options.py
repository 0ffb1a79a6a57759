"""What the map pages must be told, and where their handlers find it."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from case_bridge.command.month import RunningMonth
from case_bridge.places.position import Crs
from case_bridge.places.service import GazetteerShelf, GridShelf

SEARCH: Final = "/places/search"
"""Where names and addresses are looked up."""


@dataclass(frozen=True, slots=True)
class MapOptions:
    """The base map, if the city has one; without it grids and points are drawn alone."""

    tiles: str | None = None
    """Address of a tile, e.g. https://tiles.example.org/{z}/{x}/{y}.png."""
    attribution: str = ""
    crs: Crs = Crs.WGS84
    """The system that the tiles are drawn in; positions are converted when they are sent."""
    county: str | None = None
    """Six digits that every grid code begins with; None: not checked."""
    names: GazetteerShelf = field(default_factory=GazetteerShelf, compare=False)
    grids: GridShelf = field(default_factory=GridShelf, compare=False)
    month: RunningMonth = field(default_factory=RunningMonth, compare=False)

    @property
    def tile_host(self) -> str:
        """The origin that the map page may load pictures from; empty without a base map."""
        parts = urlsplit(self.tiles or "")
        host = parts.netloc.replace("{s}", "*")
        return f"{parts.scheme}://{host}" if host else ""


MAP: Final = web.AppKey("map", MapOptions)

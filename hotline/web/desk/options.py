"""What the desk must be told."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions


@dataclass(frozen=True, slots=True)
class DeskPlaces:
    """The city's names and its base map, as another part of the pages has them."""

    search: str
    """Path that answers `?q=` with `hits` and `precision`, as the map's search does."""
    tiles: str | None = None
    """Address of a tile of the base map; None: there is none."""
    attribution: str = ""
    tile_host: str = ""
    """The origin that tiles come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """Keys and limits of the seat desk."""

    query_codes: QueryCodeOptions
    people: PeopleOptions
    places: DeskPlaces | None = None
    """Where addresses are looked up; None: the address of a ticket is a plain field."""
    refresh_seconds: float = 5.0
    """A live screen is sent a fresh picture at least that often, whatever signals were lost."""


DESK: Final = web.AppKey("desk", DeskOptions)

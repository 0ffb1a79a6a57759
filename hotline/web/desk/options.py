"""What the desk must be told."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """Keys and limits of the seat desk."""

    query_codes: QueryCodeOptions
    people: PeopleOptions
    refresh_seconds: float = 5.0
    """A live screen is sent a fresh picture at least that often, whatever signals were lost."""


DESK: Final = web.AppKey("desk", DeskOptions)

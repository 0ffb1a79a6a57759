"""What the lists of tickets must be told."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hotline.people.citizen import PeopleOptions
from hotline.reports.exports.service import ExportOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketListOptions:
    """How citizens are found by number, and where files lie."""

    people: PeopleOptions
    exports: ExportOptions


TICKET_LISTS: Final = web.AppKey("ticket_lists", TicketListOptions)

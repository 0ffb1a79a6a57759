"""What became of a ticket, for the page of the ticket: its case, who has it, until when."""

from typing import Final
from uuid import UUID

from aiohttp import web

from case_bridge.bridge.reading import LinkView, links_of_ticket
from case_bridge.cases.reading import case_view, is_of_district
from case_bridge.web.requests import READERS, district_of, show
from hotline.accounts.roles import Role
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CaseId, TicketId
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import path_id
from hotline.web.routing import Route


async def get_ticket_card(request: web.Request) -> web.Response:
    """Show where the case of a ticket stands; of another maker's case what it has told us (R69).

    Who works for another district hears only that it is not theirs (R28).
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    async with request.app[DATABASE].read() as session:
        links = await links_of_ticket(session, ticket_id)
        link = links[-1] if links else None
        case_id = _own_case(link)
        try:
            now = request.app[CLOCK]()
            case = await case_view(session, case_id, now=now) if case_id else None
        except NotFound:
            case = None  # another maker's key may look like one of ours
        district = await district_of(session, current_user(request))
        is_elsewhere = (
            case is not None
            and district is not None
            and not await is_of_district(session, case.line.case_id, district)
        )
    return show(request, "ticket_card.html", link=link, case=case, is_elsewhere=is_elsewhere)


def _own_case(link: LinkView | None) -> CaseId | None:
    try:
        return CaseId(UUID(link.case_key)) if link and link.case_key else None
    except ValueError:
        return None


ROUTES: Final = (
    Route(
        "GET",
        "/cases/of-ticket/{ticket_id}/card",
        get_ticket_card,
        READERS - {Role.UNIT},
        "cases.ticket_card",
    ),
)

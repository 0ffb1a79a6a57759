"""Find tickets: by number, words, what they are, when, and by the number of a citizen."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.accounts.saved_views import saved_views
from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid, NotFound
from hotline.people.service import find_citizen
from hotline.tickets.categories import list_categories
from hotline.tickets.listing import list_tickets
from hotline.tickets.reading import ticket_by_number
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.web.auth import current_user
from hotline.web.desk.handlers import TICKET_ROLES
from hotline.web.desk.present import line_json
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.labels import choices, label
from hotline.web.lists import DUES, view_routes
from hotline.web.pages import render
from hotline.web.requests import form_fields, wants_json
from hotline.web.routing import MenuEntry, Route, WebPart
from hotline.web.tickets import exports
from hotline.web.tickets.asked import COLUMNS, KEPT, SORTS, read_asked
from hotline.web.tickets.options import TICKET_LISTS, TicketListOptions

LIST: Final = "tickets"
READERS: Final = TICKET_ROLES
BY_NUMBER: Final = frozenset({Role.SEAT, Role.SHIFT_LEADER, Role.SUPERVISOR})
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200


async def get_tickets(request: web.Request) -> web.Response:
    """Show a page of the tickets that fit; a ticket's number leads to the ticket."""
    user = current_user(request)
    number = request.query.get("number", "").strip()[:20]
    async with request.app[DATABASE].read() as session:
        if number:
            view = await ticket_by_number(session, number)
            return _see(f"/tickets/{view.ticket_id}")
        asked = await read_asked(session, request.query)
        found = await list_tickets(
            session,
            asked.wanted,
            sort=asked.sort,
            after=request.query.get("after"),
            now=request.app[CLOCK](),
        )
        if wants_json(request):
            return web.json_response(
                {
                    "tickets": [line_json(line) for line in found.lines],
                    "about": found.about,
                    "is_exact": found.is_exact,
                    "next": found.next_cursor,
                }
            )
        categories = await list_categories(session)
        views = await saved_views(session, user, LIST)
    return render(
        request,
        "hotline/tickets.html",
        wide=True,
        asked=asked,
        found=found,
        views=views,
        categories=categories,
        columns=COLUMNS,
        sorts=[(each.value, word) for each, word in SORTS.items()],
        dues=[(each.value, word) for each, word in DUES.items()],
        states=choices(TicketState),
        channels=choices(Channel),
        kinds=choices(RequestKind),
        urgencies=choices(Urgency),
        held=request.query,
        may_find_by_number=not BY_NUMBER.isdisjoint(user.roles),
        may_export=not exports.EXPORTING.isdisjoint(user.roles),
        may_unmask=not exports.UNMASKING.isdisjoint(user.roles),
        roles=[(role.value, label(role)) for role in sorted(user.roles)],
        is_first="after" not in request.query,
    )


async def post_by_number(request: web.Request) -> web.Response:
    """Find the tickets of who has a telephone number; with a reason, in the audit log (R88).

    The number is in no address and no log: the list goes on with the citizen's id.

    Raises:
        Invalid: if there is no reason.
        NotFound: if nobody with that number is known.
    """
    fields = await form_fields(request)
    reason = fields.get("reason", "")
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid("reason", "a reason of 2 to 200 characters is needed")
    people = request.app[TICKET_LISTS].people
    async with request.app[DATABASE].begin() as uow:
        citizen = await find_citizen(uow.session, options=people, phone=fields.get("phone", ""))
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="tickets.find_by_number",
            target=f"citizen:{citizen.citizen_id}" if citizen else "citizen:unknown",
            detail={"reason": reason},
            now=request.app[CLOCK](),
        )
    if citizen is None:
        raise NotFound("citizen", "this number")
    return _see(f"/tickets?{urlencode({'citizen': str(citizen.citizen_id)})}")


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


ROUTES: Final = (
    Route("GET", "/tickets", get_tickets, READERS, "tickets.list"),
    Route("POST", "/lists/tickets/by-number", post_by_number, BY_NUMBER, "tickets.by_number"),
    *view_routes(LIST, "/tickets", KEPT, READERS),
    *exports.ROUTES,
)


def ticket_lists_part(options: TicketListOptions) -> WebPart:
    """Return the lists of tickets as a part of the web process."""
    return WebPart(
        "ticket_lists",
        ROUTES,
        menu=(MenuEntry("工单查询", "/tickets", READERS),),
        provides={TICKET_LISTS: options},
    )

"""提取码: a fresh one for a citizen whose identity a seat has checked; the old one ends."""

from typing import Final

from aiohttp import web

from hotline.accounts import audit
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import TicketId
from hotline.tickets import reading
from hotline.web.auth import current_user
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.desk.options import DESK
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import Route

CHECKS: Final = {
    "number": "来电号码与工单的联系号码一致",
    "facts": "能说出工单的时间、地点和事项",
    "papers": "当面核对证件",
}
"""How a seat knows that this is the citizen of the ticket."""


async def get_renewal(request: web.Request) -> web.Response:
    """Ask how the identity was checked."""
    async with request.app[DATABASE].read() as session:
        ticket = await reading.ticket_view(session, TicketId(path_id(request, "ticket_id")))
    return render(
        request, "hotline/query_code.html", ticket=ticket, checks=list(CHECKS.items()), code=""
    )


async def post_renewal(request: web.Request) -> web.Response:
    """Make a fresh code and show it once; how the identity was checked is in the audit log.

    Raises:
        Invalid: if it was not.
    """
    ticket_id = TicketId(path_id(request, "ticket_id"))
    check = (await form_fields(request)).get("check", "")
    if check not in CHECKS:
        raise Invalid("check", "say how the identity was checked")
    async with request.app[DATABASE].begin() as uow:
        ticket = await reading.ticket_view(uow.session, ticket_id)
        code = await reading.renew_query_code(uow, ticket_id, request.app[DESK].query_codes)
        await audit.append(
            uow,
            actor=current_user(request).login,
            action="ticket.query_code",
            target=f"ticket:{ticket_id}",
            detail={"check": check},
            now=request.app[CLOCK](),
        )
    return render(request, "hotline/query_code.html", ticket=ticket, checks=[], code=code)


ROUTES: Final = (
    Route("GET", "/tickets/{ticket_id}/query-code", get_renewal, DESK_ROLES, "tickets.query_code"),
    Route(
        "POST",
        "/tickets/{ticket_id}/query-code",
        post_renewal,
        DESK_ROLES,
        "tickets.renew_query_code",
    ),
)

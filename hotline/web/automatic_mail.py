"""自动邮件: mail that no person seems to have written, and taking one up that a person did."""

from typing import Final

from aiohttp import web

from hotline.accounts import audit
from hotline.contacts.contact import Channel, ContactState
from hotline.contacts.service import contact_view, contacts_in_state, load_contact
from hotline.intake.request import Unreadable, read_contact
from hotline.intake.service import BOUNCE, IntakeOptions, open_automatic
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import ContactId
from hotline.tickets.ticket import user_actor
from hotline.web.auth import current_user
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import path_id
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

INTAKE: Final = web.AppKey("intake_of_automatic_mail", IntakeOptions)

SHOWN: Final = 200
EXCERPT: Final = 3000
"""Characters of a mail that tell a person from a machine."""


async def get_automatic(request: web.Request) -> web.Response:
    """Show the newest automatic mail; nothing of it became a ticket."""
    async with request.app[DATABASE].read() as session:
        found = await contacts_in_state(session, Channel.MAIL, ContactState.AUTOMATIC, limit=SHOWN)
    return render(request, "hotline/automatic_mail.html", found=found, bounce=BOUNCE, shown=SHOWN)


async def get_one(request: web.Request) -> web.Response:
    """Show one automatic mail, to see whether a person wrote it.

    Raises:
        NotFound: if there is no such mail.
    """
    contact_id = ContactId(path_id(request, "contact_id"))
    async with request.app[DATABASE].read() as session:
        view = await contact_view(session, contact_id)
        if (view.channel, view.state) != (Channel.MAIL, ContactState.AUTOMATIC):
            raise NotFound("automatic mail", contact_id)
        contact = await load_contact(session, contact_id)
    try:
        read = read_contact(contact, request.app[INTAKE].readers)
    except Unreadable:
        raise NotFound("automatic mail", contact_id) from None
    return render(
        request,
        "hotline/automatic_mail_one.html",
        view=view,
        subject=read.subject,
        body=read.body[:EXCERPT],
        bounce=BOUNCE,
    )


async def post_ticket(request: web.Request) -> web.Response:
    """Open the ticket of a mail that a person wrote after all, and go to it."""
    contact_id = ContactId(path_id(request, "contact_id"))
    user, now = current_user(request), request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        ticket_id = await open_automatic(
            uow, contact_id, options=request.app[INTAKE], actor=user_actor(user.id), now=now
        )
        await audit.append(
            uow,
            actor=user.login,
            action="contact.take_up",
            target=f"contact:{contact_id}",
            detail={"ticket_id": str(ticket_id)},
            now=now,
        )
    raise web.HTTPSeeOther(f"/tickets/{ticket_id}")


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/automatic-mail", get_automatic, DESK_ROLES, "automatic_mail"),
    Route("GET", "/automatic-mail/{contact_id}", get_one, DESK_ROLES, "automatic_mail.one"),
    Route(
        "POST",
        "/automatic-mail/{contact_id}/ticket",
        post_ticket,
        DESK_ROLES,
        "automatic_mail.ticket",
    ),
)


def automatic_mail_part(options: IntakeOptions) -> WebPart:
    """Return the pages as a part of the web process."""
    return WebPart(
        "automatic_mail",
        ROUTES,
        menu=(MenuEntry("自动邮件", "/automatic-mail", DESK_ROLES, MenuGroup.SHIFT),),
        provides={INTAKE: options},
    )

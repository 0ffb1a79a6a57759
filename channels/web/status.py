"""The status page: number and query code open an honest timeline."""

from aiohttp import web

from channels.web.options import EVERYBODY, PUBLIC_PAGES
from hotline.callbacks.links import make_link_token
from hotline.callbacks.reading import callback_to_answer
from hotline.tickets.reading import public_ticket
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.language import translate
from hotline.web.pages import render
from hotline.web.rates import subscriber
from hotline.web.requests import form_fields, is_own_machine, source_of
from hotline.web.routing import PUBLIC, Route


async def get_status(request: web.Request) -> web.Response:
    """Ask for number and code."""
    number = request.query.get("number", "")[:20]
    return render(request, "public/status.html", number=number, problem="")


async def post_status(request: web.Request) -> web.Response:
    """Show where the ticket stands; the code stays out of addresses and logs.

    A wrong code is counted against the ticket, and a wrong pair against the source.
    """
    options = request.app[PUBLIC_PAGES]
    now = request.app[CLOCK]()
    fields = await form_fields(request)
    number, code = fields.get("number", "")[:20], fields.get("code", "")[:20]
    if not is_own_machine(request):
        await options.guesses.peek(subscriber(source_of(request)), now=now)
        await options.all_guesses.peek(EVERYBODY, now=now)
    async with request.app[DATABASE].begin() as uow:
        ticket = await public_ticket(
            uow, number=number, code=code, options=options.query_codes, now=now
        )
        callback = await callback_to_answer(uow.session, ticket.ticket_id) if ticket else None
    if ticket is None:
        if not is_own_machine(request):
            await options.guesses.check(subscriber(source_of(request)), now=now)
            await options.all_guesses.check(EVERYBODY, now=now)
        problem = translate(request, "工单号或提取码不正确。请核对后重试；连续输错将暂时不能查询。")
        return render(request, "public/status.html", status=422, number=number, problem=problem)
    may_answer = callback is not None and callback.may_answer
    token = make_link_token(options.links, callback.callback_id, now=now) if callback else ""
    return render(
        request, "public/progress.html", ticket=ticket, may_answer=may_answer, token=token
    )


ROUTES = (
    Route("GET", "/status", get_status, PUBLIC, "status"),
    Route("POST", "/status", post_status, PUBLIC, "status.ask"),
)

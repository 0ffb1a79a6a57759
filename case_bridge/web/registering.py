"""The page on which the desk and inspectors register what did not come by the hotline (R4-R6)."""

from aiohttp import web

from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.registering import register_report, sources_of
from case_bridge.web.requests import acting, read_fields, see_other, show
from hotline.kernel.errors import Invalid
from hotline.tickets.categories import list_categories
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import wants_json


async def get_new(request: web.Request) -> web.Response:
    """Show the form: where it came from, what, where, of which category."""
    sources = sources_of(current_user(request).roles)
    async with request.app[DATABASE].read() as session:
        categories = await list_categories(session)
    return show(request, "new.html", sources=sources, categories=categories)


async def post_new(request: web.Request) -> web.StreamResponse:
    """Register. Fields: source, channel, subject, body, place, longitude, latitude, category.

    Photos come in a multipart form.

    Raises:
        Invalid: if there is no such source.
    """
    fields = await read_fields(request)
    if fields.text("source") not in set(CaseSource):
        raise Invalid("source", f"is none of {', '.join(CaseSource)}")
    report = Report(
        source=CaseSource(fields.text("source")),
        channel=fields.optional("channel"),
        subject=fields.text("subject"),
        body=fields.text("body"),
        place=fields.text("place"),
        longitude=fields.number("longitude"),
        latitude=fields.number("latitude"),
        category=fields.optional("category"),
    )
    async with acting(request) as (uow, actor, now):
        registered = await register_report(
            uow, report, attachments=fields.files, actor=actor, now=now
        )
    if wants_json(request):
        return web.json_response(
            {"case_id": str(registered.case_id), "number": registered.number}, status=201
        )
    return see_other(f"/cases/{registered.case_id}")

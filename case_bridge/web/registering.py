"""The page on which the desk and inspectors register what did not come by the hotline (R4-R6)."""

import secrets
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.form_keys import claim_key, keep_case
from case_bridge.cases.registering import register_report, sources_of
from case_bridge.cases.repository import Cases
from case_bridge.resources.model import ResourceRow
from case_bridge.resources.service import resource_of
from case_bridge.web.requests import acting, read_fields, see_other, show
from hotline.kernel.errors import Invalid, NotFound
from hotline.tickets.categories import list_categories
from hotline.web.auth import current_user
from hotline.web.keys import DATABASE
from hotline.web.requests import wants_json


async def get_new(request: web.Request) -> web.Response:
    """Show the form: where it came from, what, where, of which category."""
    sources = sources_of(current_user(request).roles)
    async with request.app[DATABASE].read() as session:
        categories = await list_categories(session)
        seen_on = await _video_point(session, request.query.get("video", ""))
    return show(
        request,
        "new.html",
        sources=sources,
        categories=categories,
        seen_on=seen_on,
        key=secrets.token_urlsafe(18),
    )


async def _video_point(session: AsyncSession, text: str) -> ResourceRow | None:
    """Return the video point on which something was seen; None if none is named.

    Raises:
        NotFound: if there is no such point.
    """
    if not text:
        return None
    try:
        return await resource_of(session, UUID(text))
    except ValueError:
        raise NotFound("video point", text) from None


async def post_new(request: web.Request) -> web.StreamResponse:
    """Register. Fields: source, channel, subject, body, place, longitude, latitude, category.

    Photos come in a multipart form. A form carries the key that its page was given: pressed or
    sent twice it is one case.

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
    key, user = fields.text("key"), current_user(request)
    async with acting(request) as (uow, actor, now):
        known = await claim_key(uow, key, user.id, now=now) if key else None
        if known is None:
            registered = await register_report(
                uow, report, attachments=fields.files, actor=actor, now=now
            )
            case_id = registered.case_id
            if key:
                await keep_case(uow, key, user.id, case_id)
        else:
            case_id = known
        number = (await Cases(uow.session).get(case_id)).number
    if wants_json(request):
        return web.json_response({"case_id": str(case_id), "number": number}, status=201)
    return see_other(f"/cases/{case_id}")

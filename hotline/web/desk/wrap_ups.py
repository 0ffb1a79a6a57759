"""How the calls of a span of days ended (话后小结), and the calls behind each number."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from aiohttp import web

from hotline.accounts.repository import Users
from hotline.accounts.roles import Role
from hotline.contacts.disposition import Disposition
from hotline.contacts.wrapping_up import counts, lines
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.kernel.privacy import mask_phone
from hotline.tickets.reading import tickets_of_calls
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import wants_json
from hotline.web.routing import MenuEntry, MenuGroup, Route

READING: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR, Role.LEADER})
MOST: Final = 500
LONGEST: Final = timedelta(days=366)


async def get_wrap_ups(request: web.Request) -> web.Response:
    """Show how many calls ended how; each number opens its calls."""
    today = request.app[CLOCK]().astimezone(SHANGHAI).date()
    since, until = _day(request, "since", today), _day(request, "until", today)
    begin, end = _span(since, until)
    chosen = _chosen(request)
    async with request.app[DATABASE].read() as session:
        found = await counts(session, begin, end)
        rows = await lines(session, begin, end, chosen, limit=MOST) if chosen else []
        told = await tickets_of_calls(session, [row.call_id for row in rows])
        users = Users(session)
        names: Mapping[object, str] = {
            user_id: user.display_name
            for user_id in {row.user_id for row in rows}
            if (user := await users.get(user_id))
        }
    if wants_json(request):
        return web.json_response({each.value: found.get(each, 0) for each in Disposition})
    return render(
        request,
        "hotline/wrap_ups.html",
        since=since,
        until=until,
        figures=[(each, found.get(each, 0)) for each in Disposition],
        total=sum(found.values()),
        chosen=chosen,
        rows=[(row, mask_phone(row.number) if row.number else None) for row in rows],
        tickets=told,
        names=names,
        most=MOST,
    )


def _span(since: date, until: date) -> tuple[datetime, datetime]:
    if not timedelta(0) <= until - since <= LONGEST:
        raise Invalid("until", "must not be before the first day, nor more than a year after it")
    end = datetime.combine(until, time(0), SHANGHAI) + timedelta(days=1)
    return datetime.combine(since, time(0), SHANGHAI), end


def _day(request: web.Request, name: str, today: date) -> date:
    text = request.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise Invalid(name, "must be YYYY-MM-DD") from None


def _chosen(request: web.Request) -> Disposition | None:
    text = request.query.get("disposition", "")
    try:
        return Disposition(text) if text else None
    except ValueError:
        raise Invalid("disposition", "is not one of ours") from None


ROUTES: Final = (Route("GET", "/wrap-ups", get_wrap_ups, READING, "wrap_ups"),)
MENU: Final = MenuEntry("话后小结", "/wrap-ups", READING, MenuGroup.SHIFT)

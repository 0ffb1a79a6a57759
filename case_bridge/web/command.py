"""The command screen (指挥大屏): map, handling, calls, duty and the running month, live (R99).

It hangs on a wall: no citizen's name, number, words or address is on it, nor an inspector's name.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.reach import inspectors_within
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import in_district
from case_bridge.cases.states import CaseState
from case_bridge.command.figures import (
    STANDING,
    Figure,
    Table,
    count_figures,
    figure_rows,
    figures_of,
    table_of,
)
from case_bridge.evaluation import service as evaluation
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import Period, PeriodKind
from case_bridge.evaluation.service import Plan
from case_bridge.field.roster import roster
from case_bridge.places.position import Position, convert
from case_bridge.web.evaluation import ASSESSORS
from case_bridge.web.evaluation_requests import address
from case_bridge.web.labels import word
from case_bridge.web.places import MOST_CASES, bounds_of_city, with_base_map
from case_bridge.web.places_options import MAP
from case_bridge.web.places_words import CALL_STATES, FIGURES
from case_bridge.web.requests import district_of
from hotline.accounts.service import User
from hotline.contacts.calls.states import CallState
from hotline.kernel.errors import Forbidden, Invalid
from hotline.kernel.ids import UnitId
from hotline.tickets.states import TicketState
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.labels import label
from hotline.web.live import serve_live
from hotline.web.pages import render
from hotline.web.requests import wants_json

TOPICS: Final = ("case", "ticket", "queue", "seat", "field")
REFRESH: Final = 5.0
"""Seconds; a screen is sent a fresh picture at least that often, whatever signals were lost."""
BEST: Final = 8

GROUPS: Final = (
    ("时限", (Figure.OPEN, Figure.NEAR_DUE, Figure.OVERDUE)),
    ("办理环节", tuple(STANDING)),
    ("今日案卷", (Figure.REGISTERED, Figure.FILED, Figure.CLOSED)),
    ("今日工单", (Figure.TICKETS, Figure.RESOLVED)),
    ("来电", (Figure.CALLS, Figure.ANSWERED, Figure.WAITING, Figure.TALKING)),
    ("外勤", (Figure.ON_DUTY,)),
)


async def get_screen(request: web.Request) -> web.StreamResponse:
    """Show the screen; what is on it stays true over its WebSocket."""
    picture = await _picture(request, current_user(request))
    if wants_json(request):
        return web.json_response(picture, headers={"Cache-Control": "no-store"})
    response = render(
        request,
        "places/command.html",
        wide=True,
        map=request.app[MAP],
        bounds=await bounds_of_city(request),
        picture=picture,
        groups=[
            (title, figures)
            for title, figures in GROUPS
            if picture["figures"].keys() >= {each.value for each in figures}
        ],
        words=FIGURES,
        link=figure_link,
        may_assess=bool(current_user(request).roles & ASSESSORS),
    )
    return with_base_map(response, request.app[MAP])


async def get_live(request: web.Request) -> web.WebSocketResponse:
    """Keep one screen up to date."""
    user = current_user(request)

    async def snapshot() -> dict[str, Any]:
        return await _picture(request, user)

    return await serve_live(request, snapshot, topics=TOPICS, refresh=REFRESH)


async def get_rows(request: web.Request) -> web.StreamResponse:
    """Show what a number counts, page by page."""
    name = request.query.get("figure", "")
    if name not in set(Figure):
        raise Invalid("figure", f"is none of {', '.join(Figure)}")
    figure = Figure(name)
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        if figure not in figures_of(district):
            raise Forbidden("this number is of the first level")
        found, after = await figure_rows(
            session,
            figure,
            district=district,
            after=request.query.get("after"),
            now=request.app[CLOCK](),
        )
    if wants_json(request):
        listed = [{"id": str(r.id), "label": r.label, "state": r.state} for r in found]
        return web.json_response({"rows": listed, "next": after})
    return render(
        request,
        "places/command_rows.html",
        figure=figure,
        table=table_of(figure),
        prefix=_OPENS.get(table_of(figure)),
        rows=found,
        words=FIGURES,
        state_word=_state_word(table_of(figure)),
        after=after,
    )


def figure_link(figure: Figure) -> str:
    """Return the address of the rows behind a number."""
    return f"/command/rows?figure={figure.value}"


_OPENS: Final = {Table.CASES: "/cases/", Table.TICKETS: "/tickets/"}


def _state_word(table: Table) -> Callable[[str], str]:
    """Return what turns a stored state into its Chinese word."""
    match table:
        case Table.CASES:
            return lambda text: word(CaseState(text))
        case Table.TICKETS:
            return lambda text: label(TicketState(text))
        case Table.CALLS:
            return lambda text: CALL_STATES[CallState(text)]
        case Table.INSPECTORS:
            return lambda _: FIGURES[Figure.ON_DUTY]


async def _picture(request: web.Request, user: User) -> dict[str, Any]:
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, user)
        counted = await count_figures(session, district=district, now=now)
        return {
            "at": now.isoformat(),
            "figures": {figure.value: number for figure, number in counted.items()},
            "cases": await _cases(request, session, district, now),
            "inspectors": await _inspectors(request, session, district),
            "month": await request.app[MAP].month.take(session, _month, district=district, now=now),
        }


async def _cases(
    request: web.Request, session: AsyncSession, district: UnitId | None, now: datetime
) -> list[dict[str, Any]]:
    found = await session.execute(
        select(
            *(CaseRow.id, CaseRow.number, CaseRow.longitude, CaseRow.latitude),
            *(CaseRow.due_at, CaseRow.clock_stopped_at),
        )
        .where(
            CaseRow.state.in_(OPEN_STATES),
            CaseRow.longitude.is_not(None),
            *in_district(district),
        )
        .order_by(CaseRow.registered_at.desc(), CaseRow.number.desc())
        .limit(MOST_CASES)
    )
    return [
        {
            "number": number,
            "href": f"/cases/{case_id}",
            "at": _drawn(request, Position(x, y)),
            "is_late": due_at is not None and stopped is None and due_at < now,
        }
        for case_id, number, x, y, due_at, stopped in found
        if x is not None and y is not None
    ]


async def _inspectors(
    request: web.Request, session: AsyncSession, district: UnitId | None
) -> list[list[float]]:
    return [
        _drawn(request, each.last_seen.position)
        for each in await roster(session, inspectors_within(district))
        if each.last_seen is not None
    ]


async def _month(session: AsyncSession, district: UnitId | None, now: datetime) -> dict[str, Any]:
    period = Period.containing(PeriodKind.MONTH, now)
    units = await evaluation.evaluate(
        session, Plan.usual(ObjectKind.UNIT, period), district=district
    )
    centre = await evaluation.evaluate(
        session, Plan.usual(ObjectKind.CENTRE, period), district=district
    )
    counters = centre.results[0].counters if centre.results else {}
    plan = Plan.usual(ObjectKind.CENTRE, period)
    key = centre.results[0].key if centre.results else ""
    scored = [each for each in units.results if each.score is not None][:BEST]
    return {
        "period": str(period),
        "counters": {
            name: {
                "number": counters.get(name, 0),
                "href": address("/evaluation/rows", plan, key=key, counter=name),
            }
            for name in ("should_close", "closed", "closed_on_time", "reworked")
        },
        "units": [
            {
                "place": each.place,
                "name": each.name,
                "score": str(each.score),
                "href": address(
                    "/evaluation/object",
                    Plan.usual(ObjectKind.UNIT, period),
                    key=each.key,
                    view="now",
                ),
            }
            for each in scored
        ],
    }


def _drawn(request: web.Request, position: Position) -> list[float]:
    """Return latitude and longitude in the system of the base map."""
    shown = convert(position, request.app[MAP].crs)
    return [round(shown.latitude, 6), round(shown.longitude, 6)]

"""What everybody may see: statistics with nobody in them, and the standards (R21, R83)."""

from typing import Final

from aiohttp import web
from sqlalchemy import select

from case_bridge.evaluation import service
from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.satisfaction import LEAST_TOLD
from case_bridge.evaluation.surveys import survey
from case_bridge.web.evaluation_charts import Bar, bars, trend
from case_bridge.web.requests import show
from hotline.kernel.errors import Invalid
from hotline.tickets.category import CategoryKind
from hotline.tickets.conditions import condition_words
from hotline.tickets.model import CategoryRow, ConditionLimitRow
from hotline.web.keys import DATABASE
from hotline.web.requests import wants_json
from hotline.web.routing import PUBLIC, Route

SHOWN: Final = (
    *("reported", "public_reports", "filed", "declined"),
    *("should_close", "closed", "closed_on_time", "reworked"),
)
"""Counters that the public sees; each over the whole city or a whole region, never a person."""


async def get_statistics(request: web.Request) -> web.StreamResponse:
    """Show the published figures of a period: handling, closing, satisfaction (R83, R84, R80)."""
    async with request.app[DATABASE].read() as session:
        periods = await service.published_periods(session, ObjectKind.CENTRE)
        period = _chosen(request, periods)
        if period is None:
            return show(request, "evaluation/public.html", period=None, periods=())
        centre = await service.published(session, ObjectKind.CENTRE, period)
        regions = await service.published(session, ObjectKind.REGION, period)
        units = await service.published(session, ObjectKind.UNIT, period)
        satisfaction = (await survey(session, period)).for_the_public()
        past = await service.past_rates(session, period)
    counters = dict(centre.results[0].counters) if centre and centre.results else {}
    if wants_json(request):
        return web.json_response(
            {
                "period": str(period),
                "city": {name: counters.get(name, 0) for name in SHOWN},
                "regions": {
                    each.name: {name: each.counters.get(name, 0) for name in SHOWN}
                    for each in (regions.results if regions else ())
                },
                "satisfaction": {
                    "asked": satisfaction.asked,
                    "answered": satisfaction.answered,
                    "rated": satisfaction.rated or None,
                    "satisfied": satisfaction.satisfied if satisfaction.rated else None,
                },
            }
        )
    by_region = regions.results if regions else ()
    most = max((each.counters["closed"] for each in by_region), default=0)
    chart = [Bar(e.name, e.counters["closed"], str(e.counters["closed"])) for e in by_region]
    return show(
        request,
        "evaluation/public.html",
        period=period,
        periods=periods,
        counters=counters,
        shown=[COUNTERS[name] for name in SHOWN],
        regions=by_region,
        units=units.results if units else (),
        satisfaction=satisfaction,
        least=LEAST_TOLD,
        published_at=centre.published_at if centre else None,
        chart=bars("各区域结案数", chart, greatest=most) if chart else None,
        trend=trend("按期结案率", past) if len(past) > 1 else None,
    )


async def get_standards(request: web.Request) -> web.StreamResponse:
    """Show what is taken up, under which conditions, and how long it may take (R21, R85)."""
    kind = request.query.get("kind", CategoryKind.FACILITY)
    if kind not in set(CategoryKind):
        raise Invalid("kind", f"is none of {', '.join(CategoryKind)}")
    async with request.app[DATABASE].read() as session:
        found = await session.execute(
            select(CategoryRow, ConditionLimitRow)
            .outerjoin(ConditionLimitRow, ConditionLimitRow.category_id == CategoryRow.id)
            .where(CategoryRow.is_active, CategoryRow.kind == CategoryKind(kind))
            .order_by(CategoryRow.code, CategoryRow.key, ConditionLimitRow.position)
        )
        categories: dict[str, tuple[CategoryRow, list[tuple[str, str]]]] = {}
        for row, item in found:
            entry = categories.setdefault(row.key, (row, []))
            if item is not None:
                words = item.words or condition_words(item.condition)
                entry[1].append((words, item.limit_text))
    if wants_json(request):
        return web.json_response(
            [
                {"scheme": row.scheme, "code": row.code, "name": row.name_zh, "limits": limits}
                for row, limits in categories.values()
            ]
        )
    return show(
        request,
        "evaluation/standards.html",
        kind=CategoryKind(kind),
        kinds=CategoryKind,
        categories=list(categories.values()),
    )


def _chosen(request: web.Request, periods: tuple[Period, ...]) -> Period | None:
    text = request.query.get("period", "")
    if text:
        asked = Period.parse(text)
        return asked if asked in periods else None
    return periods[0] if periods else None


ROUTES: Final = (
    Route("GET", "/statistics", get_statistics, PUBLIC, "statistics"),
    Route("GET", "/statistics/standards", get_standards, PUBLIC, "statistics.standards"),
)

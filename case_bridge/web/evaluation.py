"""The assessors' pages: rankings, the cases behind a number, publishing, comparing."""

from typing import Final

from aiohttp import web

from case_bridge.cases.reading import organisation_of
from case_bridge.evaluation import service
from case_bridge.evaluation.assessed import assessed_kinds, check_assessed
from case_bridge.evaluation.comparing import compare
from case_bridge.evaluation.counters import COUNTERS, LABELS
from case_bridge.evaluation.definition import PRESETS, ObjectKind
from case_bridge.evaluation.formula import written
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.score import Result, explain_steps, stored_values
from case_bridge.evaluation.service import Evaluation, Plan, plan_of
from case_bridge.evaluation.surveys import survey
from case_bridge.evaluation.text import options_words, signed
from case_bridge.web.evaluation_charts import score_chart
from case_bridge.web.evaluation_export import csv_answer, evaluation_json, ranking_table
from case_bridge.web.evaluation_labels import COLUMNS
from case_bridge.web.evaluation_requests import (
    address,
    kind_of,
    period_of,
    plan_from,
    show_evaluation,
    time_links,
)
from case_bridge.web.requests import at_first_level, district_of, see_other
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid, NotFound
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import form_fields, wants_json
from hotline.web.routing import Route

ASSESSORS: Final = frozenset({Role.SUPERVISOR, Role.LEADER})
PUBLISHERS: Final = frozenset({Role.SUPERVISOR})


async def get_ranking(request: web.Request) -> web.StreamResponse:
    """Show the published ranking of a period, or what it would be now (R71, R72, R74)."""
    found = await _asked_for(request)
    if wants_json(request):
        return web.json_response(evaluation_json(found))
    if request.query.get("format") == "csv":
        return csv_answer(f"{found.period}-{found.kind}", ranking_table(found))
    plan = plan_of(found)
    async with request.app[DATABASE].read() as session:
        district = await district_of(session, current_user(request))
        history = () if district else await service.revisions(session, found.kind, found.period)
        organisation = await organisation_of(session)
    return show_evaluation(
        request,
        "ranking.html",
        found=found,
        plan=plan,
        columns=[COUNTERS[name] for name in COLUMNS[found.kind]],
        chart=score_chart(found),
        history=history,
        levels=organisation.assessment,
        may_publish=district is None and bool(current_user(request).roles & PUBLISHERS),
        is_of_district=district is not None,
        is_over=request.app[CLOCK]() >= found.period.ends,
        formula_words=written(found.definition.tree(), LABELS),
        presets=PRESETS[found.kind],
        options_words=options_words(found.options),
        rows_link=lambda key, counter: address("/evaluation/rows", plan, key=key, counter=counter),
        object_link=lambda key: address("/evaluation/object", plan, key=key, **_view(found)),
        ranking_link=lambda **more: address("/evaluation", plan, **more),
        **time_links(found.period, found.kind),
    )


async def get_object(request: web.Request) -> web.StreamResponse:
    """Show one object: its sum step by step, and every counter with the way to its cases."""
    found = await _asked_for(request)
    result = _result_of(found, request.query.get("key", ""))
    values = stored_values(result.counters)
    steps = (
        explain_steps(found.definition.tree(), values, found.options)
        if result.score is not None
        else []
    )
    plan = plan_of(found)
    counters = [
        (each, result.counters[name]) for name, each in COUNTERS.items() if name in result.counters
    ]
    satisfaction = None
    if found.kind is ObjectKind.UNIT:
        async with request.app[DATABASE].read() as session:
            satisfaction = await survey(session, found.period, unit_id=result.key)
    return show_evaluation(
        request,
        "object.html",
        found=found,
        result=result,
        steps=[(step.words, step.figures, signed(step.value)) for step in steps],
        counters=counters,
        satisfaction=satisfaction,
        options_words=options_words(found.options),
        rows_link=lambda counter: address(
            "/evaluation/rows", plan, key=result.key, counter=counter
        ),
        back=address("/evaluation", plan, **_view(found)),
    )


async def get_rows(request: web.Request) -> web.StreamResponse:
    """Show the cases behind a number, page by page."""
    plan = plan_from(request.query, kind_of(request), await period_of(request))
    key, counter = request.query.get("key", ""), request.query.get("counter", "")
    async with request.app[DATABASE].read() as session:
        rows, after = await service.open_counter(
            session,
            plan,
            key,
            counter,
            district=await district_of(session, current_user(request)),
            after=request.query.get("after"),
        )
        name = await service.object_name(session, plan.kind, key)
        units = await service.unit_names(session)
    if wants_json(request):
        cases = [{"case_id": str(r.case_id), "number": r.number, "round": r.round} for r in rows]
        return web.json_response({"cases": cases, "next": after})
    return show_evaluation(
        request,
        "rows.html",
        plan=plan,
        name=name,
        counter=COUNTERS[counter],
        rows=rows,
        units=units,
        more=address("/evaluation/rows", plan, key=key, counter=counter, after=after)
        if after
        else None,
        back=address("/evaluation", plan),
    )


@at_first_level
async def post_publish(request: web.Request) -> web.StreamResponse:
    """Freeze the results of a period: of one kind as chosen, or of every kind in the usual way."""
    fields = await form_fields(request)
    period = Period.parse(fields.get("period", ""))
    kind = fields.get("kind", "")
    actor, now = current_user(request), request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if kind == "all":
            for each in await assessed_kinds(uow.session):
                if await service.published(uow.session, each, period) is None:
                    await service.publish(uow, Plan.usual(each, period), actor=actor, now=now)
            return see_other(f"/evaluation/bulletin?period={period}")
        if kind not in set(ObjectKind):
            raise Invalid("kind", f"is none of {', '.join(ObjectKind)}")
        await check_assessed(uow.session, ObjectKind(kind))
        plan = plan_from(fields, ObjectKind(kind), period)
        await service.publish(uow, plan, reason=fields.get("reason", ""), actor=actor, now=now)
    return see_other(f"/evaluation?period={period}&kind={kind}")


@at_first_level
async def get_comparison(request: web.Request) -> web.StreamResponse:
    """Show a published evaluation beside the same one reckoned now."""
    period, kind = await period_of(request), kind_of(request)
    async with request.app[DATABASE].begin() as uow:
        await service.fold_facts(uow)
        before = await service.published(uow.session, kind, period)
        if before is None:
            raise NotFound("published evaluation", f"{kind} {period}")
        found = await compare(uow.session, before)
    return show_evaluation(request, "comparison.html", found=found, labels=LABELS)


async def _asked_for(request: web.Request) -> Evaluation:
    """Return what was published, unless the page asks for the present, or nothing was."""
    period, kind = await period_of(request), await _kind_asked_for(request)
    is_chosen = "definition" in request.query
    view = request.query.get("view", "now" if is_chosen else "published")
    if view == "now":
        return await _reckoned(request, plan_from(request.query, kind, period))
    return await _best_of(request, kind, period)


async def _kind_asked_for(request: web.Request) -> ObjectKind:
    """Return the kind that is asked for; else units, or what this city assesses first."""
    kind = kind_of(request)
    if "kind" in request.query:
        return kind
    async with request.app[DATABASE].read() as session:
        kinds = await assessed_kinds(session)
    return kind if kind in kinds else kinds[0]


async def _best_of(request: web.Request, kind: ObjectKind, period: Period) -> Evaluation:
    async with request.app[DATABASE].read() as session:
        # What is published is the whole city's; its numbers open no district's rows.
        district = await district_of(session, current_user(request))
        found = None if district else await service.published(session, kind, period)
    return found or await _reckoned(request, Plan.usual(kind, period))


async def _reckoned(request: web.Request, plan: Plan) -> Evaluation:
    async with request.app[DATABASE].begin() as uow:
        district = await district_of(uow.session, current_user(request))
        await check_assessed(uow.session, plan.kind)
        await service.fold_facts(uow)
        return await service.evaluate(uow.session, plan, district=district)


def _result_of(found: Evaluation, key: str) -> Result:
    for each in found.results:
        if each.key == key:
            return each
    raise NotFound("assessed object", key)


def _view(found: Evaluation) -> dict[str, str]:
    return {"view": "published" if found.evaluation_id else "now"}


ROUTES: Final = (
    Route("GET", "/evaluation", get_ranking, ASSESSORS, "evaluation.ranking"),
    Route("GET", "/evaluation/object", get_object, ASSESSORS, "evaluation.object"),
    Route("GET", "/evaluation/rows", get_rows, ASSESSORS, "evaluation.rows"),
    Route(
        "GET",
        "/evaluation/compare",
        get_comparison,
        ASSESSORS,
        "evaluation.compare",
    ),
    Route(
        "POST",
        "/evaluation/publish",
        post_publish,
        PUBLISHERS,
        "evaluation.publish",
    ),
)

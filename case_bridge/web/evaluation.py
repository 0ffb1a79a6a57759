"""The assessors' pages: rankings, the cases behind a number, publishing, bulletin, meeting."""

from typing import Any, Final

from aiohttp import web

from case_bridge.evaluation import service
from case_bridge.evaluation.counters import COUNTERS, LABELS
from case_bridge.evaluation.definition import PRESETS, ObjectKind
from case_bridge.evaluation.formula import written
from case_bridge.evaluation.grade import Grade
from case_bridge.evaluation.period import Period, PeriodKind
from case_bridge.evaluation.score import Result, explain_steps, stored_values
from case_bridge.evaluation.service import Evaluation, Plan
from case_bridge.evaluation.text import options_words, signed
from case_bridge.web.evaluation_charts import Bar, bars, trend
from case_bridge.web.evaluation_export import csv_answer, ranking_table
from case_bridge.web.evaluation_labels import (
    CHOICES,
    CLASSES,
    COLUMNS,
    GRADES,
    KINDS,
    option_words,
)
from case_bridge.web.evaluation_requests import OWN, address, kind_of, period_of, plan_from, plan_of
from case_bridge.web.requests import see_other, show
from hotline.accounts.roles import Role
from hotline.kernel.errors import Invalid, NotFound
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import form_fields, wants_json
from hotline.web.routing import Route

ASSESSORS: Final = frozenset({Role.SUPERVISOR, Role.LEADER})
PUBLISHERS: Final = frozenset({Role.SUPERVISOR})

CHART_ROWS: Final = 30
PROBLEM_COUNTERS: Final = ("overdue_open", "parked", "deferred", "reworked")
"""What a meeting has to decide about (R82)."""


async def get_ranking(request: web.Request) -> web.StreamResponse:
    """Show the published ranking of a period, or what it would be now (R71, R72, R74)."""
    found = await _asked_for(request)
    if wants_json(request):
        return web.json_response(evaluation_json(found))
    if request.query.get("format") == "csv":
        return csv_answer(f"{found.period}-{found.kind}", ranking_table(found))
    plan = plan_of(found)
    async with request.app[DATABASE].read() as session:
        history = await service.revisions(session, found.kind, found.period)
    return _show(
        request,
        "ranking.html",
        found=found,
        plan=plan,
        columns=[COUNTERS[name] for name in COLUMNS[found.kind]],
        chart=score_chart(found),
        history=history,
        may_publish=bool(current_user(request).roles & PUBLISHERS),
        is_over=request.app[CLOCK]() >= found.period.ends,
        formula_words=written(found.definition.tree(), LABELS),
        presets=PRESETS[found.kind],
        options_words=options_words(found.options),
        rows_link=lambda key, counter: address("/evaluation/rows", plan, key=key, counter=counter),
        object_link=lambda key: address("/evaluation/object", plan, key=key, **_view(found)),
        ranking_link=lambda **more: address("/evaluation", plan, **more),
        **_time_links(found.period, found.kind),
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
            satisfaction = await service.survey(session, found.period, unit_id=result.key)
    return _show(
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
    plan = plan_from(request.query, kind_of(request), period_of(request))
    key, counter = request.query.get("key", ""), request.query.get("counter", "")
    async with request.app[DATABASE].read() as session:
        rows, after = await service.open_counter(
            session, plan, key, counter, after=request.query.get("after")
        )
        name = await service.object_name(session, plan.kind, key)
        units = await service.unit_names(session)
    if wants_json(request):
        cases = [{"case_id": str(r.case_id), "number": r.number, "round": r.round} for r in rows]
        return web.json_response({"cases": cases, "next": after})
    return _show(
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


async def post_publish(request: web.Request) -> web.StreamResponse:
    """Freeze the results of a period: of one kind as chosen, or of every kind in the usual way."""
    fields = await form_fields(request)
    period = Period.parse(fields.get("period", ""))
    kind = fields.get("kind", "")
    actor, now = current_user(request).display_name, request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if kind == "all":
            for each in ObjectKind:
                if await service.published(uow.session, each, period) is None:
                    await service.publish(uow, Plan.usual(each, period), actor=actor, now=now)
            return see_other(f"/evaluation/bulletin?period={period}")
        if kind not in set(ObjectKind):
            raise Invalid("kind", f"is none of {', '.join(ObjectKind)}")
        plan = plan_from(fields, ObjectKind(kind), period)
        await service.publish(uow, plan, reason=fields.get("reason", ""), actor=actor, now=now)
    return see_other(f"/evaluation?period={period}&kind={kind}")


async def get_comparison(request: web.Request) -> web.StreamResponse:
    """Show a published evaluation beside the same one reckoned now."""
    period, kind = period_of(request), kind_of(request)
    async with request.app[DATABASE].begin() as uow:
        await service.fold_facts(uow)
        before = await service.published(uow.session, kind, period)
        if before is None:
            raise NotFound("published evaluation", f"{kind} {period}")
        found = await service.compare(uow.session, before)
    return _show(request, "comparison.html", found=found, labels=LABELS)


async def get_bulletin(request: web.Request) -> web.StreamResponse:
    """Show the bulletin of a period, to be read or printed (R72, R77, R83)."""
    period = period_of(request)
    found = {
        kind: await _best_of(request, kind, period)
        for kind in (ObjectKind.UNIT, ObjectKind.REGION, ObjectKind.CENTRE)
    }
    async with request.app[DATABASE].read() as session:
        satisfaction = await service.survey(session, period)
        past = await service.past_rates(session, period)
    centre = found[ObjectKind.CENTRE].results
    return _show(
        request,
        "bulletin.html",
        period=period,
        units=found[ObjectKind.UNIT],
        regions=found[ObjectKind.REGION],
        centre=centre[0].counters if centre else dict.fromkeys(COUNTERS, 0),
        counters=COUNTERS,
        satisfaction=satisfaction,
        chart=score_chart(found[ObjectKind.UNIT]),
        trend=trend("按期结案率", past) if len(past) > 1 else None,
        is_published=all(each.evaluation_id for each in found.values()),
        may_publish=bool(current_user(request).roles & PUBLISHERS),
        is_over=request.app[CLOCK]() >= period.ends,
        **_time_links(period, None),
    )


async def get_meeting(request: web.Request) -> web.StreamResponse:
    """Show what the committee meets about: results, and what is to be decided (R82)."""
    period = period_of(request, PeriodKind.QUARTER)
    units = await _best_of(request, ObjectKind.UNIT, period)
    centre = await _best_of(request, ObjectKind.CENTRE, period)
    problems = []
    plan = plan_of(centre)
    async with request.app[DATABASE].read() as session:
        names = await service.unit_names(session)
        for each in centre.results:
            for counter in PROBLEM_COUNTERS:
                rows, _ = await service.open_counter(session, plan, each.key, counter)
                link = address("/evaluation/rows", plan, key=each.key, counter=counter)
                problems.append((COUNTERS[counter], each.counters.get(counter, 0), rows[:10], link))
    if wants_json(request):
        return web.json_response(
            {
                "units": evaluation_json(units),
                "centre": evaluation_json(centre),
                "to_decide": {
                    each.name: [row.number for row in rows] for each, _, rows, _ in problems
                },
            }
        )
    return _show(
        request,
        "meeting.html",
        period=period,
        units=units,
        problems=problems,
        names=names,
        chart=score_chart(units),
        columns=[COUNTERS[name] for name in COLUMNS[ObjectKind.UNIT]],
        **_time_links(period, None),
    )


def score_chart(found: Evaluation) -> Any:
    """Return the scores as bars, coloured by grade; nothing if nobody has one."""
    scored = [each for each in found.results if each.score is not None][:CHART_ROWS]
    if not scored:
        return None
    rows = [
        Bar(each.name, float(each.score or 0), str(each.score), each.grade or "") for each in scored
    ]
    return bars("综合得分", rows, greatest=100)


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """Return an evaluation for a program, with all that it takes to check it (R78)."""
    return {
        "period": str(found.period),
        "kind": found.kind.value,
        "definition": found.definition.to_payload(),
        "options": found.options.to_payload(),
        "grading": found.grading.to_payload(),
        "inputs": found.inputs_hash,
        "revision": found.revision,
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "results": [
            {
                "key": each.key,
                "name": each.name,
                "place": each.place,
                "score": str(each.score) if each.score is not None else None,
                "grade": each.grade.value if each.grade else None,
                "counters": dict(each.counters),
                "remark": each.remark,
            }
            for each in found.results
        ],
    }


async def _asked_for(request: web.Request) -> Evaluation:
    """Return what was published, unless the page asks for the present, or nothing was."""
    period, kind = period_of(request), kind_of(request)
    is_chosen = "definition" in request.query
    view = request.query.get("view", "now" if is_chosen else "published")
    if view == "now":
        return await _reckoned(request, plan_from(request.query, kind, period))
    return await _best_of(request, kind, period)


async def _best_of(request: web.Request, kind: ObjectKind, period: Period) -> Evaluation:
    async with request.app[DATABASE].read() as session:
        found = await service.published(session, kind, period)
    return found or await _reckoned(request, Plan.usual(kind, period))


async def _reckoned(request: web.Request, plan: Plan) -> Evaluation:
    async with request.app[DATABASE].begin() as uow:
        await service.fold_facts(uow)
        return await service.evaluate(uow.session, plan)


def _result_of(found: Evaluation, key: str) -> Result:
    for each in found.results:
        if each.key == key:
            return each
    raise NotFound("assessed object", key)


def _view(found: Evaluation) -> dict[str, str]:
    return {"view": "published" if found.evaluation_id else "now"}


def _time_links(period: Period, kind: ObjectKind | None) -> dict[str, str]:
    more = f"&kind={kind}" if kind else ""
    return {
        "earlier": f"?period={period.shifted(-1)}{more}",
        "later": f"?period={period.shifted(1)}{more}",
    }


def _show(request: web.Request, template: str, **context: Any) -> web.Response:
    return show(
        request,
        f"evaluation/{template}",
        kinds=KINDS,
        classes=CLASSES,
        grades=GRADES,
        choices=CHOICES,
        option_words=option_words,
        below=Grade.BELOW,
        own=OWN,
        **context,
    )


ROUTES: Final = (
    Route("GET", "/evaluation", get_ranking, ASSESSORS, "evaluation.ranking"),
    Route("GET", "/evaluation/object", get_object, ASSESSORS, "evaluation.object"),
    Route("GET", "/evaluation/rows", get_rows, ASSESSORS, "evaluation.rows"),
    Route("GET", "/evaluation/compare", get_comparison, ASSESSORS, "evaluation.compare"),
    Route("GET", "/evaluation/bulletin", get_bulletin, ASSESSORS, "evaluation.bulletin"),
    Route("GET", "/evaluation/meeting", get_meeting, ASSESSORS, "evaluation.meeting"),
    Route("POST", "/evaluation/publish", post_publish, PUBLISHERS, "evaluation.publish"),
)

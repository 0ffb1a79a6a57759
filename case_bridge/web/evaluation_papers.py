"""Bulletin, meeting pack and yearly file: as a page, a workbook, a PDF, and for programs."""

from typing import Any, Final

from aiohttp import web

from case_bridge.evaluation import service
from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.grade import CONSEQUENCES
from case_bridge.evaluation.meanings import RATES, Meaning, meanings
from case_bridge.evaluation.papers import USUAL_PERIOD, Paper, PaperKind, gather
from case_bridge.evaluation.service import plan_of
from case_bridge.web.evaluation import ASSESSORS, PUBLISHERS
from case_bridge.web.evaluation_book import write_book
from case_bridge.web.evaluation_charts import score_chart, trend
from case_bridge.web.evaluation_export import as_file, evaluation_json
from case_bridge.web.evaluation_labels import COLUMNS, PAPERS
from case_bridge.web.evaluation_print import pdf_answer
from case_bridge.web.evaluation_requests import address, period_of, show_evaluation, time_links
from case_bridge.web.evaluation_survey import survey_context
from case_bridge.web.requests import at_first_level
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import wants_json
from hotline.web.routing import Handler, Route

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Final = ("", "html", "xlsx", "pdf")

CITY: Final = (
    *("reported", "accepted", "filed", "dispatched"),
    *("should_close", "closed", "closed_on_time", "reworked"),
)
"""What a paper says of the whole city."""


def _paper_of(kind: PaperKind) -> Handler:
    async def get_paper(request: web.Request) -> web.StreamResponse:
        return await _answer(request, kind)

    return get_paper


get_bulletin: Final = _paper_of(PaperKind.BULLETIN)
"""The bulletin of a month, or of another period (R72, R77, R83)."""
get_meeting: Final = _paper_of(PaperKind.MEETING)
"""What the committee meets about: results, and what is to be decided (R82)."""
get_yearly: Final = _paper_of(PaperKind.YEARLY)
"""The file of a year: results with their consequences, month by month (R72, R74, R91)."""


async def _answer(request: web.Request, kind: PaperKind) -> web.StreamResponse:
    form = request.query.get("format", "")
    if form not in FORMATS:
        raise Invalid("format", "is none of html, xlsx, pdf")
    period = await period_of(request, USUAL_PERIOD[kind])
    async with request.app[DATABASE].begin() as uow:
        await service.fold_facts(uow)
        paper = await gather(uow.session, kind, period)
    if wants_json(request):
        return web.json_response(paper_json(paper))
    if form == "xlsx":
        answer = web.Response(body=write_book(paper), content_type=XLSX)
        return as_file(answer, f"{period}-{PAPERS[kind]}", "xlsx")
    context = _context(request, paper, on_paper=form == "pdf")
    if form == "pdf":
        name = f"{period}-{PAPERS[kind]}"
        return await pdf_answer(request, "printed.html", name, **context)
    return show_evaluation(request, f"{kind.value}.html", **context)


def _context(request: web.Request, paper: Paper, *, on_paper: bool) -> dict[str, Any]:
    units = paper.rankings.get(ObjectKind.UNIT)
    centre = paper.rankings[ObjectKind.CENTRE]
    city_key = centre.results[0].key if centre.results else ""

    def rows_link(kind: ObjectKind, key: str, counter: str) -> str:
        plan = plan_of(paper.rankings[kind])
        return address("/evaluation/rows", plan, key=key, counter=counter)

    return {
        "paper": paper,
        "period": paper.period,
        "body": f"cases/evaluation/{paper.kind.value}_body.html",
        "title": PAPERS[paper.kind],
        "on_paper": on_paper,
        "city": paper.city,
        "city_counters": [COUNTERS[name] for name in CITY],
        "city_link": lambda counter: rows_link(ObjectKind.CENTRE, city_key, counter),
        "rates": RATES,
        "ranked": [
            (kind, found, [COUNTERS[name] for name in COLUMNS[kind]])
            for kind, found in paper.rankings.items()
            if kind is not ObjectKind.CENTRE
        ],
        "rows_link_of": lambda kind: (
            None if on_paper else lambda key, counter: rows_link(kind, key, counter)
        ),
        "consequences": CONSEQUENCES,
        "chart": score_chart(units) if units else None,
        "trend": trend("按期结案率", paper.past) if len(paper.past) > 1 else None,
        "meanings": _meanings(paper),
        "is_published": paper.is_published,
        "may_publish": bool(current_user(request).roles & PUBLISHERS),
        "is_over": request.app[CLOCK]() >= paper.period.ends,
        **survey_context(paper.period, paper.by_unit, paper.by_channel, paper.unit_names),
        **time_links(paper.period, None),
    }


def _meanings(paper: Paper) -> list[Meaning]:
    names = [*CITY, *(name for kind in paper.rankings for name in COLUMNS[kind])]
    return meanings(dict.fromkeys(names))


def paper_json(paper: Paper) -> dict[str, Any]:
    """Return a paper for a program, with all that it takes to check it (R78)."""
    return {
        "kind": paper.kind.value,
        "period": str(paper.period),
        "rankings": {kind.value: evaluation_json(each) for kind, each in paper.rankings.items()},
        "to_decide": {
            each.counter.name: [row.number for row in each.cases] for each in paper.problems
        },
        "satisfaction": {
            "asked": paper.survey.asked,
            "answered": paper.survey.answered,
            "rated": paper.survey.rated,
            "satisfied": paper.survey.satisfied,
        },
        "meanings": [
            {"figure": each.figure, "meaning": each.words, "version": each.version}
            for each in _meanings(paper)
        ],
    }


ROUTES: Final = (
    Route("GET", "/evaluation/bulletin", get_bulletin, ASSESSORS, "evaluation.bulletin"),
    Route(
        "GET", "/evaluation/meeting", at_first_level(get_meeting), ASSESSORS, "evaluation.meeting"
    ),
    Route("GET", "/evaluation/yearly", at_first_level(get_yearly), ASSESSORS, "evaluation.yearly"),
)

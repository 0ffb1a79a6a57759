"""Satisfaction by unit and by channel, and those who were asked behind each number (R80)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from case_bridge.evaluation import service
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.surveys import Axis, Group, Said, survey, survey_by, survey_rows
from case_bridge.web.evaluation import ASSESSORS, PUBLISHERS
from case_bridge.web.evaluation_charts import survey_chart
from case_bridge.web.evaluation_labels import SAID, SATISFACTION
from case_bridge.web.evaluation_requests import period_of, show_evaluation, time_links
from case_bridge.web.requests import see_other
from hotline.callbacks.corrections import correct_rating, ratings_to_correct
from hotline.contacts.contact import Channel
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallbackId
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.labels import label
from hotline.web.requests import form_fields, path_id, wants_json
from hotline.web.routing import Route

NO_UNIT: Final = "未经单位处置"


async def get_satisfaction(request: web.Request) -> web.StreamResponse:
    """Show what complainants said of a period: of all, by unit, by channel."""
    period = await period_of(request)
    async with request.app[DATABASE].read() as session:
        found = await survey(session, period)
        by_unit = await survey_by(session, period, Axis.UNIT)
        by_channel = await survey_by(session, period, Axis.CHANNEL)
        names = await service.unit_names(session)
        negative = await ratings_to_correct(session, now=request.app[CLOCK]())
    context = survey_context(period, by_unit, by_channel, names)
    return show_evaluation(
        request,
        "satisfaction.html",
        period=period,
        found=found,
        negative=negative,
        ratings=SATISFACTION,
        may_correct=bool(current_user(request).roles & PUBLISHERS),
        on_paper=False,
        **context,
        **time_links(period, None),
    )


async def post_correct(request: web.Request) -> web.StreamResponse:
    """Say what was done about a negative rating. Fields: text."""
    fields = await form_fields(request)
    async with request.app[DATABASE].begin() as uow:
        await correct_rating(
            uow,
            CallbackId(path_id(request, "callback_id")),
            text=fields.get("text", ""),
            actor=current_user(request),
            now=request.app[CLOCK](),
        )
    return see_other("/evaluation/satisfaction#negative")


async def get_survey_rows(request: web.Request) -> web.StreamResponse:
    """Show who was asked and what they said, without saying who they are."""
    period = await period_of(request)
    said, axis = _said(request), _axis(request)
    key = request.query.get("key", "")
    async with request.app[DATABASE].read() as session:
        rows, after = await survey_rows(
            session, period, said, axis=axis, key=key, after=request.query.get("after")
        )
        names = await service.unit_names(session)
    if wants_json(request):
        asked = [
            {
                "ticket": row.ticket_number,
                "case": row.case_number,
                "channel": row.channel.value,
                "satisfaction": row.satisfaction,
                "solved": row.solved,
            }
            for row in rows
        ]
        return web.json_response({"asked": asked, "next": after})
    return show_evaluation(
        request,
        "survey_rows.html",
        period=period,
        said=SAID[said],
        name=group_name(axis, key, names) if axis else "",
        rows=rows,
        units=names,
        ratings=SATISFACTION,
        more=survey_link(period, said, axis, key, after=after) if after else None,
    )


def survey_context(
    period: Period,
    by_unit: Sequence[Group],
    by_channel: Sequence[Group],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the pieces about satisfaction need: groups, charts, the way to the rows."""
    groups = {
        Axis.UNIT: [(group_name(Axis.UNIT, each.key, names), each) for each in by_unit],
        Axis.CHANNEL: [(group_name(Axis.CHANNEL, each.key, names), each) for each in by_channel],
    }
    return {
        "survey_groups": groups,
        "survey_charts": {
            axis: survey_chart("满意率", [(name, each.found) for name, each in found])
            for axis, found in groups.items()
        },
        "survey_link": lambda said, axis=None, key="": survey_link(
            period, Said(said), Axis(axis) if axis else None, key
        ),
    }


def survey_link(
    period: Period, said: Said, axis: Axis | None = None, key: str = "", **more: Any
) -> str:
    """Return the address of the answers behind a number."""
    query = {"period": str(period), "said": str(said)}
    if axis is not None:
        query |= {"by": str(axis), "key": key}
    return f"/evaluation/satisfaction/rows?{urlencode(query | more)}"


def group_name(axis: Axis, key: str, names: Mapping[str, str]) -> str:
    """Return what a group of answers is called."""
    if axis is Axis.UNIT:
        return names.get(key, NO_UNIT)
    return label(Channel(key)) if key in set(Channel) else key


def _said(request: web.Request) -> Said:
    text = request.query.get("said", Said.ASKED)
    if text not in set(Said):
        raise Invalid("said", f"is none of {', '.join(Said)}")
    return Said(text)


def _axis(request: web.Request) -> Axis | None:
    text = request.query.get("by", "")
    if text and text not in set(Axis):
        raise Invalid("by", f"is none of {', '.join(Axis)}")
    return Axis(text) if text else None


ROUTES: Final = (
    Route("GET", "/evaluation/satisfaction", get_satisfaction, ASSESSORS, "evaluation.survey"),
    Route(
        "POST",
        "/evaluation/satisfaction/{callback_id}/correct",
        post_correct,
        PUBLISHERS,
        "evaluation.correct",
    ),
    Route(
        "GET",
        "/evaluation/satisfaction/rows",
        get_survey_rows,
        ASSESSORS,
        "evaluation.survey_rows",
    ),
)

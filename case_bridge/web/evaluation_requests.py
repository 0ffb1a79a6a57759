"""What an assessor's page is asked for: period, object, formula and options, from the address."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from case_bridge.evaluation.counters import NAMES
from case_bridge.evaluation.definition import PRESETS, Definition, ObjectKind
from case_bridge.evaluation.formula import check
from case_bridge.evaluation.grade import Grade
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period, PeriodKind
from case_bridge.evaluation.running import usual_period
from case_bridge.evaluation.service import Plan, fold_facts
from case_bridge.web.evaluation_labels import CHOICES, CLASSES, GRADES, KINDS, option_words
from case_bridge.web.requests import show
from hotline.kernel.errors import Invalid
from hotline.web.keys import CLOCK, DATABASE

OWN = "own"
"""The definition that is written on the page itself."""


async def period_of(request: web.Request, kind: PeriodKind = PeriodKind.MONTH) -> Period:
    """Return the period that is asked for; else the last of its kind that has cases.

    Raises:
        Invalid: if it cannot be read.
    """
    text = request.query.get("period", "")
    if text:
        return Period.parse(text)
    async with request.app[DATABASE].begin() as uow:
        await fold_facts(uow)
        return await usual_period(uow.session, kind, now=request.app[CLOCK]())


def kind_of(request: web.Request) -> ObjectKind:
    """Return the kind of object that is asked for; units if none is.

    Raises:
        Invalid: if there is no such kind.
    """
    text = request.query.get("kind", ObjectKind.UNIT)
    if text not in set(ObjectKind):
        raise Invalid("kind", f"is none of {', '.join(ObjectKind)}")
    return ObjectKind(text)


def plan_from(fields: Mapping[str, str], kind: ObjectKind, period: Period) -> Plan:
    """Return how to assess, with what the address or form chose.

    Raises:
        Invalid: if a choice is unknown, or an own formula cannot be read.
    """
    chosen = {
        name: fields[name]
        for name, (_, values) in CHOICES.items()
        if fields.get(name) and _allowed(name, fields[name], values)
    }
    usual = Plan.usual(kind, period)
    options = Options.from_payload(usual.options.to_payload() | chosen)
    return replace(usual, definition=_definition(fields, kind), options=options)


def _allowed(name: str, value: str, values: tuple[str, ...]) -> bool:
    if value not in values:
        raise Invalid(name, f"is none of {', '.join(values)}")
    return True


def _definition(fields: Mapping[str, str], kind: ObjectKind) -> Definition:
    name = fields.get("definition", "")
    if name == OWN:
        formula = fields.get("formula", "").strip()
        check(formula, NAMES, set(NAMES.values()))
        return Definition(
            name=OWN, version=1, title="自定公式", formula=formula, maximum=100, source="考核员"
        )
    presets = {each.name: each for each in PRESETS[kind]}
    if name and name not in presets:
        raise Invalid("definition", f"is none of {', '.join(presets)}")
    return presets.get(name, PRESETS[kind][0])


def address(path: str, plan: Plan, **more: Any) -> str:
    """Return the address of a page that is asked for the same plan."""
    payload = plan.options.to_payload()
    query = {"period": str(plan.period), "kind": plan.kind.value}
    query |= {name: str(payload[name]) for name in CHOICES}
    query["definition"] = plan.definition.name
    if plan.definition.name == OWN:
        query["formula"] = plan.definition.formula
    return f"{path}?{urlencode(query | {key: str(value) for key, value in more.items()})}"


def time_links(period: Period, kind: ObjectKind | None) -> dict[str, str]:
    """Return the way to the period before and behind, of the same page."""
    more = f"&kind={kind}" if kind else ""
    return {
        "earlier": f"?period={period.shifted(-1)}{more}",
        "later": f"?period={period.shifted(1)}{more}",
    }


def show_evaluation(request: web.Request, template: str, **context: Any) -> web.Response:
    """Return a page of the assessors, which finds the words of what it shows."""
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

"""The papers that are published: monthly bulletin, quarterly meeting pack, yearly file.

Whatever the form, page, workbook or PDF, they are filled from the same gathered figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation import service
from case_bridge.evaluation.assessed import assessed_kinds
from case_bridge.evaluation.counters import COUNTERS, Counter
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import MONTHS, Period, PeriodKind
from case_bridge.evaluation.repository import CountedCase
from case_bridge.evaluation.satisfaction import Satisfaction
from case_bridge.evaluation.service import Evaluation, Plan
from case_bridge.evaluation.surveys import Axis, Group, survey, survey_by
from hotline.kernel.errors import Invalid


class PaperKind(StrEnum):
    """What is published, after the period that it is for."""

    BULLETIN = "bulletin"  # 月度通报
    MEETING = "meeting"  # 季度会议材料
    YEARLY = "yearly"  # 年度卷


USUAL_PERIOD: Final[Mapping[PaperKind, PeriodKind]] = MappingProxyType(
    {
        PaperKind.BULLETIN: PeriodKind.MONTH,
        PaperKind.MEETING: PeriodKind.QUARTER,
        PaperKind.YEARLY: PeriodKind.YEAR,
    }
)

RANKED: Final[Mapping[PaperKind, tuple[ObjectKind, ...]]] = MappingProxyType(
    {
        PaperKind.BULLETIN: (
            *(ObjectKind.CENTRE, ObjectKind.DISTRICT, ObjectKind.UNIT, ObjectKind.REGION),
        ),
        PaperKind.MEETING: (ObjectKind.CENTRE, ObjectKind.DISTRICT, ObjectKind.UNIT),
        PaperKind.YEARLY: (
            *(ObjectKind.CENTRE, ObjectKind.DISTRICT, ObjectKind.UNIT, ObjectKind.DEPARTMENT),
            *(ObjectKind.REGION, ObjectKind.COMMUNITY),
        ),
    }
)

PROBLEM_COUNTERS: Final = ("overdue_open", "shelved", "deferred", "reworked")
"""What a meeting has to decide about (R82)."""

SHOWN_PROBLEMS: Final = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """A number of cases that somebody has to decide about, with the first of them."""

    counter: Counter
    number: int
    cases: tuple[CountedCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Everything a paper says."""

    kind: PaperKind
    period: Period
    rankings: Mapping[ObjectKind, Evaluation]
    survey: Satisfaction
    by_unit: tuple[Group, ...]
    by_channel: tuple[Group, ...]
    past: tuple[tuple[str, float], ...]
    """On-time closing rates of the published periods up to this one."""
    months: tuple[tuple[Period, Mapping[str, int]], ...]
    """Of a yearly file: the city's counters in each month that is published."""
    problems: tuple[Problem, ...]
    unit_names: Mapping[str, str]

    @property
    def city(self) -> Mapping[str, int]:
        """The counters of the whole city; all 0 if there was nothing to count."""
        results = self.rankings[ObjectKind.CENTRE].results
        return results[0].counters if results else dict.fromkeys(COUNTERS, 0)

    @property
    def is_published(self) -> bool:
        """Say whether every figure of it is frozen."""
        return all(each.evaluation_id for each in self.rankings.values())


async def gather(session: AsyncSession, kind: PaperKind, period: Period) -> Paper:
    """Return a paper: what was published of the period, else what the facts say now.

    Raises:
        Invalid: if a yearly file is asked for less than a year.
    """
    if kind is PaperKind.YEARLY and period.kind is not PeriodKind.YEAR:
        raise Invalid("period", f"a yearly file is of a year; write {period.year}")
    # The city's own figures are those of the centre, whoever is assessed.
    assessed = {ObjectKind.CENTRE, *await assessed_kinds(session)}
    ranked = [each for each in RANKED[kind] if each in assessed]
    rankings = {each: await _best_of(session, each, period) for each in ranked}
    decides = kind is not PaperKind.BULLETIN
    return Paper(
        kind=kind,
        period=period,
        rankings=rankings,
        survey=await survey(session, period),
        by_unit=await survey_by(session, period, Axis.UNIT),
        by_channel=await survey_by(session, period, Axis.CHANNEL),
        past=tuple(await service.past_rates(session, period)),
        months=await _months(session, period) if kind is PaperKind.YEARLY else (),
        problems=await _problems(session, rankings[ObjectKind.CENTRE]) if decides else (),
        unit_names=await service.unit_names(session),
    )


async def _best_of(session: AsyncSession, kind: ObjectKind, period: Period) -> Evaluation:
    found = await service.published(session, kind, period)
    return found or await service.evaluate(session, Plan.usual(kind, period))


async def _months(
    session: AsyncSession, year: Period
) -> tuple[tuple[Period, Mapping[str, int]], ...]:
    months = [Period(PeriodKind.MONTH, year.year, n + 1) for n in range(MONTHS[PeriodKind.YEAR])]
    found = [(each, await service.published(session, ObjectKind.CENTRE, each)) for each in months]
    return tuple(
        (month, known.results[0].counters) for month, known in found if known and known.results
    )


async def _problems(session: AsyncSession, centre: Evaluation) -> tuple[Problem, ...]:
    plan = service.plan_of(centre)
    found = []
    for each in centre.results:
        for name in PROBLEM_COUNTERS:
            rows, _ = await service.open_counter(session, plan, each.key, name)
            number = each.counters.get(name, 0)
            found.append(Problem(COUNTERS[name], number, tuple(rows[:SHOWN_PROBLEMS])))
    return tuple(found)

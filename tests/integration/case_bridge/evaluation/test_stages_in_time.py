"""In time is what the clocks of the case say: its page and the evaluation can never differ."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from case_bridge.cases.course import course_of
from case_bridge.cases.repository import Cases
from case_bridge.cases.rules import CaseRules, Stage
from case_bridge.evaluation import service
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.service import Plan
from hotline.kernel.ids import CaseId
from hotline.sla.calendar import CalendarYear
from hotline.sla.limit import Limit
from hotline.tickets.calendars import save_calendar
from tests.integration.case_bridge.city import CALENDAR, City, shanghai

MARCH = Period.parse("2026-03")
HOLIDAY = date(2026, 3, 18)  # a Wednesday
FRIDAY = 13

LIMITS = {Stage.ACCEPT: "1wh", Stage.DISPATCH: "1wh", Stage.RETURN: "1wd", Stage.CHECK: "30uh"}

# registered, filed, dispatched, returned: (day of March, hour, minute); then what was in time.
DATES = [
    # A working morning.
    ([(10, 9, 0), (10, 9, 50), (10, 10, 40), (10, 15, 0)], (True, True, True)),
    # The hour is over by a minute, twice.
    ([(10, 9, 0), (10, 10, 1), (10, 11, 2), (10, 15, 0)], (False, False, True)),
    # Over lunch no time passes.
    ([(10, 11, 40), (10, 14, 30), (10, 15, 20), (10, 17, 0)], (True, True, True)),
    # From Friday evening to Monday morning: the week-end does not count.
    (
        [(FRIDAY, 17, 50), (FRIDAY + 3, 8, 40), (FRIDAY + 3, 9, 30), (FRIDAY + 4, 9, 0)],
        (True, True, True),
    ),
    (
        [(FRIDAY, 17, 0), (FRIDAY + 3, 8, 5), (FRIDAY + 3, 9, 10), (FRIDAY + 4, 9, 20)],
        (False, False, False),
    ),
    # On a Saturday everything is early.
    (
        [(FRIDAY + 1, 9, 0), (FRIDAY + 1, 20, 0), (FRIDAY + 2, 9, 0), (FRIDAY + 3, 17, 0)],
        (True, True, True),
    ),
    # A holiday in the middle of the week.
    ([(17, 17, 30), (19, 8, 20), (19, 9, 20), (20, 9, 0)], (True, True, True)),
    ([(17, 17, 30), (19, 8, 40), (19, 9, 40), (20, 9, 50)], (False, True, False)),
]


async def set_clocks(city: City) -> None:
    """Give the city short stages and a holiday."""
    year = CalendarYear(2026, "2", "a test", {HOLIDAY: "植树假"}, {})
    async with city.database.begin() as uow:
        await save_calendar(uow, replace(CALENDAR, years=(year,)), now=city.clock())
        rules = CaseRules()
        limits = {**rules.stages, **{stage: Limit.parse(text) for stage, text in LIMITS.items()}}
        await Cases(uow.session).put_rules(replace(rules, stages=limits), now=city.clock())


async def live_through(city: City, dates: Sequence[tuple[int, int, int]]) -> CaseId:
    """Register, file, dispatch and return a case at these times."""
    registered, filed, dispatched, returned = (shanghai(*each) for each in dates)
    city.clock.now = registered
    case_id = await city.registered_case()
    city.clock.now = filed
    await city.file(case_id)
    city.clock.now = dispatched
    await city.dispatch(case_id)
    city.clock.now = returned
    await city.return_by_unit(case_id)
    return case_id


@pytest.mark.parametrize(("dates", "in_time"), DATES)
async def test_r72_in_time_is_the_same_on_the_case_and_in_the_evaluation(
    city: City, dates: Sequence[tuple[int, int, int]], in_time: tuple[bool, bool, bool]
) -> None:
    """R72, R50: results come from the system: what its clocks say, over week-ends and holidays."""
    await set_clocks(city)
    case_id = await live_through(city, dates)

    async with city.database.begin() as uow:
        course = await course_of(uow.session, case_id, now=city.clock())
        await service.fold_facts(uow)
        (centre,) = (
            await service.evaluate(uow.session, Plan.usual(ObjectKind.CENTRE, MARCH))
        ).results

    first = {run.stage: not run.is_late for run in reversed(course.stages)}
    on_page = first[Stage.ACCEPT], first[Stage.DISPATCH], first[Stage.RETURN]
    evaluated = (
        centre.counters["accepted_on_time"] == centre.counters["filed_on_time"] == 1,
        centre.counters["dispatched_on_time"] == 1,
        centre.counters["returned_late"] == 0,
    )
    assert on_page == evaluated == in_time


@pytest.mark.parametrize(("hours", "in_time"), [(29, 1), (31, 0)])
async def test_r72_a_check_is_in_time_by_the_limit_that_the_city_set(
    city: City, hours: int, in_time: int
) -> None:
    """R72, R63: thirty hours day and night, though they span a week-end."""
    await set_clocks(city)
    city.clock.now = shanghai(FRIDAY, 16)
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    city.clock.advance(timedelta(hours=hours))
    await city.inspect(case_id, passed=True)

    async with city.database.begin() as uow:
        course = await course_of(uow.session, case_id, now=city.clock())
        await service.fold_facts(uow)
        found = await service.evaluate(uow.session, Plan.usual(ObjectKind.INSPECTOR, MARCH))

    (check,) = [run for run in course.stages if run.stage is Stage.CHECK]
    (walker,) = found.results
    assert (not check.is_late) == bool(in_time)
    assert walker.counters["checked"] == 1
    assert walker.counters["checked_on_time"] == in_time

"""Lists of cases over PostgreSQL: page by page, and counted no further than a screen needs."""

from datetime import timedelta

from sqlalchemy import text, update

from case_bridge.cases import repository, service
from case_bridge.cases.case import CaseSource, Report
from case_bridge.cases.model import CaseRow
from case_bridge.cases.reading import case_counts, case_page
from case_bridge.cases.states import CaseState
from case_bridge.web.desks import counted
from hotline.kernel.db import Database
from hotline.tickets.lists import Sort
from tests.conftest import FakeClock


async def register(database: Database, clock: FakeClock, count: int) -> list[str]:
    """Register cases, two of each moment; return their numbers."""
    numbers = []
    for turn in range(count):
        clock.advance(timedelta(seconds=turn % 2))
        report = Report(
            source=CaseSource.INSPECTOR, subject=f"井盖缺失{turn}", body="巡查发现", place="东街"
        )
        async with database.begin() as uow:
            numbers.append((await service.register_case(uow, report, now=clock())).number)
    return numbers


async def test_pages_of_all_cases_meet_without_gap_or_double(
    database: Database, clock: FakeClock
) -> None:
    numbers = await register(database, clock, 7)
    seen, after = [], None
    async with database.read() as session:
        while True:
            page = await case_page(session, list(CaseState), after=after, limit=2, now=clock())
            seen += [line.number for line in page.lines]
            after = page.next_cursor
            if after is None:
                break

    assert sorted(seen) == numbers
    assert len(seen) == 7


async def test_by_due_time_the_most_urgent_is_first_and_what_has_none_is_last(
    database: Database, clock: FakeClock
) -> None:
    numbers = await register(database, clock, 5)
    due = [clock() + timedelta(hours=hours) for hours in (3, 1, 2)]
    async with database.begin() as uow:
        for number, at in zip(numbers, due, strict=False):
            await uow.session.execute(
                update(CaseRow).where(CaseRow.number == number).values(due_at=at)
            )
    seen, after = [], None
    async with database.read() as session:
        while True:
            page = await case_page(
                session, list(CaseState), sort=Sort.DUE, after=after, limit=1, now=clock()
            )
            seen += [line.number for line in page.lines]
            after = page.next_cursor
            if after is None:
                break

    assert seen[:3] == [numbers[1], numbers[2], numbers[0]]
    assert sorted(seen[3:]) == numbers[3:]


async def test_a_list_of_all_cases_is_walked_in_its_order(
    database: Database, clock: FakeClock
) -> None:
    await register(database, clock, 3)
    async with database.read() as session:
        page = await case_page(session, list(CaseState), limit=2, now=clock())
        # With a handful of rows the planner would rather sort: what matters is that it need not.
        await session.execute(text("SET LOCAL enable_sort = off"))
        plan = await session.scalars(
            text("EXPLAIN SELECT id FROM cases ORDER BY registered_at, id LIMIT 50")
        )

    assert page.next_cursor is not None
    assert "ix_cases_listed" in "\n".join(plan)


async def test_nobody_counts_beyond_what_a_screen_shows(
    database: Database, clock: FakeClock, monkeypatch
) -> None:
    await register(database, clock, 4)
    async with database.read() as session:
        exact = await case_counts(session)
        monkeypatch.setattr(repository, "MOST_COUNTED", 3)
        bounded = await case_counts(session)

    assert exact == {CaseState.REGISTERED: 4}
    assert bounded == {CaseState.REGISTERED: 3}


def test_a_number_that_was_not_counted_to_its_end_says_so() -> None:
    assert [counted(number) for number in (0, 10_000, 10_001)] == ["0", "10000", "10000+"]

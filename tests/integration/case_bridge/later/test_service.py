"""Extension, deferral and shelving over whole cases, with every receipt kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from case_bridge.cases import service as case_service
from case_bridge.cases.case import Actor
from case_bridge.cases.handling import guard_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.rules import CaseRules, ExtensionRule, FilingBase, StreetRule
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.later import service as later
from case_bridge.later.provisional import reckon_provisional
from case_bridge.later.reading import (
    application_problems,
    problem_pool,
    requests_of_case,
    waiting_requests,
)
from case_bridge.later.request import Application, LaterKind
from case_bridge.later.states import RequestState
from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId
from hotline.sla.calendar import CalendarYear
from hotline.sla.limit import Limit
from hotline.tickets.calendars import save_calendar
from tests.integration.case_bridge.city import CALENDAR, City, person, shanghai

S, T, K = CaseState, CaseTrigger, LaterKind

HEAD = person("分管县长", Role.LEADER)


async def dispatched(city: City, **changes: Any) -> CaseId:
    """A case with four working hours, with the unit since now."""
    case_id = await city.registered_case(**{"condition": "BROKEN"} | changes)
    await city.file(case_id)
    await city.dispatch(case_id)
    return case_id


async def ask(
    city: City, case_id: CaseId, kind: LaterKind, *, actor: Actor | None = None, **changes: Any
) -> UUID:
    words: dict[str, Any] = {"reason": "管线交叉，需先迁改", "unit_leader": "王处长"}
    if kind is K.EXTENSION:
        words["extension"] = Limit.parse("4wh")
    async with city.database.begin() as uow:
        return await later.apply_for(
            uow,
            case_id,
            Application(kind=kind, **words | changes),
            actor=actor or city.unit,
            now=city.clock(),
        )


async def grant(city: City, request_id: UUID, actor: Actor, **changes: Any) -> None:
    async with city.database.begin() as uow:
        await later.approve_request(uow, request_id, actor=actor, now=city.clock(), **changes)


async def confirm(city: City, request_id: UUID) -> None:
    async with city.database.begin() as uow:
        await later.verify_request(
            uow, request_id, text="现场核实，情况属实", actor=city.dispatcher, now=city.clock()
        )


async def shelve(city: City, case_id: CaseId, **changes: Any) -> None:
    request_id = await ask(city, case_id, K.SHELVING, **changes)
    await confirm(city, request_id)
    await grant(city, request_id, city.desk)


async def resume(city: City, case_id: CaseId, actor: Actor | None = None) -> None:
    async with city.database.begin() as uow:
        await later.resume_case(
            uow, case_id, text="条件具备", actor=actor or city.unit, now=city.clock()
        )


async def set_rules(city: City, rules: CaseRules) -> None:
    async with city.database.begin() as uow:
        await Cases(uow.session).put_rules(rules, now=city.clock())


async def test_an_extension_moves_the_deadline_and_closing_inside_it_is_on_time(
    city: City,
) -> None:
    """R51, R52, R54: asked for in writing with the leader's name, at most once the limit."""
    case_id = await dispatched(city)  # Wednesday 10:00, four working hours: 16:00
    assert (await city.case(case_id)).due_at == shanghai(11, 16)

    await grant(city, await ask(city, case_id, K.EXTENSION), city.desk)

    case = await city.case(case_id)
    assert case.due_at == shanghai(12, 10)
    city.clock.now = shanghai(11, 17)
    await city.handle(case_id)
    await city.inspect(case_id, passed=True)
    await city.close(case_id)
    case = await city.case(case_id)
    assert case.clock_stopped_at is not None
    assert case.due_at is not None
    assert case.clock_stopped_at <= case.due_at


async def test_the_recomputed_receipt_is_stored_and_the_old_one_stays_in_the_history(
    city: City,
) -> None:
    """R52: every extension is in the receipt."""
    case_id = await dispatched(city)
    before = (await city.case(case_id)).receipt

    await grant(city, await ask(city, case_id, K.EXTENSION), city.desk)

    case, step = await city.case(case_id), (await city.history(case_id))[-1]
    assert (step.trigger, step.state) == (T.EXTEND, S.DISPATCHED)
    assert step.detail["previous"] == before
    assert step.detail["receipt"] == case.receipt
    assert case.receipt is not None
    assert case.receipt["limit"] == "8wh"
    assert CASE.replay(row.trigger for row in await city.history(case_id)) is case.state


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit_leader": " "}, "unit_leader"),
        ({"reason": ""}, "reason"),
        ({"extension": None}, "extension"),
        ({"extension": Limit.parse("5wh")}, "extension"),
        ({"extension": Limit.parse("1wd")}, "extension"),
    ],
    ids=["no leader", "no reason", "no length", "more than once the limit", "another clock"],
)
async def test_an_application_against_the_rule_is_refused(
    city: City, changes: dict[str, Any], field: str
) -> None:
    """R51, R54."""
    case_id = await dispatched(city)

    with pytest.raises(Invalid) as refused:
        await ask(city, case_id, K.EXTENSION, **changes)
    assert refused.value.field == field


async def test_a_case_is_extended_as_often_as_the_city_says(city: City) -> None:
    """R54: once by default; however often, all together are at most the original limit."""
    case_id = await dispatched(city)
    three, two, one = (Limit.parse(text) for text in ("3wh", "2wh", "1wh"))
    await grant(city, await ask(city, case_id, K.EXTENSION, extension=three), city.desk)

    with pytest.raises(Conflict):
        await ask(city, case_id, K.EXTENSION, extension=one)

    await set_rules(city, CaseRules(extension=ExtensionRule(per_case=2)))
    with pytest.raises(Invalid) as refused:
        await ask(city, case_id, K.EXTENSION, extension=two)
    assert refused.value.field == "extension"
    await grant(city, await ask(city, case_id, K.EXTENSION, extension=one), city.desk)
    assert (await city.case(case_id)).due_at == shanghai(12, 10)


async def test_a_unit_that_is_late_does_not_become_punctual_by_applying(city: City) -> None:
    """R52: asked for up to the deadline, never after it; granted later all the same."""
    case_id, late = await dispatched(city), await dispatched(city)
    city.clock.now = shanghai(11, 16)
    request_id = await ask(city, case_id, K.EXTENSION)
    city.clock.advance(timedelta(minutes=1))

    with pytest.raises(Conflict, match="past"):
        await ask(city, late, K.EXTENSION)
    async with city.database.read() as session:
        problems = await application_problems(session, late, now=city.clock())
    assert problems[K.EXTENSION] == "已超过处置截止时间，不能申请延期"
    assert problems[K.SHELVING] == ""
    await grant(city, request_id, city.desk)
    assert (await city.case(case_id)).due_at == shanghai(12, 10)


async def test_above_ten_percent_of_the_cases_filed_this_month_it_warns(city: City) -> None:
    """R53: the tenth part of the unit's own cases is one of ten; the second warns."""
    cases = [await dispatched(city) for _ in range(10)]

    await ask(city, cases[0], K.EXTENSION)
    await ask(city, cases[1], K.EXTENSION)

    async with city.database.read() as session:
        (first,) = await requests_of_case(session, cases[0])
        (second,) = await requests_of_case(session, cases[1])
    assert first.warning == ""
    assert second.warning == "同期立案10件，已有延期1件，再延期一件将超过10%"


async def test_a_city_may_block_instead_and_count_everybodys_cases(city: City) -> None:
    """R53: whose cases count, and whether it blocks, are options."""
    rule = ExtensionRule(base=FilingBase.ALL, blocks=True)
    await set_rules(city, CaseRules(extension=rule))
    case_id = await dispatched(city)

    with pytest.raises(Conflict, match="10%"):
        await ask(city, case_id, K.EXTENSION)


async def test_an_approver_who_approves_himself_is_refused(city: City) -> None:
    """R51: neither one's own application nor one's own unit's; the truth stays as it is."""
    case_id = await dispatched(city)
    both = replace(city.unit, roles=frozenset({Role.UNIT, Role.SHIFT_LEADER}))
    request_id = await ask(city, case_id, K.EXTENSION, actor=both)
    colleague = person("同事", Role.SHIFT_LEADER, unit_id=city.units["drain"])

    for who in (both, colleague):
        with pytest.raises(Forbidden):
            await grant(city, request_id, who)

    assert (await city.case(case_id)).due_at == shanghai(11, 16)
    assert len(await city.history(case_id)) == 2


async def test_a_unit_does_not_approve_and_another_unit_does_not_apply(city: City) -> None:
    """R51, R54: the centre decides."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.EXTENSION)

    with pytest.raises(Forbidden):
        await grant(city, request_id, city.handler("clean"))
    with pytest.raises(Forbidden):
        await ask(city, case_id, K.EXTENSION, actor=city.handler("clean"))


async def test_what_was_answered_is_not_answered_again(city: City) -> None:
    """R54: two approvers at once move the deadline once."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.EXTENSION)
    await grant(city, request_id, city.desk)

    with pytest.raises(Conflict):
        await grant(city, request_id, city.desk)
    assert (await city.case(case_id)).due_at == shanghai(12, 10)


async def test_an_application_falls_when_the_unit_has_handled_the_case(city: City) -> None:
    """R52: there is nothing left to extend."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.EXTENSION)
    await city.handle(case_id)

    with pytest.raises(Conflict):
        await grant(city, request_id, city.desk)
    async with city.database.read() as session:
        assert await waiting_requests(session, list(K)) == []


async def test_a_refusal_has_its_reason_and_a_unit_may_withdraw(city: City) -> None:
    """R51: written application, written answer."""
    first, second = await dispatched(city), await dispatched(city)
    refused, withdrawn = await ask(city, first, K.EXTENSION), await ask(city, second, K.EXTENSION)
    async with city.database.begin() as uow:
        await later.refuse_request(
            uow, refused, text="理由不充分", actor=city.desk, now=city.clock()
        )
        await later.withdraw_request(uow, withdrawn, actor=city.unit, now=city.clock())

    async with city.database.read() as session:
        (one,) = await requests_of_case(session, first)
        (other,) = await requests_of_case(session, second)
    assert (one.state, one.decision_words) == (RequestState.REFUSED, "理由不充分")
    assert other.state is RequestState.WITHDRAWN


async def test_a_deferral_is_signed_by_the_leader_and_leaves_the_yearly_assessment(
    city: City,
) -> None:
    """R55, R75: approval with signature of the leader in charge; the clock stands still."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.DEFERRAL)

    with pytest.raises(Forbidden):
        await grant(city, request_id, city.desk, signature="罗建华")
    with pytest.raises(Invalid):
        await grant(city, request_id, HEAD)
    await grant(city, request_id, HEAD, signature="董国强")

    case = await city.case(case_id)
    async with city.database.read() as session:
        noted = await Cases(session).noted([case_id])
        (request,) = await requests_of_case(session, case_id)
    assert (case.state, case.clock_stopped_at) == (S.DEFERRED, city.clock())
    assert noted[case_id].is_deferred
    assert request.signature == "董国强"


async def test_a_pause_neither_loses_nor_gains_time(city: City) -> None:
    """R55: two hours before the pause and two after it are the four hours of the limit."""
    case_id = await dispatched(city)  # 10:00
    city.clock.now = shanghai(11, 12)
    await grant(city, await ask(city, case_id, K.DEFERRAL), HEAD, signature="董国强")
    city.clock.now = shanghai(16, 8)  # Monday

    await resume(city, case_id)

    case = await city.case(case_id)
    assert (case.state, case.due_at, case.clock_stopped_at) == (S.HANDLING, shanghai(16, 10), None)
    assert case.receipt is not None
    assert [pause["reason"] for pause in case.receipt["pauses"]] == ["缓办"]
    assert (await city.history(case_id))[-1].detail["previous"]["pauses"] == []


async def test_shelving_is_explained_by_the_unit_verified_and_granted_by_the_centre(
    city: City,
) -> None:
    """R56: into the problem pool, with the clock stopped."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.SHELVING)
    with pytest.raises(Conflict):
        await grant(city, request_id, city.desk)

    await confirm(city, request_id)
    await grant(city, request_id, city.desk)

    city.clock.advance(timedelta(days=9))
    async with city.database.read() as session:
        pool = await problem_pool(session, now=city.clock())
    assert [(e.number, e.unit_name, e.days) for e in pool.entries] == [
        ("26031100001", "排水公司", 9)
    ]
    assert (dict(pool.by_unit), pool.longest_days) == ({"排水公司": 1}, 9)


async def test_a_shelved_case_resumes_on_its_date_and_only_once(city: City) -> None:
    """R56: resumes automatically."""
    case_id = await dispatched(city)
    until = shanghai(20, 8)
    await shelve(city, case_id, until=until)
    assert await later.resume_due(city.database, now=until - timedelta(minutes=1)) == 0
    city.clock.now = until

    assert await later.resume_due(city.database, now=city.clock()) == 1
    assert await later.resume_due(city.database, now=city.clock()) == 0

    case = await city.case(case_id)
    assert (case.state, case.due_at) == (S.HANDLING, shanghai(20, 12))
    async with city.database.read() as session:
        assert (await problem_pool(session, now=city.clock())).entries == ()
    with pytest.raises(Conflict):
        await shelve(city, case_id)


async def test_a_case_is_not_shelved_for_longer_than_the_city_allows(city: City) -> None:
    """R56: a year by default."""
    case_id = await dispatched(city)

    with pytest.raises(Invalid):
        await ask(city, case_id, K.SHELVING, until=city.clock() + timedelta(days=366))
    with pytest.raises(Invalid):
        await ask(city, case_id, K.SHELVING, until=city.clock())


async def test_a_case_that_was_shelved_without_a_date_is_taken_up_after_a_year(city: City) -> None:
    """R56: an open end is the longest that the city allows, not for ever."""
    case_id = await dispatched(city)
    await shelve(city, case_id)
    longest = city.clock() + timedelta(days=365)
    assert await later.resume_due(city.database, now=longest - timedelta(minutes=1)) == 0

    assert await later.resume_due(city.database, now=longest) == 1

    assert (await city.case(case_id)).state is S.HANDLING


async def test_a_date_that_passed_before_the_approval_is_not_granted(city: City) -> None:
    """R55, R56: the unit asks anew; nothing stands still until yesterday."""
    case_id = await dispatched(city)
    request_id = await ask(city, case_id, K.DEFERRAL, until=city.clock() + timedelta(hours=1))
    city.clock.advance(timedelta(hours=1))

    with pytest.raises(Conflict):
        await grant(city, request_id, HEAD, signature="董国强")

    case = await city.case(case_id)
    assert (case.state, case.clock_stopped_at) == (S.DISPATCHED, None)


async def test_another_unit_does_not_resume_and_nothing_runs_twice(city: City) -> None:
    """R56: by hand, by those who may."""
    case_id = await dispatched(city)
    await shelve(city, case_id)

    with pytest.raises(Forbidden):
        await resume(city, case_id, city.handler("clean"))
    await resume(city, case_id, city.dispatcher)
    with pytest.raises(Conflict):
        await resume(city, case_id, city.dispatcher)


async def test_a_shelved_case_that_is_force_closed_leaves_the_pool(city: City) -> None:
    """R56: the leader's privilege, with a reason and an audit row."""
    case_id = await dispatched(city)
    await shelve(city, case_id)
    async with city.database.begin() as uow:
        await case_service.force_end(
            uow, case_id, T.FORCE_CLOSE, reason="片区整体拆迁", actor=HEAD, now=city.clock()
        )

    async with city.database.read() as session:
        assert (await problem_pool(session, now=city.clock())).entries == ()
        assert (await audit.head(session)).seq == 1
    case = await city.case(case_id)
    assert (case.state, case.result) == (S.CLOSED, "片区整体拆迁")


async def test_street_facilities_know_no_extension_and_are_guarded_before_a_pause(
    city: City,
) -> None:
    """R45: the 24 hours are absolute."""
    await set_rules(city, CaseRules(street=StreetRule(codes=("facility:0101-0112",))))
    case_id = await dispatched(city)

    with pytest.raises(Conflict, match="24-hour"):
        await ask(city, case_id, K.EXTENSION)
    with pytest.raises(Conflict, match="guard"):
        await ask(city, case_id, K.DEFERRAL)
    async with city.database.read() as session:
        problems = await application_problems(session, case_id, now=city.clock())
    assert problems[K.EXTENSION] == "道路设施须在24小时内处置，不得延期"
    assert problems[K.DEFERRAL] == "须先采取安全防护措施"

    async with city.database.begin() as uow:
        await guard_case(uow, case_id, text="已围挡", actor=city.unit, now=city.clock())
    await ask(city, case_id, K.DEFERRAL)


async def publish_new_year(city: City) -> None:
    new_year = CalendarYear(2027, "1", "a notice", {date(2027, 1, 1): "元旦"}, {})
    async with city.database.begin() as uow:
        await save_calendar(
            uow, replace(CALENDAR, years=(*CALENDAR.years, new_year)), now=city.clock()
        )


async def test_what_was_closed_meanwhile_is_judged_by_the_published_calendar(city: City) -> None:
    """R42, R71: handled on the 4th, in time once the 1st turns out to be a holiday."""
    city.clock.now = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)
    case_id, voided = await dispatched(city), await dispatched(city)
    async with city.database.begin() as uow:
        await case_service.force_end(
            uow, voided, T.FORCE_VOID, reason="重复", actor=HEAD, now=city.clock()
        )
    city.clock.now = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)  # Monday 09:00 in Shanghai
    await city.handle(case_id)
    await city.inspect(case_id, passed=True)
    await city.close(case_id)
    before = await city.case(case_id)
    assert before.due_at is not None
    assert before.clock_stopped_at is not None
    assert before.clock_stopped_at > before.due_at

    await publish_new_year(city)
    moved = [await reckon_provisional(city.database, now=city.clock()) for _ in range(2)]

    after = await city.case(case_id)
    assert moved == [1, 0]
    assert (after.state, after.clock_stopped_at) == (S.CLOSED, before.clock_stopped_at)
    assert after.due_at == datetime(2027, 1, 4, 2, 0, tzinfo=UTC)
    assert (await city.case(voided)).due_at == before.due_at, "nobody asks any more"


async def test_the_clock_of_a_stage_is_computed_again_too(city: City) -> None:
    """R62, O15: the desk's four hours do not run on the holiday."""
    city.clock.now = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)
    case_id = await city.registered_case()
    async with city.database.read() as session:
        provisional = await Cases(session).open_stage(case_id)
    assert provisional is not None
    assert provisional.due_at == datetime(2027, 1, 1, 2, 0, tzinfo=UTC)

    await publish_new_year(city)
    moved = [await reckon_provisional(city.database, now=city.clock()) for _ in range(2)]

    async with city.database.read() as session:
        stage = await Cases(session).open_stage(case_id)
        assert (await audit.head(session)).seq == 1
    assert stage is not None
    assert moved == [1, 0]
    assert stage.due_at == datetime(2027, 1, 4, 2, 0, tzinfo=UTC)


async def test_deadlines_are_computed_again_once_a_calendar_is_published(city: City) -> None:
    """R42: a provisional deadline moves with an audit row; the old receipt stays."""
    city.clock.now = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)  # Thursday 16:00 in Shanghai
    case_id = await dispatched(city)
    provisional = await city.case(case_id)
    assert provisional.receipt is not None
    assert provisional.receipt["provisional"]
    assert await reckon_provisional(city.database, now=city.clock()) == 0

    await publish_new_year(city)
    moved = [await reckon_provisional(city.database, now=city.clock()) for _ in range(2)]

    case, step = await city.case(case_id), (await city.history(case_id))[-1]
    assert moved == [2, 0], "the unit's deadline, and until when it may return the case"
    assert provisional.due_at == datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
    assert case.due_at == datetime(2027, 1, 4, 2, 0, tzinfo=UTC)  # the next Monday
    assert (step.trigger, step.actor_id) == (T.RECKON, None)
    assert step.detail["previous"] == provisional.receipt
    async with city.database.read() as session:
        assert (await audit.head(session)).seq == 2

"""Evaluating a city, publishing, comparing: what was said once stays said."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select, update

from case_bridge.cases.case import HOUSE
from case_bridge.cases.model import CaseHistoryRow, CaseRow
from case_bridge.cases.record import move_case
from case_bridge.cases.states import CaseTrigger
from case_bridge.evaluation import service
from case_bridge.evaluation.comparing import compare
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.model import CaseFactRow, EvaluationRow
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.score import stored_values
from case_bridge.evaluation.service import Evaluation, Plan
from case_bridge.evaluation.surveys import survey
from config.explain import explain_stored_score
from hotline.accounts import audit
from hotline.callbacks.model import CallbackRow
from hotline.callbacks.states import CallbackState
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import TicketId, new_id
from tests.fakes.people import user
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.month import MARCH, hire_a_contractor, work_a_month


async def evaluated(city: City, plan: Plan) -> Evaluation:
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        return await service.evaluate(uow.session, plan)


async def publish(city: City, kind: ObjectKind = ObjectKind.UNIT, reason: str = "") -> None:
    async with city.database.begin() as uow:
        await service.publish(
            uow, Plan.usual(kind, MARCH), reason=reason, actor=user("考核员"), now=city.clock()
        )


async def standing(city: City, kind: ObjectKind = ObjectKind.UNIT) -> Evaluation:
    async with city.database.read() as session:
        found = await service.published(session, kind, MARCH)
    assert found is not None
    return found


async def test_r70_r71_a_month_of_two_units_is_ranked(city: City) -> None:
    """R70, R71: rework counts per unit, and the score is article 26's to the digit."""
    await work_a_month(city)

    found = await evaluated(city, Plan.usual(ObjectKind.UNIT, MARCH))

    best, second = found.results
    assert (best.name, second.name) == ("环卫处", "排水公司")
    # 1/1 x 40 + 1/1 x 30 + 1/2 x 20; and 1/3 x 40 + 2/3 x 30 + 2/2 x 20 - 1/3 x 10
    assert (best.score, second.score) == (Decimal("80.00"), Decimal("50.00"))
    assert second.counters["reworked"] == 1
    assert stored_values(second.counters)["reverse_rank"] == Fraction(2)


async def test_r79_every_kind_of_object_is_assessed(city: City) -> None:
    """R79: region, department, post, inspector and the centre itself."""
    await hire_a_contractor(city)
    await work_a_month(city)

    for kind in ObjectKind:
        found = await evaluated(city, Plan.usual(kind, MARCH))
        assert found.results, kind
        scores = [each.score for each in found.results if each.score is not None]
        assert all(0 <= score <= 100 for score in scores)
    posts = await evaluated(city, Plan.usual(ObjectKind.POST, MARCH))
    assert {each.key.partition(":")[0] for each in posts.results} == {
        *("file", "dispatch", "close", "check"),
    }


async def test_a_period_that_is_not_over_is_not_published(city: City) -> None:
    with pytest.raises(Conflict, match="wait for it"):
        await publish(city)


async def test_r72_published_results_keep_definition_options_and_figures(city: City) -> None:
    """R72: what was published says how it was reckoned, and is in the audit log."""
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    await publish(city)

    found = await standing(city)
    again = await evaluated(city, Plan.usual(ObjectKind.UNIT, MARCH))

    assert found.definition.name == "suning-003"
    assert found.options == Options()
    assert found.inputs_hash == again.inputs_hash
    assert found.results == again.results
    async with city.database.read() as session:
        assert await audit.verify(session) == []
        assert (await audit.head(session)).seq == 1
        text = await explain_stored_score(session, ObjectKind.UNIT, "2026-03", "排水公司")
        assert "1 ÷ 3 × 40" in text
        assert "综合得分 50.00" in text
        with pytest.raises(NotFound, match="排水公司"):
            await explain_stored_score(session, ObjectKind.UNIT, "2026-03", "no such unit")


async def test_recomputation_shows_the_difference_and_overwrites_nothing(city: City) -> None:
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    await publish(city)
    before = await standing(city)
    # What happened in March, and was entered late: the log now says more than it did then.
    async with city.database.begin() as uow:
        opened = await uow.session.scalar(select(CaseRow).where(CaseRow.closed_at.is_(None)))
        assert opened is not None
        await move_case(
            uow, opened, CaseTrigger.FORCE_CLOSE, actor=HOUSE, now=MARCH.ends - timedelta(days=1)
        )
        await uow.session.flush()
        await service.fold_facts(uow, whole=True)

    async with city.database.read() as session:
        found = await compare(session, before)

    assert found.inputs_changed
    [difference] = found.differences
    assert difference.name == "排水公司"
    assert difference.counters["closed"] == (2, 3)
    assert (difference.score_before, difference.score_now) == (Decimal("50.00"), Decimal("60.00"))
    assert await standing(city) == before


async def test_a_correction_is_a_revision_with_a_reason(city: City) -> None:
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    await publish(city)
    with pytest.raises(Invalid, match="reason"):
        await publish(city)
    with pytest.raises(Conflict, match="revision 1 says the same"):
        await publish(city, reason="再来一次")
    async with city.database.begin() as uow:
        await service.publish(
            uow,
            Plan(
                ObjectKind.UNIT,
                MARCH,
                Plan.usual(ObjectKind.UNIT, MARCH).definition,
                Options(should_close=ShouldClose.DUE),
            ),
            reason="改按到期口径",
            actor=user("考核员"),
            now=city.clock(),
        )

    async with city.database.read() as session:
        found = await service.revisions(session, ObjectKind.UNIT, MARCH)
        first = await service.published(session, ObjectKind.UNIT, MARCH, revision=1)
    assert [(number, reason) for number, _, reason in found] == [(2, "改按到期口径"), (1, "")]
    assert (await standing(city)).revision == 2
    assert first is not None
    assert first.options == Options()


async def test_two_assessors_at_once_publish_once(city: City) -> None:
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))

    answers = await asyncio.gather(publish(city), publish(city), return_exceptions=True)

    assert sorted(type(each).__name__ for each in answers) == ["Invalid", "NoneType"]
    assert (await standing(city)).revision == 1


async def test_a_published_row_cannot_be_changed(city: City) -> None:
    await work_a_month(city)
    city.clock.advance(timedelta(days=30))
    await publish(city)
    evaluation_id = (await standing(city)).evaluation_id

    async with city.database.read() as session:
        row = await session.get(EvaluationRow, evaluation_id)
        assert row is not None
        row.inputs_hash = "another"
        with pytest.raises(RuntimeError, match="only grows"):
            await session.flush()


async def test_r75_a_deferred_case_is_out_of_the_assessment(city: City) -> None:
    """R75: 缓办案件不再计入年度考核范围 (003 a27)."""
    await work_a_month(city)
    plan = Plan.usual(ObjectKind.UNIT, MARCH)
    with_it = await evaluated(city, plan)
    async with city.database.begin() as uow:
        await uow.session.execute(
            update(CaseFactRow)
            .where(CaseFactRow.closed_at.is_(None))
            .values(deferred_at=city.clock())
        )
        without = await service.evaluate(uow.session, plan)

    should = [
        {r.name: r.counters["should_close"] for r in each.results} for each in (with_it, without)
    ]
    assert should == [{"环卫处": 1, "排水公司": 3}, {"环卫处": 1, "排水公司": 2}]


async def test_a_number_opens_its_cases(city: City) -> None:
    await work_a_month(city)
    plan = Plan.usual(ObjectKind.UNIT, MARCH)
    await evaluated(city, plan)
    key = str(city.units["drain"])

    async with city.database.read() as session:
        rows, after = await service.open_counter(session, plan, key, "reworked")
        with pytest.raises(Invalid, match="no counter"):
            await service.open_counter(session, plan, key, "everything")
        with pytest.raises(Invalid, match="after"):
            await service.open_counter(session, plan, key, "closed", after="1; drop table")

    assert [(row.reworks, row.unit_id) for row in rows] == [(1, city.units["drain"])]
    assert after is None


async def test_the_order_of_commits_does_not_hide_a_late_move(city: City) -> None:
    case_id = await city.registered_case()
    city.clock.advance(timedelta(minutes=50))
    await city.closed_case()
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        # A transaction that began 50 minutes ago commits only now.
        uow.session.add(
            CaseHistoryRow(
                id=new_id(),
                case_id=case_id,
                sequence=1,
                round=1,
                trigger="verify",
                state="verifying",
                actor_name="值班长",
                actor_roles=[],
                text="",
                detail={},
                occurred_at=city.clock() - timedelta(minutes=50),
            )
        )
        case = await uow.session.get(type(await city.case(case_id)), case_id)
        assert case is not None
        case.sequence = 1
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        fact = await uow.session.get(CaseFactRow, (case_id, 1, MARCH.ends))
        assert fact is not None
        assert fact.verify_asked_at is not None


async def test_r80_satisfaction_counts_who_was_asked_and_who_answered(city: City) -> None:
    """R80: of all, and of the unit whose case it was; a cancelled callback asked nobody."""
    answers = [(1, 1), (2, 5), (None, None)]
    for solved, satisfaction in answers:
        ticket_id = await city.transferred_ticket()
        await city.run_jobs()
        await city.finish(await city.case_of(ticket_id))
        await add_callback(city, ticket_id, solved=solved, satisfaction=satisfaction)
    await add_callback(
        city, await city.transferred_ticket(), state=CallbackState.CANCELLED, satisfaction=5
    )
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        everybody = await survey(uow.session, MARCH)
        drains = await survey(uow.session, MARCH, unit_id=str(city.units["drain"]))
        cleaners = await survey(uow.session, MARCH, unit_id=str(city.units["clean"]))

    assert everybody == drains
    assert (drains.asked, drains.answered, drains.rated) == (3, 2, 2)
    assert (drains.solved_yes, drains.solved_no, drains.rate) == (1, 1, 0.5)
    assert (cleaners.asked, cleaners.rate) == (0, None)


async def add_callback(
    city: City,
    ticket_id: TicketId,
    *,
    state: CallbackState = CallbackState.ANSWERED,
    solved: int | None = None,
    satisfaction: int | None = None,
) -> None:
    async with city.database.begin() as uow:
        uow.session.add(
            CallbackRow(
                ticket_id=ticket_id,
                round=1,
                state=state,
                policy={},
                ladder=[],
                scheduled_at=city.clock(),
                solved=solved,
                satisfaction=satisfaction,
                correct_by=city.clock() if satisfaction and satisfaction >= 4 else None,
            )
        )

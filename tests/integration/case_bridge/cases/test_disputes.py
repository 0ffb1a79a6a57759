"""Who is responsible: dispute, meeting, decision, helpers, emergencies, enforcement."""

from typing import Any

import pytest

from case_bridge.cases import disputes, service
from case_bridge.cases.course import course_of, helps_wanted, is_concerned
from case_bridge.cases.notice import DecisionKind
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.watch import ownerless_cases
from hotline.accounts.roles import Role
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.city import City, person

S, T, D = CaseState, CaseTrigger, DecisionKind


async def dispatched(city: City) -> CaseId:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    return case_id


async def dispute(city: City, case_id: CaseId, **changes: Any) -> None:
    async with city.database.begin() as uow:
        await disputes.open_dispute(
            uow,
            case_id,
            **{"reason": "井盖权属不清", "actor": city.unit, "now": city.clock()} | changes,
        )


async def meet(city: City, case_id: CaseId) -> None:
    async with city.database.begin() as uow:
        await disputes.hold_meeting(
            uow,
            case_id,
            unit_ids=[city.units["drain"], city.units["clean"]],
            minutes="现场确认井盖标识为雨水",
            actor=city.dispatcher,
            now=city.clock(),
        )


async def decide(
    city: City, case_id: CaseId, decision: DecisionKind = D.AGREED, unit: str = "clean"
) -> None:
    async with city.database.begin() as uow:
        await disputes.decide_dispute(
            uow,
            case_id,
            decision=decision,
            unit_id=city.units[unit],
            words="按现场标识确定",
            actor=city.dispatcher,
            now=city.clock(),
        )


async def test_a_dispute_is_met_on_the_site_and_decided_and_the_history_replays(
    city: City,
) -> None:
    """R58, R59, R60: the first receiver applies, the centre fixes it on site, on record."""
    case_id = await dispatched(city)
    await dispute(city, case_id)
    await meet(city, case_id)
    await decide(city, case_id)

    case = await city.case(case_id)
    async with city.database.read() as session:
        course = await course_of(session, case_id, now=city.clock())
    (record,) = course.disputes
    assert (case.state, case.unit_id) == (S.DISPATCHED, city.units["clean"])
    assert record.present == ("排水公司", "环卫处")
    assert (record.decision, record.decided_unit) == (D.AGREED, "环卫处")
    assert course.marks.binding_unit_id == city.units["clean"]
    history = await city.history(case_id)
    assert [row.trigger for row in history][-3:] == [T.DISPUTE, T.MEET, T.DECIDE]
    assert history[-1].text == "协商一致，由环卫处负责"
    assert CASE.replay(row.trigger for row in history) is case.state


async def test_without_a_meeting_nothing_is_decided(city: City) -> None:
    """R58: the units come to the site first."""
    case_id = await dispatched(city)
    await dispute(city, case_id)

    with pytest.raises(Conflict):
        await decide(city, case_id)
    assert (await city.case(case_id)).state is S.DISPUTED


async def test_a_decision_without_a_dispute_is_refused(city: City) -> None:
    """R60."""
    case_id = await dispatched(city)

    with pytest.raises(Conflict):
        await decide(city, case_id)


async def test_a_unit_that_refuses_a_binding_decision_is_flagged(city: City) -> None:
    """R60: 000 a24, strictly carried out; what comes after is a fact for accountability (R110)."""
    case_id = await dispatched(city)
    await dispute(city, case_id)
    await meet(city, case_id)
    await decide(city, case_id, unit="drain")

    await city.return_by_unit(case_id)

    assert (await city.history(case_id))[-1].reason_code == "against_decision"


async def test_a_substitute_is_named_where_nobody_agrees(city: City) -> None:
    """R61: 000 a25."""
    case_id = await dispatched(city)
    await dispute(city, case_id)
    await meet(city, case_id)
    await decide(city, case_id, D.SUBSTITUTE)

    assert (await city.history(case_id))[-1].text == "协商不成，指定环卫处代为整改"


async def test_what_belongs_to_nobody_goes_to_the_territory_in_a_class_of_its_own(
    city: City,
) -> None:
    """R57: 002i a9; straight from the dispatcher's desk."""
    case_id = await city.registered_case()
    await city.file(case_id)
    await dispute(city, case_id, actor=city.dispatcher)
    await decide(city, case_id, D.OWNERLESS)

    async with city.database.read() as session:
        (line,) = await ownerless_cases(session, now=city.clock())
    assert (line.case_id, line.unit_name) == (case_id, "环卫处")


async def test_a_case_that_finds_its_owner_leaves_that_class(city: City) -> None:
    """R57: returned by the territory and sent to whom it belongs."""
    case_id = await city.registered_case()
    await city.file(case_id)
    await dispute(city, case_id, actor=city.dispatcher)
    await decide(city, case_id, D.OWNERLESS, "drain")
    await city.return_by_unit(case_id, "查明属环卫处")

    await city.dispatch(case_id, "clean")

    async with city.database.read() as session:
        assert await ownerless_cases(session, now=city.clock()) == []


async def test_another_unit_does_not_open_the_dispute(city: City) -> None:
    """R58: whoever received it."""
    case_id = await dispatched(city)

    with pytest.raises(Forbidden):
        await dispute(city, case_id, actor=city.handler("clean"))
    with pytest.raises(Invalid):
        await dispute(city, case_id, reason=" ")


async def test_a_case_in_dispute_that_is_force_closed_may_be_disputed_again(city: City) -> None:
    """R58: the open question ends with the case."""
    case_id = await dispatched(city)
    await dispute(city, case_id)
    async with city.database.begin() as uow:
        await service.force_end(
            uow,
            case_id,
            T.FORCE_CLOSE,
            reason="井已填埋",
            actor=person("县长", Role.LEADER),
            now=city.clock(),
        )

    async with city.database.read() as session:
        (record,) = (await course_of(session, case_id, now=city.clock())).disputes
    assert (record.decision, record.words) == (None, "井已填埋")


async def test_helping_units_report_to_the_one_in_the_lead(city: City) -> None:
    """R49: 003 a19; a helper reads the case, and is asked once."""
    case_id = await dispatched(city)

    async def ask() -> None:
        async with city.database.begin() as uow:
            await disputes.ask_helper(
                uow,
                case_id,
                unit_id=city.units["clean"],
                task="清理周边垃圾",
                actor=city.dispatcher,
                now=city.clock(),
            )

    await ask()
    with pytest.raises(Conflict):
        await ask()
    async with city.database.read() as session:
        (wanted,) = await helps_wanted(session, city.units["clean"])
        assert await is_concerned(session, case_id, city.units["clean"])
    assert wanted.task == "清理周边垃圾"

    async with city.database.begin() as uow:
        await disputes.report_help(
            uow, case_id, text="已清理", actor=city.handler("clean"), now=city.clock()
        )
    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await disputes.report_help(uow, case_id, text="我也", actor=city.unit, now=city.clock())
    async with city.database.read() as session:
        assert await helps_wanted(session, city.units["clean"]) == []


async def test_an_emergency_goes_to_the_local_unit_before_anybody_knows_who_is_responsible(
    city: City,
) -> None:
    """R35: 004 a17; with the reason, and responsibility second."""
    case_id = await city.registered_case()
    await city.file(case_id)

    with pytest.raises(Invalid):
        await city.dispatch(case_id, is_emergency=True)
    await city.dispatch(case_id, is_emergency=True, reason="路面塌陷，权属不明，先行处置")

    step = (await city.history(case_id))[-1]
    assert (step.reason_code, step.text) == ("emergency", "应急先行派遣至排水公司")
    await dispute(city, case_id)
    assert (await city.case(case_id)).state is S.DISPUTED


async def test_a_violation_is_handed_to_enforcement_and_its_receipt_entered(city: City) -> None:
    """R109: 000 a29."""
    case_id = await dispatched(city)
    async with city.database.begin() as uow:
        referral_id = await disputes.refer_case(
            uow,
            case_id,
            body="公安局",
            facts="井盖被盗，监控可见",
            actor=city.dispatcher,
            now=city.clock(),
        )
    async with city.database.begin() as uow:
        await disputes.receipt_referral(
            uow,
            referral_id,
            number="莲公(2026)17",
            received_by="赵警官",
            actor=city.dispatcher,
            now=city.clock(),
        )

    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await disputes.receipt_referral(
                uow,
                referral_id,
                number="2",
                received_by="赵",
                actor=city.dispatcher,
                now=city.clock(),
            )
    async with city.database.read() as session:
        (referral,) = (await course_of(session, case_id, now=city.clock())).referrals
    assert (referral.body, referral.receipt_number) == ("公安局", "莲公(2026)17")
    assert (await city.case(case_id)).state is S.DISPATCHED

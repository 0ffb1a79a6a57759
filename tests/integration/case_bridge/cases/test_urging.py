"""Clocks that ring, and people who urge: each step once, visible, with its receipt."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from case_bridge.cases import handling, notices, service
from case_bridge.cases.course import NoticeView, course_of, waiting_notices
from case_bridge.cases.notice import Ground, NoticeKind
from case_bridge.cases.repository import Cases
from case_bridge.cases.rules import CaseRules, Stage, StreetRule
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.watch import late_stages, overdue_cases
from case_bridge.units.service import load_units
from case_bridge.units.unit import Unit, UnitClass
from hotline.accounts.roles import Role
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import CaseId
from hotline.sla.limit import Limit
from tests.integration.case_bridge.city import City, person, shanghai

S, T, N = CaseState, CaseTrigger, NoticeKind
HEAD = person("分管县长", Role.LEADER)


async def dispatched(city: City, unit: str = "drain") -> CaseId:
    """A case that is due at 16:00, in four working hours."""
    case_id = await city.registered_case(condition="BROKEN")
    await city.file(case_id)
    await city.dispatch(case_id, unit)
    return case_id


async def written(city: City, case_id: CaseId) -> Sequence[NoticeView]:
    async with city.database.read() as session:
        return (await course_of(session, case_id, now=city.clock())).notices


async def climb(city: City) -> int:
    return await notices.climb_ladders(city.database, now=city.clock())


async def test_near_due_overdue_and_long_overdue_ring_once_each(city: City) -> None:
    """R62: at 80, 100 and 200 percent of the limit."""
    case_id = await dispatched(city)
    rung = []
    for at in (shanghai(11, 15), shanghai(11, 15, 12), shanghai(11, 16, 1), shanghai(12, 11)):
        city.clock.now = at
        rung += [await climb(city), await climb(city)]

    assert rung == [0, 0, 1, 0, 1, 0, 1, 0]
    found = await written(city, case_id)
    assert [each.kind for each in found] == [N.NEAR_DUE, N.URGE, N.SUPERVISE]
    assert {each.to for each in found} == {"排水公司"}
    history = await city.history(case_id)
    assert [row.trigger for row in history][-3:] == [T.URGE, T.URGE, T.SUPERVISE]
    assert CASE.replay(row.trigger for row in history) is S.DISPATCHED


async def test_after_a_long_silence_only_the_highest_rung_rings(city: City) -> None:
    """R62: a warning before the deadline is of no use after it."""
    case_id = await dispatched(city)
    city.clock.now = shanghai(13, 9)

    assert (await climb(city), await climb(city)) == (1, 0)
    assert [each.kind for each in await written(city, case_id)] == [N.SUPERVISE]


async def test_a_unit_that_has_handled_is_not_urged(city: City) -> None:
    """R62: it waits for the inspector, not the inspector for it."""
    case_id = await dispatched(city)
    await city.handle(case_id)
    city.clock.now = shanghai(13, 9)

    assert await climb(city) == 0


async def test_a_competent_department_is_told_and_urges_its_company(city: City) -> None:
    """R33: informed at the same time; nobody else's department urges it."""
    async with city.database.begin() as uow:
        city.units |= await load_units(
            uow,
            [
                Unit(code="housing", name="住建局", unit_class=UnitClass.FIRST),
                Unit(
                    code="gas",
                    name="燃气公司",
                    unit_class=UnitClass.SECOND,
                    contact_name="何安",
                    phone="010-1022",
                    is_utility=True,
                    competent_code="housing",
                ),
            ],
            [],
        )
    case_id = await dispatched(city, "gas")
    async with city.database.read() as session:
        (told,) = await waiting_notices(session, city.units["housing"])
    assert (told.kind, told.case_id) == (N.INFORM, case_id)

    async with city.database.begin() as uow:
        await notices.urge_case(
            uow, case_id, text="请尽快抢修", actor=city.handler("housing"), now=city.clock()
        )
    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await notices.urge_case(
                uow, case_id, text="快", actor=city.handler("clean"), now=city.clock()
            )

    last = (await written(city, case_id))[-1]
    assert (last.kind, last.to, last.text) == (N.URGE, "燃气公司", "请尽快抢修")


async def test_a_unit_without_a_terminal_is_rung_and_the_call_is_recorded(city: City) -> None:
    """R38: fall back to phone dispatch with record; not by the unit itself."""
    third = Unit(
        code="street", name="街道办", unit_class=UnitClass.THIRD, contact_name="曹莲", phone="1031"
    )
    async with city.database.begin() as uow:
        city.units |= await load_units(uow, [third], [])
    case_id = await dispatched(city, "street")
    async with city.database.read() as session:
        (call,) = await waiting_notices(session, None)
    assert call.kind is N.PHONE
    assert "街道办 曹莲 1031" in call.text

    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await notices.answer_notice(
                uow, call.notice_id, text="好", actor=city.handler("street"), now=city.clock()
            )
    async with city.database.begin() as uow:
        await notices.answer_notice(
            uow,
            call.notice_id,
            text="曹莲接听，已知悉",
            actor=city.dispatcher,
            now=city.clock(),
        )
    (call,) = await written(city, case_id)
    assert (call.answered_by, call.answer) == ("派遣员乙", "曹莲接听，已知悉")


async def test_an_order_with_a_date_needs_a_unit_that_is_late_or_was_refused(city: City) -> None:
    """R48: late or ineffective handling is ordered with a date."""
    case_id = await dispatched(city)
    by = shanghai(12, 18)

    with pytest.raises(Conflict):
        await order(city, case_id, by)
    city.clock.now = shanghai(11, 16, 1)
    await order(city, case_id, by)
    with pytest.raises(Invalid):
        await order(city, case_id, city.clock())

    last = (await written(city, case_id))[-1]
    assert (last.kind, last.reply_by) == (N.ORDER, by)


async def order(city: City, case_id: CaseId, by: object) -> None:
    async with city.database.begin() as uow:
        await notices.order_case(
            uow, case_id, text="限期处置到位", reply_by=by, actor=city.desk, now=city.clock()
        )


async def test_rework_is_ineffective_and_the_leader_circulates_it(city: City) -> None:
    """R48: danger or great influence, by the leader only."""
    case_id = await dispatched(city)
    await city.handle(case_id)
    await city.inspect(case_id, passed=False)

    for who in (city.desk, HEAD):
        try:
            async with city.database.begin() as uow:
                await notices.circulate_case(
                    uow, case_id, ground=Ground.DANGER, text="行人坠落", actor=who, now=city.clock()
                )
        except Forbidden:
            assert who is city.desk

    step = (await city.history(case_id))[-1]
    assert (step.trigger, step.reason_code, step.actor_name) == (
        T.CIRCULATE,
        "danger",
        "分管县长",
    )


async def test_what_another_unit_did_badly_is_no_fault_of_the_present_one(city: City) -> None:
    """R48: neither late nor refused itself, the second unit is not ordered for the first one."""
    case_id = await dispatched(city)
    await city.handle(case_id)
    await city.inspect(case_id, passed=False)
    await city.return_by_unit(case_id)
    await city.dispatch(case_id, "clean")

    with pytest.raises(Conflict):
        await order(city, case_id, shanghai(12, 18))


async def test_a_leader_supervises_and_the_unit_answers(city: City) -> None:
    """R62: leaders' supervision with a date for the answer."""
    case_id = await dispatched(city)
    async with city.database.begin() as uow:
        await notices.supervise_case(
            uow,
            case_id,
            text="请说明原因",
            reply_by=shanghai(12, 9),
            actor=HEAD,
            now=city.clock(),
        )
    async with city.database.read() as session:
        (notice,) = await waiting_notices(session, city.units["drain"])
    async with city.database.begin() as uow:
        await notices.answer_notice(
            uow, notice.notice_id, text="管材今日到货", actor=city.unit, now=city.clock()
        )

    (answered,) = await written(city, case_id)
    assert (answered.kind, answered.answer) == (N.SUPERVISE, "管材今日到货")
    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await notices.answer_notice(
                uow, notice.notice_id, text="又", actor=city.unit, now=city.clock()
            )


async def test_every_stage_has_a_clock_with_a_receipt(city: City) -> None:
    """R26, R50, R63: accept, dispatch, return, check and close are timed, each with its receipt."""
    case_id = await city.closed_case()

    async with city.database.read() as session:
        stages = (await course_of(session, case_id, now=city.clock())).stages

    assert [each.stage for each in stages] == [
        Stage.ACCEPT,
        Stage.DISPATCH,
        Stage.RETURN,
        Stage.CHECK,
        Stage.CLOSE,
    ]
    assert all(each.ended_at is not None and not each.is_late for each in stages)
    assert stages[0].receipt.due_at == shanghai(11, 16)


async def test_a_return_after_two_working_days_is_marked_as_late(city: City) -> None:
    """R50: without delay."""
    case_id = await dispatched(city)
    city.clock.now = shanghai(13, 10, 1)

    await city.return_by_unit(case_id)

    assert (await city.history(case_id))[-1].detail == {"late": True}


async def test_who_did_the_work_or_asked_for_time_returns_late_whenever(city: City) -> None:
    """R50: the days to say "not ours" run from the order on, and rework gives no new ones."""
    case_id = await dispatched(city)
    await city.handle(case_id)
    await city.inspect(case_id, passed=False)

    await city.return_by_unit(case_id)

    assert (await city.history(case_id))[-1].detail == {"late": True}
    await city.dispatch(case_id, "clean")
    async with city.database.read() as session:
        stage = await Cases(session).open_stage(case_id)
    assert stage is not None
    assert stage.stage is Stage.RETURN


async def test_late_stages_and_late_units_are_on_the_leaders_list(city: City) -> None:
    """R62, R110: facts for those who supervise."""
    waiting = await city.registered_case()
    at_work = await dispatched(city)
    city.clock.now = shanghai(12, 9)

    async with city.database.read() as session:
        (stage,) = await late_stages(session, now=city.clock())
        (line,) = await overdue_cases(session, now=city.clock())

    assert (stage.case_id, stage.stage) == (waiting, Stage.ACCEPT)
    assert line.case_id == at_work


async def test_a_dangerous_cover_is_guarded_at_once_and_repaired_in_24_hours(city: City) -> None:
    """R45: 004 a19, with the first step recorded and a fingerprint of what was handed in."""
    async with city.database.begin() as uow:
        rules = CaseRules(street=StreetRule(codes=("facility:0101-0112",)))
        await Cases(uow.session).put_rules(rules, now=city.clock())
    case_id = await city.registered_case(condition="BROKEN")
    city.clock.now = shanghai(14, 9)  # Saturday: four working hours would end on Monday
    await city.file(case_id)
    await city.dispatch(case_id)
    assert (await city.case(case_id)).due_at == shanghai(15, 9)

    async with city.database.begin() as uow:
        await handling.guard_case(
            uow, case_id, text="已围挡并设警示灯", actor=city.unit, now=city.clock()
        )
    with pytest.raises(Conflict):
        async with city.database.begin() as uow:
            await handling.guard_case(uow, case_id, text="再次", actor=city.unit, now=city.clock())

    async with city.database.read() as session:
        marks = (await course_of(session, case_id, now=city.clock())).marks
    assert (marks.is_absolute, marks.guarded_at) == (True, city.clock())
    assert (await city.history(case_id))[-1].trigger is T.GUARD


async def test_a_repair_at_once_needs_no_barrier(city: City) -> None:
    """R45: the handling itself was the guarding."""
    async with city.database.begin() as uow:
        rules = CaseRules(street=StreetRule(codes=("facility:0101-0112",)))
        await Cases(uow.session).put_rules(rules, now=city.clock())
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    city.clock.advance(timedelta(minutes=20))
    await city.handle(case_id)

    async with city.database.read() as session:
        marks = (await course_of(session, case_id, now=city.clock())).marks
    assert marks.guarded_at == city.clock()


async def test_a_trivial_matter_is_settled_on_the_spot_and_logged(city: City) -> None:
    """R19: 000 a16; the reporter is told as of any closed case (R69)."""
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    async with city.database.begin() as uow:
        await service.verify_case(uow, case_id, actor=city.desk, now=city.clock())
    async with city.database.begin() as uow:
        await service.settle_case(
            uow, case_id, text="井盖已挪回原位", actor=city.inspector, now=city.clock()
        )
    await city.run_jobs()

    case, ticket = await city.case(case_id), await city.ticket(ticket_id)
    assert (case.state, case.result) == (S.SETTLED, "井盖已挪回原位")
    assert ticket.result == "井盖已挪回原位"
    (task,) = await city.tasks(case_id)
    assert task.text == "井盖已挪回原位"


async def test_only_the_leader_forces_an_end_and_only_with_a_reason(city: City) -> None:
    """R65, R110: privileged, with reason."""
    case_id = await dispatched(city)

    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await service.force_end(
                uow, case_id, T.FORCE_VOID, reason="错案", actor=city.desk, now=city.clock()
            )
    with pytest.raises(Invalid):
        async with city.database.begin() as uow:
            await service.force_end(
                uow, case_id, T.FORCE_VOID, reason=" ", actor=HEAD, now=city.clock()
            )
    assert (await city.case(case_id)).state is S.DISPATCHED


async def test_a_place_that_nobody_guarded_within_the_hour_is_urged_once(city: City) -> None:
    """R45: guard at once; whoever does not hears of it long before the repair is due."""
    async with city.database.begin() as uow:
        rules = CaseRules(street=StreetRule(codes=("facility:0101-0112",)))
        await Cases(uow.session).put_rules(rules, now=city.clock())
    guarded, open_ = await dispatched(city), await dispatched(city)
    async with city.database.begin() as uow:
        await handling.guard_case(uow, guarded, text="已围挡", actor=city.unit, now=city.clock())
    city.clock.advance(timedelta(hours=1))

    rung = [await climb(city), await climb(city)]

    assert rung == [1, 0]
    assert (await city.history(open_))[-1].reason_code == "guard"
    assert (await city.history(guarded))[-1].trigger is T.GUARD


async def test_nobody_is_urged_to_guard_before_the_time_for_it_is_over(city: City) -> None:
    """R45, R62: the warning before the deadline rings by itself, the guard at its own time."""
    async with city.database.begin() as uow:
        street = StreetRule(codes=("facility:0101-0112",), guard=Limit.parse("2uh"))
        await Cases(uow.session).put_rules(CaseRules(street=street), now=city.clock())
    case_id = await city.registered_case()  # to be repaired in two hours
    await city.file(case_id)
    await city.dispatch(case_id)

    rung = []
    for _ in range(6):
        city.clock.advance(timedelta(minutes=20))
        if await climb(city):
            rung.append((await city.history(case_id))[-1].reason_code)

    assert rung == ["near_due", "guard"]


async def test_a_unit_without_a_terminal_feeds_back_by_phone(city: City) -> None:
    """R38: the centre records who told it; a class I unit uses its own terminal."""
    third = Unit(
        code="street", name="街道办", unit_class=UnitClass.THIRD, contact_name="曹莲", phone="1031"
    )
    async with city.database.begin() as uow:
        city.units |= await load_units(uow, [third], [])
    by_phone, by_screen = await dispatched(city, "street"), await dispatched(city)

    async def record(case_id: CaseId) -> None:
        async with city.database.begin() as uow:
            await handling.handle_by_phone(
                uow,
                case_id,
                told_by="曹莲",
                text="已清理",
                actor=city.dispatcher,
                now=city.clock(),
            )

    await record(by_phone)
    with pytest.raises(Conflict):
        await record(by_screen)

    handled = [row for row in await city.history(by_phone) if row.trigger is T.HANDLE]
    assert [row.actor_name for row in handled] == ["曹莲（电话，派遣员乙记录）"]
    (call,) = await written(city, by_phone)
    assert call.answer == "单位已反馈"

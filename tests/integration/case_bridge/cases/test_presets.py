"""The same case under the five regulations: who sends it, who checks, who closes (R112).

A cover is missing in 城东街道, whose street office belongs to the district 城东区.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from case_bridge.cases import disputes, handling, service
from case_bridge.cases.case import Actor
from case_bridge.cases.delegation import delegate_closing, delegations, end_delegation
from case_bridge.cases.notice import DecisionKind
from case_bridge.cases.organisation import Question
from case_bridge.cases.reading import case_page, is_of_district
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.cases.watch import district_summaries
from case_bridge.evaluation.model import CaseFactRow
from case_bridge.evaluation.service import fold_facts
from case_bridge.later.request import Application, LaterKind
from case_bridge.later.service import apply_for, withdraw_request
from hotline.accounts import service as accounts
from hotline.accounts.roles import Role
from hotline.kernel.errors import Conflict, Forbidden, HotlineError, IllegalTransition, Invalid
from hotline.kernel.ids import CaseId, UserId
from hotline.sla.limit import Limit
from tests.integration.case_bridge.cases.two_levels import PRESETS, Levels, organise
from tests.integration.case_bridge.city import City, person

S, T = CaseState, CaseTrigger


async def steps(levels: Levels, case_id: CaseId) -> list[tuple[CaseTrigger, str]]:
    return [(row.trigger, row.actor_name) for row in await levels.city.history(case_id)]


async def state(levels: Levels, case_id: CaseId) -> CaseState:
    return (await levels.city.case(case_id)).state


async def test_000_the_second_level_alone_sends_it_to_the_unit(city: City) -> None:
    """R30, R112: 000 a13, a20-23: one body hands over and closes, another sends."""
    junan = await organise(city, "junan")
    case_id = await junan.filed()

    with pytest.raises(Forbidden):
        await junan.dispatch(case_id, actor=junan.dispatcher)
    await junan.hand_down(case_id)
    await junan.dispatch(case_id, actor=junan.below)
    await junan.handle(case_id)  # a22: fed back to the centre at once, no level between
    await city.inspect(case_id, passed=False)
    await junan.handle(case_id, text="重新补装")
    await city.inspect(case_id, passed=True)
    await city.close(case_id, actor=junan.dispatcher)

    assert await steps(junan, case_id) == [
        (T.FILE, "值班长甲"),
        (T.HAND_DOWN, "派遣员乙"),
        (T.DISPATCH, "区派遣员"),
        (T.HANDLE, "street处置员"),
        (T.INSPECT, "系统"),
        (T.REWORK, "监督员丙"),
        (T.HANDLE, "street处置员"),
        (T.INSPECT, "系统"),
        (T.PASS, "监督员丙"),
        (T.CLOSE, "派遣员乙"),
    ]


async def test_001_territory_first_and_the_feedback_climbs(city: City) -> None:
    """R28, R29, R30, R43, R112: 001 a10-11, a15-17, two platforms; the centre checks and closes."""
    qinzhou = await organise(city, "qinzhou")
    case_id = await qinzhou.filed()

    with pytest.raises(Forbidden, match="hand the case down"):
        await qinzhou.dispatch(case_id, actor=qinzhou.dispatcher)
    await qinzhou.hand_down(case_id)
    with pytest.raises(Forbidden):
        await qinzhou.dispatch(case_id, actor=qinzhou.dispatcher)
    await qinzhou.dispatch(case_id, actor=qinzhou.below)
    await qinzhou.handle(case_id)

    assert (await state(qinzhou, case_id), await city.tasks(case_id)) == (S.HANDLED, [])
    with pytest.raises(Forbidden):
        await qinzhou.pass_up(case_id, actor=qinzhou.dispatcher)
    await qinzhou.send_back(case_id)
    await qinzhou.handle(case_id, text="已补装，附照片")
    await qinzhou.pass_up(case_id)
    await qinzhou.check(case_id, actor=qinzhou.seat)
    with pytest.raises(Forbidden):
        await city.close(case_id, actor=qinzhou.below_leader)
    await city.close(case_id, actor=qinzhou.leader)

    assert (await steps(qinzhou, case_id))[3:] == [
        (T.HANDLE, "street处置员"),
        (T.SEND_BACK, "区派遣员"),
        (T.HANDLE, "street处置员"),
        (T.PASS_UP, "区派遣员"),
        (T.INSPECT, "系统"),
        (T.PASS, "坐席丁"),
        (T.CLOSE, "值班长甲"),
    ]
    (task,) = await city.tasks(case_id)
    assert (task.state, task.inspector_name, task.passed) == ("done", "坐席丁", True)


async def test_001_what_belongs_to_the_city_goes_to_its_unit_straight(city: City) -> None:
    """R30: 001 a15, the first level sends its own cases itself, and no feedback climbs."""
    qinzhou = await organise(city, "qinzhou")
    case_id = await qinzhou.filed()

    await city.dispatch(case_id, "drain")
    await city.handle(case_id)

    assert await state(qinzhou, case_id) is S.INSPECTING


async def test_002_a_seat_closes_by_delegation(city: City) -> None:
    """R68, R112: 002i a6(3), a7: 一级监督、二级指挥; what is not delegated is refused."""
    jincheng = await organise(city, "jincheng")
    seat = await account(city, "seat9", Role.SEAT)
    case_id = await jincheng.filed()
    await jincheng.hand_down(case_id)
    await jincheng.dispatch(case_id, actor=jincheng.below)
    await jincheng.handle(case_id)
    await jincheng.pass_up(case_id)
    await city.inspect(case_id, passed=True)

    with pytest.raises(Forbidden, match="delegated"):
        await city.close(case_id, actor=seat)
    async with city.database.begin() as uow:
        await delegate_closing(
            uow, login="seat9", until=None, actor=jincheng.leader, now=city.clock()
        )
    await city.close(case_id, actor=seat)

    last = (await city.history(case_id))[-1]
    assert (last.trigger, last.actor_name) == (T.CLOSE, "seat9")
    assert last.detail["delegated_by"] == "值班长甲"


async def test_003_one_centre_with_two_axes(city: City) -> None:
    """R112: 003 a12-18: the dispatcher never closes, nor the leader dispatches."""
    suning = await organise(city, "suning")
    case_id = await suning.filed()

    with pytest.raises(Conflict, match="one command level"):
        await suning.hand_down(case_id)
    with pytest.raises(Forbidden):
        await suning.dispatch(case_id, actor=suning.leader)
    await suning.dispatch(case_id, actor=suning.dispatcher)
    await suning.handle(case_id)
    with pytest.raises(Forbidden):
        await suning.check(case_id, actor=suning.leader)
    await city.inspect(case_id, passed=True)
    with pytest.raises(Forbidden):
        await city.close(case_id, actor=suning.dispatcher)
    await city.close(case_id, actor=suning.leader)

    assert [each[0] for each in await steps(suning, case_id)] == [
        T.FILE,
        T.DISPATCH,
        T.HANDLE,
        T.INSPECT,
        T.PASS,
        T.CLOSE,
    ]


async def test_004_whoever_dispatched_it_closes_it(city: City) -> None:
    """R67, R112: 004 a17, a21: the district's dispatcher closes, and the city's cannot."""
    chongqing = await organise(city, "chongqing")
    case_id = await chongqing.filed()
    await chongqing.hand_down(case_id)
    await chongqing.dispatch(case_id, actor=chongqing.below)
    await chongqing.handle(case_id)
    await city.inspect(case_id, passed=True)

    with pytest.raises(Forbidden):
        await city.close(case_id, actor=chongqing.leader)
    await city.close(case_id, actor=chongqing.below)

    assert (await steps(chongqing, case_id))[-1] == (T.CLOSE, "区派遣员")


@dataclass(frozen=True)
class Difference:
    """What the conflict table of the regulations says of one of them."""

    dispatched_by: str
    checked_by: str
    closed_by: str
    settled_by: str
    """Who decides, at once or after a meeting on the site."""
    extends: bool
    shelves: bool


DIFFERENCES = {
    "junan": Difference("区派遣员", "监督员丙", "值班长甲", "领导戊", False, False),
    "qinzhou": Difference("区派遣员", "坐席丁", "值班长甲", "领导戊", False, False),
    "jincheng": Difference("区派遣员", "监督员丙", "值班长甲", "区领导", True, True),
    "suning": Difference("派遣员乙", "监督员丙", "值班长甲", "met, 领导戊", True, False),
    "chongqing": Difference("区派遣员", "监督员丙", "区派遣员", "区领导", False, False),
}


@pytest.mark.parametrize("preset", DIFFERENCES)
async def test_r112_the_five_regulations_differ_where_the_conflict_table_says(
    city: City, preset: str
) -> None:
    """R112: one case, disputed on its way, by whoever may do the next step first."""
    levels = await organise(city, preset)
    case_id = await levels.filed()
    people = [levels.below, levels.dispatcher, levels.leader]

    dispatched_by = await first_able(people, lambda who: send(levels, case_id, who))
    extends = await may_apply(levels, case_id, LaterKind.EXTENSION)
    shelves = await may_apply(levels, case_id, LaterKind.SHELVING)
    settled_by = await settle(levels, case_id)
    await levels.handle(case_id)
    if await state(levels, case_id) is S.HANDLED:
        await levels.pass_up(case_id)
    checked_by = await first_able(
        [levels.seat, city.inspector], lambda who: check(levels, case_id, who)
    )
    closers = [levels.below, levels.leader]
    closed_by = await first_able(closers, lambda who: city.close(case_id, actor=who))

    assert (
        Difference(dispatched_by, checked_by, closed_by, settled_by, extends, shelves)
        == DIFFERENCES[preset]
    )
    history = await city.history(case_id)
    assert CASE.replay(row.trigger for row in history) is S.CLOSED


async def first_able(people: list[Actor], act: Callable[[Actor], Awaitable[None]]) -> str:
    for who in people:
        try:
            await act(who)
        except (Forbidden, Conflict):
            continue
        return who.name
    raise AssertionError("nobody may do it")


async def send(levels: Levels, case_id: CaseId, who: Actor) -> None:
    if levels.organisation.has_districts and (await levels.city.case(case_id)).district_id is None:
        await levels.hand_down(case_id)
    await levels.dispatch(case_id, actor=who)


async def check(levels: Levels, case_id: CaseId, who: Actor) -> None:
    if Role.INSPECTOR in who.roles:
        await levels.city.inspect(case_id, passed=True, actor=who)
    else:
        await levels.check(case_id, actor=who)


async def may_apply(levels: Levels, case_id: CaseId, kind: LaterKind) -> bool:
    city = levels.city
    application = Application(
        kind=kind,
        reason="管件定制",
        unit_leader="王主任",
        extension=Limit.parse("1uh") if kind is LaterKind.EXTENSION else None,
    )
    street = city.handler("street")
    await guard(levels, case_id)
    try:
        async with city.database.begin() as uow:
            request_id = await apply_for(uow, case_id, application, actor=street, now=city.clock())
    except Conflict:
        return False
    async with city.database.begin() as uow:
        await withdraw_request(uow, request_id, actor=street, now=city.clock())
    return True


async def guard(levels: Levels, case_id: CaseId) -> None:
    """Guard the place, as nothing dangerous is put off before."""
    city = levels.city
    try:
        async with city.database.begin() as uow:
            await handling.guard_case(
                uow, case_id, text="已围挡", actor=city.handler("street"), now=city.clock()
            )
    except Conflict:
        return


async def settle(levels: Levels, case_id: CaseId) -> str:
    """Dispute the case and let whoever may decide; return who, and whether they had to meet."""
    city, street = levels.city, levels.city.handler("street")
    async with city.database.begin() as uow:
        await disputes.open_dispute(uow, case_id, reason="权属不清", actor=street, now=city.clock())

    async def decide(who: Actor) -> None:
        async with city.database.begin() as uow:
            await disputes.decide_dispute(
                uow,
                case_id,
                decision=DecisionKind.AGREED,
                unit_id=city.units["street"],
                words="由街道负责",
                actor=who,
                now=city.clock(),
            )

    heads = [levels.below_head, levels.head]
    try:
        return await first_able(heads, decide)
    except AssertionError:
        async with city.database.begin() as uow:
            await disputes.hold_meeting(
                uow,
                case_id,
                unit_ids=[city.units["street"]],
                minutes="现场确认",
                actor=levels.dispatcher,
                now=city.clock(),
            )
        return f"met, {await first_able(heads, decide)}"


async def test_r59_across_districts_the_city_decides(city: City) -> None:
    """R59: 004 a13: a district settles among its own units; beyond them the city does."""
    chongqing = await organise(city, "chongqing")
    case_id = await chongqing.filed()
    await chongqing.hand_down(case_id)
    await chongqing.dispatch(case_id, actor=chongqing.below)
    async with city.database.begin() as uow:
        await disputes.open_dispute(
            uow, case_id, reason="在邻区", actor=city.handler("street"), now=city.clock()
        )

    async def decide(unit: str, who: Actor) -> None:
        async with city.database.begin() as uow:
            await disputes.decide_dispute(
                uow,
                case_id,
                decision=DecisionKind.AGREED,
                unit_id=city.units[unit],
                words="现场确认",
                actor=who,
                now=city.clock(),
            )

    with pytest.raises(Forbidden, match="beyond the district"):
        await decide("west", chongqing.below_head)
    with pytest.raises(Forbidden):
        await decide("street", chongqing.head)
    await decide("west", chongqing.head)

    case = await city.case(case_id)
    assert (case.unit_id, case.district_id) == (city.units["west"], chongqing.west)
    assert (await steps(chongqing, case_id))[-1] == (T.DECIDE, "领导戊")
    # The figures follow: it counts for the district that commands it now (R87).
    async with city.database.begin() as uow:
        await fold_facts(uow)
        assert (await uow.session.scalars(select(CaseFactRow.district_id))).all() == [
            chongqing.west
        ]


async def test_what_a_regulation_does_not_know_nobody_can_apply_for(city: City) -> None:
    """R52, R112: 000 is silent on extensions, 003 a27 is not."""
    junan = await organise(city, "junan")
    case_id = await junan.filed()
    await junan.hand_down(case_id)
    await junan.dispatch(case_id, actor=junan.below)
    wish = Application(
        kind=LaterKind.EXTENSION,
        reason="管件定制",
        unit_leader="王主任",
        extension=Limit.parse("1uh"),
    )

    with pytest.raises(Conflict, match="knows no extension"):
        async with city.database.begin() as uow:
            await apply_for(uow, case_id, wish, actor=city.handler("street"), now=city.clock())


async def test_a_district_sees_its_own_cases_and_touches_no_others(city: City) -> None:
    """R28: rights and lists end at the border of the district."""
    qinzhou = await organise(city, "qinzhou")
    case_id, other = await qinzhou.filed(), await qinzhou.filed()
    await qinzhou.hand_down(case_id)

    async with city.database.read() as session:
        east = await case_page(session, list(S), district=qinzhou.east, now=city.clock())
        west = await case_page(session, list(S), district=qinzhou.west, now=city.clock())
        first = await case_page(session, list(S), district="first", now=city.clock())
        theirs = await is_of_district(session, case_id, qinzhou.east)
        not_theirs = await is_of_district(session, case_id, qinzhou.west)
    assert [line.case_id for line in east.lines] == [case_id]
    assert west.lines == ()
    assert [line.case_id for line in first.lines] == [other]
    assert (theirs, not_theirs) == (True, False)
    for act in (
        qinzhou.dispatch(case_id, actor=qinzhou.elsewhere),
        qinzhou.hand_up(case_id, actor=qinzhou.elsewhere),
        qinzhou.dispatch(other, actor=qinzhou.elsewhere),
        city.dispatch(case_id, "drain", actor=qinzhou.below),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_a_district_gives_back_what_is_not_its_own_and_the_city_calls_back(
    city: City,
) -> None:
    """R28: 001 a11, the second level takes its orders from the first."""
    qinzhou = await organise(city, "qinzhou")
    case_id = await qinzhou.filed()
    await qinzhou.hand_down(case_id)
    with pytest.raises(Invalid):
        await qinzhou.hand_up(case_id, actor=qinzhou.below, reason=" ")
    await qinzhou.hand_up(case_id, actor=qinzhou.below)

    case = await city.case(case_id)
    assert (case.state, case.district_id) == (S.RETURNED, None)
    await qinzhou.hand_down(case_id)
    await qinzhou.hand_up(case_id, actor=qinzhou.dispatcher, reason="市级直办")
    await city.dispatch(case_id, "drain")
    assert (await city.case(case_id)).state is S.DISPATCHED
    with pytest.raises(Conflict):
        await qinzhou.hand_up(case_id, actor=qinzhou.dispatcher)


async def test_the_first_level_knows_how_each_district_stands(city: City) -> None:
    """R87: 001 a18, 002i a14: open, late and disputed cases of every second-level platform."""
    qinzhou = await organise(city, "qinzhou")
    late, disputed = await qinzhou.filed(), await qinzhou.filed()
    for case_id in (late, disputed):
        await qinzhou.hand_down(case_id)
        await qinzhou.dispatch(case_id, actor=qinzhou.below)
    async with city.database.begin() as uow:
        await disputes.open_dispute(
            uow, disputed, reason="权属不清", actor=city.handler("street"), now=city.clock()
        )
    due = (await city.case(late)).due_at
    assert due is not None

    async with city.database.read() as session:
        found = await district_summaries(session, now=due.replace(year=2027))

    assert [(each.name, each.open, each.overdue, each.disputed) for each in found] == [
        ("城东区指挥中心", 2, 1, 1),
        ("城西区指挥中心", 0, 0, 0),
    ]


async def account(city: City, login: str, role: Role) -> Actor:
    async with city.database.begin() as uow:
        user_id = await accounts.create_user(
            uow,
            login=login,
            password="an invented password",
            display_name=login,
            roles=[role],
            actor="test",
            now=city.clock(),
        )
    return Actor(name=login, user_id=UserId(user_id), roles=frozenset({role}))


async def test_a_delegation_is_given_by_whose_duty_it_is_and_ends(city: City) -> None:
    """R68: on record with who gave it; taken back, it is worth nothing."""
    jincheng = await organise(city, "jincheng")
    await account(city, "seat9", Role.SEAT)
    await account(city, "unit9", Role.UNIT)

    async def give(login: str, actor: Actor) -> None:
        async with city.database.begin() as uow:
            await delegate_closing(uow, login=login, until=None, actor=actor, now=city.clock())

    with pytest.raises(Forbidden):
        await give("seat9", jincheng.seat)
    with pytest.raises(Invalid):
        await give("unit9", jincheng.leader)
    await give("seat9", jincheng.leader)
    with pytest.raises(Conflict):
        await give("seat9", jincheng.leader)
    async with city.database.begin() as uow:
        (given,) = await delegations(uow.session, now=city.clock())
        await end_delegation(uow, given.delegation_id, actor=jincheng.leader, now=city.clock())
        assert await delegations(uow.session, now=city.clock()) == []
    suning = await organise(city, "suning")
    with pytest.raises(Conflict, match="knows no closing by delegation"):
        await give("seat9", suning.leader)


WALKS = 4
LENGTH = 30


@pytest.mark.parametrize("preset", PRESETS)
async def test_no_sequence_of_acts_leaves_the_table_under_any_organisation(
    city: City, preset: str
) -> None:
    """Legal and illegal acts by anybody: every state is in the table, and history replays to it."""
    levels = await organise(city, preset)
    chance = random.Random(preset)
    taken = refused = 0
    for _ in range(WALKS):
        case_id = await city.registered_case()
        for _ in range(LENGTH):
            before = await city.case(case_id)
            act = onward if chance.random() < 0.6 else anything
            try:
                await act(levels, case_id, chance)
            except HotlineError:
                after = await city.case(case_id)
                assert (after.state, after.sequence, after.district_id) == (
                    before.state,
                    before.sequence,
                    before.district_id,
                )
                refused += 1
            else:
                taken += 1
            history = await city.history(case_id)
            assert CASE.replay(row.trigger for row in history) is (await city.case(case_id)).state
    assert min(taken, refused) > WALKS, "the walks went nowhere"


async def onward(levels: Levels, case_id: CaseId, chance: random.Random) -> None:
    """Do what leads a case on, as those do whose duty it is."""
    city, case = levels.city, await levels.city.case(case_id)
    is_below = case.district_id is not None
    who = levels.below if is_below else levels.dispatcher
    closer = (
        levels.below_leader if is_below and closing_level(levels) == "either" else levels.leader
    )
    holder = next((code for code in city.units if city.units[code] == case.unit_id), "street")
    steps: dict[CaseState, Callable[[], Awaitable[object]]] = {
        S.REGISTERED: lambda: city.file(case_id),
        S.FILED: lambda: send(levels, case_id, levels.below),
        S.HANDED_DOWN: lambda: levels.dispatch(case_id, actor=who),
        S.RETURNED: lambda: levels.dispatch(case_id, actor=who, unit=holder),
        S.DISPATCHED: lambda: levels.handle(case_id, holder),
        S.HANDLED: lambda: levels.pass_up(case_id),
        S.INSPECTING: lambda: inspect_if_open(city, case_id, passed=chance.random() < 0.8),
        S.READY_TO_CLOSE: lambda: city.close(case_id, actor=closer),
    }
    await steps.get(case.state, lambda: anything(levels, case_id, chance))()


def closing_level(levels: Levels) -> str:
    return levels.organisation.rules[Question.CLOSES].level.value


async def anything(levels: Levels, case_id: CaseId, chance: random.Random) -> None:
    city = levels.city
    who = chance.choice(
        [
            levels.dispatcher,
            levels.leader,
            levels.seat,
            levels.head,
            levels.below,
            levels.below_leader,
            levels.below_head,
            levels.elsewhere,
            city.handler("street"),
            city.handler("drain"),
            person("考核员", Role.SUPERVISOR),
        ]
    )
    unit = chance.choice(["street", "drain", "east"])
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: city.file(case_id),
        lambda: levels.hand_down(case_id, actor=who),
        lambda: levels.hand_up(case_id, actor=who),
        lambda: levels.dispatch(case_id, actor=who, unit=unit),
        lambda: levels.dispatch(case_id, actor=chance.choice([levels.below, city.dispatcher])),
        lambda: levels.handle(case_id, unit),
        lambda: levels.handle(case_id),
        lambda: levels.pass_up(case_id, actor=who),
        lambda: levels.pass_up(case_id),
        lambda: levels.send_back(case_id, actor=who),
        lambda: levels.check(case_id, actor=who, passed=chance.random() < 0.7),
        lambda: inspect_if_open(city, case_id, passed=chance.random() < 0.7),
        lambda: city.close(case_id, actor=who),
        lambda: end(city, case_id, city.dispatcher, T.FORCE_CLOSE),
        lambda: dispute(city, case_id, who),
        lambda: give_back(city, case_id, who),
    ]
    await chance.choice(acts)()


async def inspect_if_open(city: City, case_id: CaseId, *, passed: bool) -> None:
    if not any(task.state == "open" for task in await city.tasks(case_id)):
        raise IllegalTransition("task", "none", "submit")
    await city.inspect(case_id, passed=passed)


async def end(city: City, case_id: CaseId, who: Actor, trigger: CaseTrigger) -> None:
    async with city.database.begin() as uow:
        await service.force_end(uow, case_id, trigger, reason="试试", actor=who, now=city.clock())


async def dispute(city: City, case_id: CaseId, who: Actor) -> None:
    async with city.database.begin() as uow:
        await disputes.open_dispute(uow, case_id, reason="不清", actor=who, now=city.clock())


async def give_back(city: City, case_id: CaseId, who: Actor) -> None:
    async with city.database.begin() as uow:
        await handling.return_case(uow, case_id, reason="不是", actor=who, now=city.clock())

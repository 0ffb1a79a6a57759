"""The SQL over a whole city says what the pure functions say of each case."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from case_bridge.cases.case import CaseSource
from case_bridge.cases.model import CaseHistoryRow, CaseRow, CaseStageRow
from case_bridge.cases.rules import STAGE_OF, Stage
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.evaluation import facts_sql
from case_bridge.evaluation.counters import COUNTERS, count
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.fact import CaseFact, CaseHead, LogEntry, fold
from case_bridge.evaluation.model import CaseFactRow
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.repository import Evaluations
from case_bridge.evaluation.service import fold_facts
from case_bridge.evaluation.stages import InTime, StageRun
from case_bridge.units.service import load_units
from case_bridge.units.unit import ResponsibilityRule
from hotline.kernel.db import Database
from tests.integration.case_bridge.city import UNITS, City

START = datetime(2026, 2, 20, tzinfo=UTC)
PEOPLE = [UUID(int=number) for number in range(1, 7)]
AREAS = ("城东街道", "城西街道")
FORWARD = dict.fromkeys(("verify", "confirm", "file", "dispatch", "handle", "pass", "close"), 8)
OPTIONS = [
    Options(),
    Options(should_close=ShouldClose.DUE, count_deferred=True),
    Options(should_close=ShouldClose.DISPATCHED, count_shelved=True),
]
PERIODS = [Period.parse(each) for each in ("2026-02", "2026-03", "2026-Q2", "2026")]


def random_runs(luck: random.Random, head: CaseHead, log: list) -> list[StageRun]:
    """Let a clock run in every stage that the log goes through, in time or not."""
    runs, stage, round_ = [], Stage.ACCEPT, 1
    for entry, state in log:
        if stage is not None:
            late = timedelta(minutes=luck.choice([-30, 0, 30]))
            runs.append(
                StageRun(
                    round=round_,
                    stage=stage,
                    due_at=entry.occurred_at - late,
                    ended_at=entry.occurred_at,
                    ended_by=entry.trigger,
                )
            )
        stage, round_ = STAGE_OF.get(state), entry.round
    if stage is not None:
        runs.append(StageRun(round=round_, stage=stage, due_at=head.registered_at))
    return runs


def random_case(luck: random.Random, number: int, units: list[UUID]) -> tuple[CaseHead, list]:
    """Walk through the table of states, with pauses from minutes to weeks."""
    at = START + timedelta(hours=luck.uniform(0, 24 * 60))
    place = luck.choice([*AREAS, "开发区"]) + "人民路12号"
    head = CaseHead(
        case_id=UUID(int=luck.getrandbits(128)),
        number=f"T{number:05}",
        source=luck.choice(list(CaseSource)),
        place=place,
        registered_at=at,
        grid_code=luck.choice(["110101001001001", "110101001002007", None]),
    )
    log: list[tuple[LogEntry, CaseState]] = []
    state, round_, unit = CASE.initial, 1, None
    for sequence in range(1, luck.randint(0, 22) + 1):
        triggers = sorted(CASE.triggers_from(state))
        if not triggers:
            break
        weights = [FORWARD.get(each.value, 1) for each in triggers]
        [trigger] = luck.choices(triggers, weights)
        state = CASE.next(state, trigger)
        at += timedelta(minutes=luck.choice([1, 10, 14, 40, 600, 9000, 30000]))
        round_ += trigger is CaseTrigger.REOPEN
        is_dispatch = trigger in {"dispatch", "decide"}
        unit = luck.choice(units) if is_dispatch else unit
        sets_due = is_dispatch or trigger in {"extend", "reckon"}
        due_at = at + timedelta(hours=luck.choice([1, 30, 300])) if sets_due else None
        entry = LogEntry(
            sequence=sequence,
            round=round_,
            trigger=trigger.value,
            state=state,
            occurred_at=at,
            actor_id=luck.choice([*PEOPLE, None]),
            actor_roles=("inspector",) if trigger in {"pass", "confirm", "refute"} else ("seat",),
            unit_id=unit,
            due_at=due_at,
            **named_level(luck, trigger, units),
        )
        log.append((entry, state))
    return head, log


def named_level(luck: random.Random, trigger: CaseTrigger, units: list[UUID]) -> dict[str, Any]:
    """A hand-down names a district; a dispatch says so of the present one, if it says anything."""
    if trigger is CaseTrigger.HAND_DOWN:
        return {"district_id": luck.choice(units)}
    if trigger in {"dispatch", "decide"} and luck.random() < 0.7:
        return {"district_id": luck.choice([*units, None]), "names_level": True}
    return {}


def rows_of(
    head: CaseHead, log: list, runs: list[StageRun]
) -> Iterator[CaseRow | CaseHistoryRow | CaseStageRow]:
    last, state = log[-1] if log else (None, CASE.initial)
    yield CaseRow(
        id=head.case_id,
        number=head.number,
        round=last.round if last else 1,
        state=state,
        sequence=len(log),
        source=head.source,
        subject="井盖",
        body="井盖",
        place=head.place,
        grid_code=head.grid_code,
        registered_at=head.registered_at,
    )
    for entry, after in log:
        yield CaseHistoryRow(
            case_id=head.case_id,
            sequence=entry.sequence,
            round=entry.round,
            trigger=CaseTrigger(entry.trigger),
            state=after,
            actor_id=entry.actor_id,
            actor_name="某人",
            actor_roles=list(entry.actor_roles),
            unit_id=entry.unit_id,
            text="",
            detail=detail_of(entry),
            occurred_at=entry.occurred_at,
        )
    for number, run in enumerate(runs):
        yield CaseStageRow(
            case_id=head.case_id,
            round=run.round,
            sequence=number,
            stage=run.stage,
            begun_at=head.registered_at,
            due_at=run.due_at,
            receipt={},
            ended_at=run.ended_at,
            ended_by=CaseTrigger(run.ended_by) if run.ended_by else None,
        )


def detail_of(entry: LogEntry) -> dict[str, Any]:
    """Dispatching names the deadline itself; an extension brings the receipt."""
    due = entry.due_at.isoformat() if entry.due_at else None
    level = {"district_id": str(entry.district_id) if entry.district_id else None}
    if entry.trigger == "hand_down":
        return level
    told = {"due_at": due} if entry.trigger == "dispatch" else {"receipt": {"due_at": due}}
    return told | (level if entry.names_level else {})


@dataclass(frozen=True, slots=True)
class Written:
    """Cases in the database, as the pure folding takes them."""

    cases: Sequence[tuple[CaseHead, list[LogEntry], list[StageRun]]]

    def facts(self, until: datetime | None = None) -> list[CaseFact]:
        """Fold all of them, as they were known at an instant."""
        return [
            each
            for head, log, runs in self.cases
            for each in fold(head, log, runs, AREAS, until=until)
        ]


async def write_cases(city: City, number: int, seed: int) -> Written:
    """Write random cases."""
    luck = random.Random(seed)
    units = list(city.units.values())
    walked = [random_case(luck, each, units) for each in range(number)]
    cases = [(head, log, random_runs(luck, head, log)) for head, log in walked]
    async with city.database.begin() as uow:
        for head, log, runs in cases:
            case, *history = rows_of(head, log, runs)
            uow.session.add(case)
            await uow.session.flush()
            uow.session.add_all(history)
    return Written([(head, [entry for entry, _ in log], runs) for head, log, runs in cases])


async def name_areas(city: City) -> None:
    rules = [
        ResponsibilityRule(
            scheme="*",
            category="facility:01",
            area=area,
            unit_code="drain",
            valid_from=date(2026, 1, 1),
        )
        for area in AREAS
    ]
    async with city.database.begin() as uow:
        await load_units(uow, UNITS, rules)


async def stored_facts(
    database: Database, period: Period | None = None
) -> dict[tuple[UUID, int], CaseFactRow]:
    """Return the newest facts, or those that a period counts."""
    known = CaseFactRow.known_until.is_(None)
    if period is not None:
        known = (CaseFactRow.known_from <= period.ends) & (
            known | (CaseFactRow.known_until > period.ends)
        )
    async with database.read() as session:
        rows = (await session.scalars(select(CaseFactRow).where(known))).all()
    found = {(row.case_id, row.round): row for row in rows}
    assert len(found) == len(rows)
    return found


def assert_same(row: CaseFactRow, fact: CaseFact) -> None:
    for each in fields(InTime):
        assert getattr(row, each.name) is getattr(fact.in_time, each.name), (each.name, fact)
    for each in fields(CaseFact):
        if each.name == "in_time":
            continue
        expected = getattr(fact, each.name)
        if isinstance(expected, tuple):
            expected = list(expected)
        assert getattr(row, each.name) == expected, (each.name, fact)
    assert row.over_at == fact.over_at


@pytest.mark.parametrize("seed", range(3))
async def test_r72_sql_folds_the_log_as_the_pure_function_does(city: City, seed: int) -> None:
    """R72: results come from the log of cases by one rule, whoever reckons."""
    await name_areas(city)
    written = await write_cases(city, 150, seed)

    async with city.database.begin() as uow:
        await fold_facts(uow)

    for period in (None, *PERIODS):
        facts = written.facts(period.ends if period else None)
        found = await stored_facts(city.database, period)
        assert len(found) == len(facts) > 20
        for fact in facts:
            assert_same(found[fact.case_id, fact.round], fact)


async def test_only_what_moved_is_folded_again_and_nothing_is_missed(city: City) -> None:
    case_id = await city.registered_case()
    await city.closed_case()
    async with city.database.begin() as uow:
        await fold_facts(uow)
    await city.finish(case_id)
    later = await city.registered_case()
    async with city.database.begin() as uow:
        await fold_facts(uow)
        assert await fold_facts(uow) == 0
    piecemeal = await stored_facts(city.database)
    async with city.database.begin() as uow:
        await fold_facts(uow, whole=True)

    whole = await stored_facts(city.database)
    assert whole.keys() == piecemeal.keys()
    assert whole[case_id, 1].closed_at == piecemeal[case_id, 1].closed_at == city.clock()
    assert (later, 1) in piecemeal


@pytest.mark.parametrize("options", OPTIONS, ids=lambda each: each.should_close.value)
async def test_r72_r75_sql_counts_as_the_pure_function_does(city: City, options: Options) -> None:
    """R72, R75: every counter of domain 5.2, with deferred cases in or out as the options say."""
    await name_areas(city)
    written = await write_cases(city, 250, 11)
    async with city.database.begin() as uow:
        await fold_facts(uow)

    for period in PERIODS:
        facts = written.facts(period.ends)
        async with city.database.read() as session:
            found = Evaluations(session)
            centre = dict(await found.count(ObjectKind.CENTRE, period, options))
            units = dict(await found.count(ObjectKind.UNIT, period, options))
            regions = dict(await found.count(ObjectKind.REGION, period, options))
        assert centre["centre"] == count(facts, period, options)
        for unit_id in city.units.values():
            expected = count((f for f in facts if f.unit_id == unit_id), period, options)
            gave_back = count((f for f in facts if f.returned_by == unit_id), period, options)
            expected |= {name: gave_back[name] for name in ("returned", "returned_late")}
            assert units[str(unit_id)] == expected
        for region in (*AREAS, None):
            own = [fact for fact in facts if fact.region == region]
            assert regions[region or facts_sql.UNPLACED] == count(own, period, options)


async def test_the_random_city_raises_every_counter(city: City) -> None:
    written = await write_cases(city, 500, 11)

    found = count(
        written.facts(), Period.parse("2026"), Options(count_deferred=True, count_shelved=True)
    )

    assert [name for name, number in found.items() if number == 0] == []


@pytest.mark.parametrize("kind", [ObjectKind.UNIT, ObjectKind.REGION, ObjectKind.INSPECTOR])
async def test_r76_every_number_opens_exactly_its_rows(city: City, kind: ObjectKind) -> None:
    """R76: collecting and handling are analysed down to the single case."""
    await name_areas(city)
    await write_cases(city, 200, 5)
    period, options = Period.parse("2026"), Options()
    async with city.database.begin() as uow:
        await fold_facts(uow)
        found = Evaluations(uow.session)
        objects = await found.count(kind, period, options)
        assert objects
        for key, counters in objects:
            for name, number in counters.items():
                rows, after = [], None
                while page := await found.rows(
                    kind,
                    key,
                    COUNTERS[name],
                    period,
                    options,
                    district=None,
                    after=after,
                    limit=7,
                ):
                    rows += page
                    after = (page[-1].reported_at, page[-1].case_id, page[-1].round)
                assert len(rows) == len({(row.case_id, row.round) for row in rows}) == number


async def test_the_fingerprint_follows_the_facts_and_nothing_else(city: City) -> None:
    period = Period.parse("2026-03")
    case_id = await city.registered_case()
    prints = []
    for act in (None, None, city.finish):
        if act:
            await act(case_id)
        async with city.database.begin() as uow:
            await fold_facts(uow)
            prints.append(await Evaluations(uow.session).fingerprint(period))

    assert prints[0] == prints[1] != prints[2]

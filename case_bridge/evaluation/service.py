"""Use cases: keep the facts in step, evaluate, publish, compare, open a number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.definition import PRESETS, Definition, ObjectKind
from case_bridge.evaluation.facts_sql import CENTRE_KEY, FIRST_LEVEL_KEY, UNPLACED
from case_bridge.evaluation.grade import Grade, Grading
from case_bridge.evaluation.model import EvaluationResultRow, EvaluationRow
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.repository import CountedCase, Evaluations, Place
from case_bridge.evaluation.score import Counted, Result, score_all
from case_bridge.places.service import community_names
from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid, NotFound
from hotline.kernel.ids import UnitId, new_id

OVERLAP: Final = timedelta(hours=1)
"""Moves carry the instant of their act, not of their commit: look back so far for late ones."""

PAGE_SIZE: Final = 50
COMMANDED: Final = frozenset({ObjectKind.UNIT, ObjectKind.DEPARTMENT})
"""Kinds of which each is commanded by the first level or by a district."""
DUTY_WORDS: Final = {
    "file": "受理员",
    "dispatch": "派遣员",
    "close": "值班长",
    "verify": "监督员（核实）",
    "check": "监督员（核查）",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A ranked list with everything it was reckoned from."""

    period: Period
    kind: ObjectKind
    definition: Definition
    options: Options
    grading: Grading
    inputs_hash: str
    results: tuple[Result, ...]
    evaluation_id: UUID | None = None
    """None while it is not published."""
    revision: int = 0
    reason: str = ""
    published_at: datetime | None = None
    published_by: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one kind of object is assessed in one period."""

    kind: ObjectKind
    period: Period
    definition: Definition
    options: Options = field(default_factory=Options)
    grading: Grading = field(default_factory=Grading)

    @classmethod
    def usual(cls, kind: ObjectKind, period: Period) -> "Plan":
        """Return the plan with the usual preset and options."""
        return cls(kind, period, PRESETS[kind][0])


def plan_of(found: Evaluation) -> Plan:
    """Return how something was assessed."""
    return Plan(found.kind, found.period, found.definition, found.options, found.grading)


async def fold_facts(uow: UnitOfWork, *, whole: bool = False) -> int:
    """Bring the facts into step with the log; with `whole` fold all again; return how many."""
    facts = Evaluations(uow.session)
    newest = None if whole else await facts.last_move()
    return await facts.fold(since=newest - OVERLAP if newest else None)


async def evaluate(
    session: AsyncSession, plan: Plan, *, district: UnitId | None = None
) -> Evaluation:
    """Return the ranking as the facts stand now (R71, R72); nothing is stored.

    Of a district it counts what the district commands alone, as its numbers open it (R28).

    Raises:
        Invalid: if the formula cannot be read.
    """
    facts = Evaluations(session)
    counted = await facts.count(plan.kind, plan.period, plan.options, district=district)
    names = await _names(session, plan.kind)
    levels = await facts.levels() if plan.kind in COMMANDED else {}
    objects = [_object(key, counters, names, levels.get(key)) for key, counters in counted]
    return Evaluation(
        period=plan.period,
        kind=plan.kind,
        definition=plan.definition,
        options=plan.options,
        grading=plan.grading,
        inputs_hash=await facts.fingerprint(plan.period),
        results=score_all(objects, plan.definition, plan.options, plan.grading),
    )


async def publish(
    uow: UnitOfWork, plan: Plan, *, reason: str = "", actor: User, now: datetime
) -> UUID:
    """Freeze the results of a period that is over; a second time is a revision with a reason.

    Raises:
        Conflict: if the period is not over, or is published and nothing has changed.
        Invalid: if it is a correction without a reason.
    """
    if now < plan.period.ends:
        raise Conflict(f"{plan.period} ends at {plan.period.ends:%Y-%m-%d %H:%M} UTC; wait for it")
    await fold_facts(uow)
    before = await Evaluations(uow.session).published(plan.kind, plan.period)
    found = await evaluate(uow.session, plan)
    if before and not reason.strip():
        raise Invalid("reason", "say why what is published has to be corrected")
    if before and _is_same(before[0], found):
        raise Conflict(f"revision {before[0].revision} says the same already")
    row = EvaluationRow(
        id=new_id(),
        period=str(plan.period),
        object_kind=plan.kind,
        revision=before[0].revision + 1 if before else 1,
        reason=reason.strip(),
        definition=plan.definition.to_payload(),
        options=plan.options.to_payload(),
        grading=plan.grading.to_payload(),
        inputs_hash=found.inputs_hash,
        published_at=now,
        published_by=actor.display_name,
    )
    uow.session.add(row)
    await uow.session.flush()
    uow.session.add_all(
        _result_row(row.id, position, each) for position, each in enumerate(found.results, 1)
    )
    await audit.append(
        uow,
        actor=actor.login,
        action="evaluation.publish",
        target=f"evaluation:{plan.period}:{plan.kind}:{row.revision}",
        detail={"inputs": found.inputs_hash, "reason": row.reason},
        now=now,
    )
    return row.id


async def published(
    session: AsyncSession, kind: ObjectKind, period: Period, revision: int | None = None
) -> Evaluation | None:
    """Return what was published of a period, the newest revision or the one asked for."""
    rows = await Evaluations(session).published(kind, period)
    fitting = [row for row in rows if revision in {None, row.revision}]
    return await _frozen(session, fitting[0]) if fitting else None


async def published_by_id(session: AsyncSession, evaluation_id: UUID) -> Evaluation:
    """Return a published evaluation.

    Raises:
        NotFound: if there is none of that id.
    """
    row = await Evaluations(session).by_id(evaluation_id)
    if row is None:
        raise NotFound("evaluation", evaluation_id)
    return await _frozen(session, row)


async def revisions(
    session: AsyncSession, kind: ObjectKind, period: Period
) -> tuple[tuple[int, datetime, str], ...]:
    """Return number, time and reason of every revision, newest first."""
    rows = await Evaluations(session).published(kind, period)
    return tuple((row.revision, row.published_at, row.reason) for row in rows)


async def published_periods(
    session: AsyncSession, kind: ObjectKind, *, limit: int = 24
) -> tuple[Period, ...]:
    """Return the periods with published results of a kind, newest first."""
    found = await Evaluations(session).periods(kind, limit=limit)
    return tuple(Period.parse(each) for each in found)


async def past_rates(session: AsyncSession, period: Period) -> list[tuple[str, float]]:
    """Return the on-time closing rates of up to twelve published periods, oldest first (R73)."""
    found = []
    for shift in range(-11, 1):
        earlier = period.shifted(shift)
        known = await published(session, ObjectKind.CENTRE, earlier)
        for each in known.results if known else ():
            should = each.counters["should_close"]
            if should:
                found.append((str(earlier), each.counters["closed_on_time"] / should))
    return found


async def open_counter(
    session: AsyncSession,
    plan: Plan,
    key: str,
    counter: str,
    *,
    district: UnitId | None = None,
    after: str | None = None,
) -> tuple[list[CountedCase], str | None]:
    """Return a page of the cases behind a number, and the cursor of the next page.

    Who works for a district opens the cases of that district alone (R28).

    Raises:
        Invalid: if there is no such counter, or the cursor is not ours.
    """
    if counter not in COUNTERS:
        raise Invalid("counter", f"there is no counter {counter}")
    rows = await Evaluations(session).rows(
        plan.kind,
        key,
        COUNTERS[counter],
        plan.period,
        plan.options,
        district=district,
        after=_read_cursor(after) if after else None,
        limit=PAGE_SIZE + 1,
    )
    page = rows[:PAGE_SIZE]
    return page, _cursor(page[-1]) if len(rows) > PAGE_SIZE else None


async def object_name(session: AsyncSession, kind: ObjectKind, key: str) -> str:
    """Return what an object is called on screens."""
    return _name_of(key, await _names(session, kind))[0]


async def unit_names(session: AsyncSession) -> Mapping[str, str]:
    """Return every unit's name by its id as text."""
    return {key: name for key, (name, _) in (await Evaluations(session).unit_names()).items()}


Names = Mapping[str, tuple[str, Any]]


async def _names(session: AsyncSession, kind: ObjectKind) -> Names:
    facts = Evaluations(session)
    match kind:
        case ObjectKind.UNIT | ObjectKind.DEPARTMENT | ObjectKind.CONTRACTOR:
            return await facts.unit_names()
        case ObjectKind.POST | ObjectKind.INSPECTOR:
            return {key: (name, None) for key, name in (await facts.user_names()).items()}
        case ObjectKind.DISTRICT:
            return {**await facts.unit_names(), FIRST_LEVEL_KEY: ("一级平台直接指挥", None)}
        case ObjectKind.COMMUNITY:
            communities = await community_names(session)
            return {
                UNPLACED: ("未定位", None),
                **{code: (name, None) for code, name in communities.items()},
            }
        case ObjectKind.REGION:
            return {UNPLACED: ("未划分区域", None)}
        case ObjectKind.CENTRE:
            return {CENTRE_KEY: ("监督指挥中心", None)}


def _name_of(key: str, names: Names) -> tuple[str, Any]:
    duty, colon, person = key.partition(":")
    if colon and duty in DUTY_WORDS:
        name, _ = names.get(person, ("（已不在册）", None))
        return f"{DUTY_WORDS[duty]} {name}", None
    # A region is its own name; a person or unit that is gone has none.
    return names.get(key, (key if len(key) < 32 else "（已不在册）", None))


def _object(key: str, counters: Mapping[str, int], names: Names, level: str | None) -> Counted:
    name, unit_class = _name_of(key, names)
    return Counted(key=key, name=name, counters=counters, unit_class=unit_class, level=level)


def _is_same(row: EvaluationRow, found: Evaluation) -> bool:
    return (row.inputs_hash, row.definition, row.options, row.grading) == (
        found.inputs_hash,
        found.definition.to_payload(),
        found.options.to_payload(),
        found.grading.to_payload(),
    )


def _result_row(evaluation_id: UUID, position: int, result: Result) -> EvaluationResultRow:
    return EvaluationResultRow(
        id=new_id(),
        evaluation_id=evaluation_id,
        position=position,
        object_key=result.key,
        object_name=result.name,
        unit_class=result.unit_class,
        level=result.level,
        counters=dict(result.counters),
        score=result.score,
        grade=result.grade.value if result.grade else None,
        place=result.place,
        remark=result.remark,
    )


async def _frozen(session: AsyncSession, row: EvaluationRow) -> Evaluation:
    options = Options.from_payload(row.options)
    results = await Evaluations(session).results(row.id)
    return Evaluation(
        period=Period.parse(row.period),
        kind=row.object_kind,
        definition=Definition.from_payload(row.definition),
        options=options,
        grading=Grading.from_payload(row.grading),
        inputs_hash=row.inputs_hash,
        results=tuple(_result(each, options) for each in results),
        evaluation_id=row.id,
        revision=row.revision,
        reason=row.reason,
        published_at=row.published_at,
        published_by=row.published_by,
    )


def _result(row: EvaluationResultRow, options: Options) -> Result:
    score = None
    if row.score is not None:
        # The column keeps six digits; shown are as many as were meant.
        score = Decimal(row.score).quantize(Decimal(1).scaleb(-options.digits))
    return Result(
        key=row.object_key,
        name=row.object_name,
        unit_class=row.unit_class,
        level=row.level,
        counters=row.counters,
        score=score,
        grade=Grade(row.grade) if row.grade else None,
        place=row.place,
        remark=row.remark,
    )


def _cursor(row: CountedCase) -> str:
    return f"{row.reported_at.isoformat()}|{row.case_id}|{row.round}"


def _read_cursor(cursor: str) -> Place:
    at, _, rest = cursor.partition("|")
    case_id, _, number = rest.partition("|")
    try:
        place = datetime.fromisoformat(at), UUID(case_id), int(number)
    except ValueError:
        raise Invalid("after", "it was not given out by this list") from None
    if place[0].tzinfo is None:
        raise Invalid("after", "it was not given out by this list")
    return place

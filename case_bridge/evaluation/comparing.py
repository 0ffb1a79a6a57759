"""A published evaluation beside the same one reckoned now."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.counters import COUNTERS
from case_bridge.evaluation.score import Result
from case_bridge.evaluation.service import Evaluation, evaluate, plan_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One object whose figures are no longer what was published."""

    key: str
    name: str
    score_before: Decimal | None
    score_now: Decimal | None
    place_before: int | None
    place_now: int | None
    counters: Mapping[str, tuple[int, int]]
    """Counter to its published and present value, where they differ."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published evaluation beside the same one reckoned now."""

    published: Evaluation
    now: Evaluation
    differences: tuple[Difference, ...]
    inputs_changed: bool


async def compare(session: AsyncSession, before: Evaluation) -> Comparison:
    """Reckon a published evaluation again, by its own definition and options, and compare."""
    found = await evaluate(session, plan_of(before))
    then = {each.key: each for each in before.results}
    today = {each.key: each for each in found.results}
    pairs = ((key, then.get(key), today.get(key)) for key in sorted({*then, *today}))
    differences = tuple(
        difference for each in pairs if (difference := _difference(*each)) is not None
    )
    return Comparison(before, found, differences, before.inputs_hash != found.inputs_hash)


def _difference(key: str, then: Result | None, today: Result | None) -> Difference | None:
    before = dict(then.counters) if then else {}
    after = dict(today.counters) if today else {}
    changed = {
        name: (before.get(name, 0), after.get(name, 0))
        for name in COUNTERS
        if before.get(name, 0) != after.get(name, 0)
    }
    scores = (then.score if then else None, today.score if today else None)
    if not changed and scores[0] == scores[1]:
        return None
    named = then or today
    assert named is not None
    return Difference(
        key=key,
        name=named.name,
        score_before=scores[0],
        score_now=scores[1],
        place_before=then.place if then else None,
        place_now=today.place if today else None,
        counters=changed,
    )

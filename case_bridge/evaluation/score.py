"""Scores: counters of objects in, ranked results out. Pure; every open choice is an option."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from case_bridge.evaluation.counters import COUNTERS, LABELS, OBJECTS, REVERSE_RANK
from case_bridge.evaluation.definition import Definition
from case_bridge.evaluation.formula import (
    Expression,
    Values,
    ZeroDenominator,
    evaluate,
    terms,
    written,
)
from case_bridge.evaluation.grade import Grade, Grading
from case_bridge.evaluation.options import Options, RankedWithin, Ties, ZeroDue
from case_bridge.units.unit import UnitClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One object with its counters."""

    key: str
    name: str
    counters: Mapping[str, int]
    unit_class: UnitClass | None = None
    level: str | None = None
    """The second-level platform that commands it; None: the first level, or nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One object with what its counters come to."""

    key: str
    name: str
    unit_class: UnitClass | None
    counters: Mapping[str, int]
    """The counters and, for the ranked, `reverse_rank` and `units`, whole or halves."""
    score: Decimal | None
    """None if there was nothing to assess."""
    grade: Grade | None
    place: int | None
    """1 for the best; equal scores share a place."""
    remark: str = ""
    """Why there is no score."""
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One term of the sum, in words and in figures."""

    words: str
    figures: str
    value: Fraction
    """With its sign."""


def score_all(
    objects: Sequence[Counted], definition: Definition, options: Options, grading: Grading
) -> tuple[Result, ...]:
    """Return every object's result, group by group, the best first (R71, R87).

    Places count inside of a group: those who are compared with each other. Those without a score
    stand last in theirs.

    Raises:
        Invalid: if the formula cannot be read.
    """
    tree = definition.tree()
    results: list[Result] = []
    for group in _groups(objects, options):
        found = []
        taking_part = [each for each in group if _takes_part(each, tree, options)]
        closed = [each.counters.get("closed", 0) for each in taking_part]
        for each in group:
            if each not in taking_part:
                found.append(_unscored(each, "本期没有应考核的案卷"))
                continue
            values = values_of(each.counters, closed, options)
            found.append(_scored(each, tree, values, definition, options, grading))
        results += _placed(found)
    return tuple(results)


def values_of(
    counters: Mapping[str, int], closed: Sequence[int], options: Options
) -> dict[str, Fraction]:
    """Return the counters with reverse rank and number of objects, as exact values.

    `closed` are the closed cases of everybody who takes part, this one's among them.
    """
    values = {name: Fraction(counters.get(name, 0)) for name in COUNTERS}
    rank = reverse_rank(counters.get("closed", 0), closed, options.ties)
    if len(closed) == 1 and not options.lone_unit_has_work_value:
        rank = Fraction(0)
    return values | {REVERSE_RANK: rank, OBJECTS: Fraction(len(closed))}


def reverse_rank(own: int, everybody: Sequence[int], ties: Ties) -> Fraction:
    """Return the place counted from the fewest closed: the busiest has the greatest (003 a26(3)).

    `everybody` holds the own number too.
    """
    fewer = sum(each < own for each in everybody)
    equal = sum(each == own for each in everybody)
    match ties:
        case Ties.DENSE:
            return Fraction(len({each for each in everybody if each <= own}))
        case Ties.LOW:
            return Fraction(fewer + 1)
        case Ties.HIGH:
            return Fraction(fewer + equal)
        case Ties.MEAN:
            return Fraction(2 * fewer + equal + 1, 2)


def exact_score(
    tree: Expression, values: Values, definition: Definition, options: Options
) -> Fraction:
    """Return the score before rounding.

    Raises:
        ZeroDenominator: if a rate has nothing to be a rate of, and the options do not allow it.
    """
    zero = Fraction(0) if options.zero_due is ZeroDue.ZERO else None
    score = evaluate(tree, values, zero=zero)
    return score * 100 / definition.maximum if options.scale_to_hundred else score


def explain_steps(tree: Expression, values: Values, options: Options) -> list[Step]:
    """Return the terms of the sum one by one, as an assessor would write them down."""
    zero = Fraction(0) if options.zero_due is ZeroDue.ZERO else None
    figures = {name: plain(value) for name, value in values.items()}
    return [
        Step(
            words=written(term, LABELS),
            figures=written(term, figures),
            value=sign * evaluate(term, values, zero=zero),
        )
        for sign, term in terms(tree)
    ]


def plain(value: Fraction) -> str:
    """Return a number as short as it can be written: exact if it ends within six digits."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.6f}".rstrip("0").rstrip(".")
    return text if Fraction(text) == value else f"≈{text}"


def _groups(objects: Sequence[Counted], options: Options) -> list[list[Counted]]:
    groups: dict[str, list[Counted]] = {}
    for each in objects:
        groups.setdefault(_group_of(each, options.ranked_within), []).append(each)
    return [groups[key] for key in sorted(groups)]


def _group_of(each: Counted, within: RankedWithin) -> str:
    match within:
        case RankedWithin.ALL:
            return ""
        case RankedWithin.UNIT_CLASS:
            return each.unit_class.value if each.unit_class else ""
        case RankedWithin.LEVEL:
            return each.level or ""


def _takes_part(each: Counted, tree: Expression, options: Options) -> bool:
    if options.zero_due is ZeroDue.ZERO:
        return True
    # With every rank at 1, only a rate of the object's own counters can be missing.
    values = {name: Fraction(each.counters.get(name, 0)) for name in COUNTERS}
    try:
        evaluate(tree, values | {REVERSE_RANK: Fraction(1), OBJECTS: Fraction(1)})
    except ZeroDenominator:
        return False
    return True


def _scored(
    each: Counted,
    tree: Expression,
    values: Mapping[str, Fraction],
    definition: Definition,
    options: Options,
    grading: Grading,
) -> Result:
    score = options.rounded(exact_score(tree, values, definition, options))
    return Result(
        key=each.key,
        name=each.name,
        unit_class=each.unit_class,
        level=each.level,
        counters=dict(each.counters) | _ranks(values),
        score=score,
        grade=grading.of(score),
        place=None,
    )


def _ranks(values: Mapping[str, Fraction]) -> dict[str, int]:
    # Twice the rank, because a shared one may be a half; stored results hold whole numbers.
    return {"twice_reverse_rank": int(values[REVERSE_RANK] * 2), OBJECTS: int(values[OBJECTS])}


def stored_values(counters: Mapping[str, int]) -> dict[str, Fraction]:
    """Return the exact values behind a result, from what was stored with it."""
    values = {name: Fraction(counters.get(name, 0)) for name in COUNTERS}
    rank = Fraction(counters.get("twice_reverse_rank", 0), 2)
    return values | {REVERSE_RANK: rank, OBJECTS: Fraction(counters.get(OBJECTS, 0))}


def _unscored(each: Counted, remark: str) -> Result:
    return Result(
        key=each.key,
        name=each.name,
        unit_class=each.unit_class,
        level=each.level,
        counters=dict(each.counters),
        score=None,
        grade=None,
        place=None,
        remark=remark,
    )


def _placed(results: Sequence[Result]) -> tuple[Result, ...]:
    scored = sorted(
        (each for each in results if each.score is not None),
        key=lambda each: (-(each.score or Decimal(0)), each.name, each.key),
    )
    scores = [each.score for each in scored]
    placed = [replace(each, place=scores.index(each.score) + 1) for each in scored]
    rest = sorted((each for each in results if each.score is None), key=lambda each: each.name)
    return (*placed, *rest)

"""Scores by 003 article 26, and every choice that it leaves open."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.evaluation.counters import NAMES
from case_bridge.evaluation.definition import (
    JINNIU,
    PRESETS,
    SUNING,
    Definition,
    ObjectKind,
)
from case_bridge.evaluation.formula import evaluate
from case_bridge.evaluation.grade import CONSEQUENCES, Grade, Grading
from case_bridge.evaluation.options import Options, RankedWithin, Rounding, Ties, ZeroDue
from case_bridge.evaluation.score import (
    Counted,
    Result,
    explain_steps,
    plain,
    reverse_rank,
    score_all,
    stored_values,
)
from case_bridge.units.unit import UnitClass
from hotline.kernel.errors import Invalid

VECTOR = {"should_close": 50, "closed": 48, "closed_on_time": 45, "reworked": 2}


def unit(name: str, unit_class: UnitClass | None = None, **counters: int) -> Counted:
    return Counted(key=name, name=name, counters=counters, unit_class=unit_class)


def city() -> list[Counted]:
    """Ten units: seven closed fewer cases than the one of the test vector, two closed more."""
    others = [
        unit(f"u{closed}", should_close=60, closed=closed, closed_on_time=closed)
        for closed in (1, 2, 3, 4, 5, 6, 7, 50, 51)
    ]
    return [unit("vector", **VECTOR), *others]


def score(objects: list[Counted], options: Options | None = None) -> dict[str, Result]:
    results = score_all(objects, SUNING, options or Options(), Grading())
    return {each.key: each for each in results}


def test_r71_the_vector_of_article_26_is_80_4() -> None:
    """R71: 综合得分 = 按期结案率×40 + 结案率×30 + 工作值×20 − 返工率×10 (003 a26)."""
    found = score(city())["vector"]

    assert found.score == Decimal("80.40")
    values = stored_values(found.counters)
    assert values["reverse_rank"] == 8
    assert values["units"] == 10
    steps = explain_steps(SUNING.tree(), values, Options())
    assert [(step.figures, step.value) for step in steps] == [
        ("45 ÷ 50 × 40", 36),
        ("48 ÷ 50 × 30", Fraction("28.8")),
        ("8 ÷ 10 × 20", 16),
        ("2 ÷ 50 × 10", Fraction("-0.4")),
    ]
    assert steps[0].words == "按期结案数 ÷ 应结案数 × 40"


def test_r71_the_ranking_is_by_score_and_equals_share_a_place() -> None:
    """R71: 按综合得分进行排名."""
    twins = [unit(name, should_close=2, closed=1, closed_on_time=1) for name in ("甲", "乙")]
    results = score_all([*city(), *twins], SUNING, Options(), Grading())

    scores = [each.score for each in results if each.score is not None]
    assert scores == sorted(scores, reverse=True)
    places = {each.key: each.place for each in results}
    assert places["甲"] == places["乙"]
    assert results[0].place == 1


def test_r71_the_greatest_score_is_90_and_may_be_shown_as_100() -> None:
    """R71, O5: the text says a hundred points, its terms reach 90."""
    best = [unit("best", should_close=9, closed=9, closed_on_time=9)]

    assert score(best)["best"].score == Decimal("90.00")
    assert score(best, Options(scale_to_hundred=True))["best"].score == Decimal("100.00")
    assert SUNING.maximum == 90


def test_r73_closing_on_time_weighs_most() -> None:
    """R73: 重点突出城管问题按期结案率 (003 a25)."""
    steps = explain_steps(SUNING.tree(), dict.fromkeys(NAMES.values(), Fraction(1)), Options())
    assert max(step.value for step in steps) == steps[0].value == 40


def test_a_score_may_be_negative_before_the_work_value() -> None:
    worst = [unit("worst", should_close=5, closed=0, reworked=5)]

    found = score(worst, Options(lone_unit_has_work_value=False))["worst"]

    assert found.score == Decimal("-10.00")
    assert found.grade is Grade.BELOW


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        (Ties.DENSE, [1, 2, 2, 2, 3]),
        (Ties.LOW, [1, 2, 2, 2, 5]),
        (Ties.HIGH, [1, 4, 4, 4, 5]),
        (Ties.MEAN, [1, 3, 3, 3, 5]),
    ],
)
def test_equal_numbers_share_a_rank_as_the_option_says(ties: Ties, expected: list[int]) -> None:
    everybody = [2, 7, 7, 7, 9]

    assert [reverse_rank(each, everybody, ties) for each in everybody] == expected


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30), st.sampled_from(Ties))
def test_more_closed_is_never_a_lower_rank_and_never_above_all(
    everybody: list[int], ties: Ties
) -> None:
    ranks = sorted((own, reverse_rank(own, everybody, ties)) for own in everybody)

    assert all(1 <= rank <= len(everybody) for _, rank in ranks)
    assert [rank for _, rank in ranks] == sorted(rank for _, rank in ranks)
    if len(set(everybody)) == len(everybody):
        assert ranks[-1][1] == len(everybody)


def test_a_unit_without_due_cases_is_not_ranked_and_not_counted() -> None:
    """O6: and so the others' work value is out of two, not three."""
    objects = [unit("idle"), *(unit(f"u{n}", should_close=9, closed=n) for n in (1, 2))]

    found = score(objects)

    assert (found["idle"].score, found["idle"].place) == (None, None)
    assert found["idle"].remark
    assert stored_values(found["u2"].counters)["units"] == 2


def test_or_it_is_ranked_with_rates_of_zero() -> None:
    objects = [unit("idle"), *(unit(f"u{n}", should_close=9, closed=n) for n in (1, 2))]

    found = score(objects, Options(zero_due=ZeroDue.ZERO))

    assert found["idle"].score == Decimal("6.67")
    assert stored_values(found["u2"].counters)["units"] == 3


def test_r36_units_may_be_ranked_within_their_class() -> None:
    """R36: classes I to III have different duties (003 a6-7)."""
    objects = [
        unit("big", UnitClass.FIRST, should_close=90, closed=90),
        unit("small", UnitClass.THIRD, should_close=3, closed=2),
    ]

    apart = score(objects, Options(ranked_within=RankedWithin.UNIT_CLASS))
    together = score(objects)

    assert stored_values(apart["small"].counters)["units"] == 1
    assert apart["small"].score == together["small"].score + 10  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rounding", "digits", "value", "shown"),
    [
        (Rounding.HALF_UP, 1, Fraction("0.25"), "0.3"),
        (Rounding.HALF_EVEN, 1, Fraction("0.25"), "0.2"),
        (Rounding.HALF_EVEN, 1, Fraction("0.35"), "0.4"),
        (Rounding.DOWN, 1, Fraction("0.29"), "0.2"),
        (Rounding.HALF_UP, 0, Fraction(1, 2), "1"),
        (Rounding.HALF_UP, 1, Fraction("-0.25"), "-0.3"),
        (Rounding.HALF_UP, 2, Fraction(2, 3), "0.67"),
        (Rounding.HALF_UP, 2, Fraction("59.994999999999999999"), "59.99"),
    ],
)
def test_rounding_is_once_at_the_end(
    rounding: Rounding, digits: int, value: Fraction, shown: str
) -> None:
    assert str(Options(rounding=rounding, digits=digits).rounded(value)) == shown


@pytest.mark.parametrize(
    ("score", "grade"),
    [("80", Grade.A), ("79.99", Grade.B), ("60", Grade.C), ("59.99", Grade.BELOW)],
)
def test_r74_below_60_is_below_grade_c_with_consequences(score: str, grade: Grade) -> None:
    """R74: 003 a23."""
    assert Grading().of(Decimal(score)) is grade
    assert "年终考核一票否决" in CONSEQUENCES
    assert "行风评议满意度降低5%" in CONSEQUENCES


def test_grades_out_of_order_are_refused() -> None:
    with pytest.raises(Invalid, match="A begins above B"):
        Grading(Decimal(70), Decimal(80), Decimal(60))


def test_the_jinniu_like_formula_gives_full_marks_for_a_faultless_month() -> None:
    best = unit("best", should_close=4, closed=4, handled=4, handled_on_time=4)
    late = unit("late", should_close=4, handled=2, overdue_unhandled=2, extended=1, reworked=1)

    found = {each.key: each.score for each in score_all([best, late], JINNIU, Options(), Grading())}

    assert found == {"best": Decimal("100.00"), "late": Decimal("47.50")}


@pytest.mark.parametrize("kind", ObjectKind)
def test_r79_every_kind_of_object_has_a_formula_that_can_be_read(kind: ObjectKind) -> None:
    """R79: region, department, post, inspector, and the centre itself are assessed."""
    for preset in PRESETS[kind]:
        ones = dict.fromkeys(NAMES.values(), Fraction(1))
        assert evaluate(preset.tree(), ones) <= preset.maximum


def test_a_formula_of_a_city_is_checked_before_it_is_used() -> None:
    wrong = Definition(
        name="own", version=1, title="自定", formula="结案 ÷ 2", maximum=100, source=""
    )

    with pytest.raises(Invalid, match="there is no counter '结案'"):
        score_all(city(), wrong, Options(), Grading())


def test_options_survive_being_stored() -> None:
    options = Options(ties=Ties.MEAN, zero_due=ZeroDue.ZERO, digits=3, count_shelved=True)

    assert Options.from_payload(options.to_payload()) == options
    with pytest.raises(Invalid, match="ties"):
        Options.from_payload({"ties": "by lot"})


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(3), "3"), (Fraction(1, 4), "0.25"), (Fraction(1, 3), "≈0.333333")]
)
def test_a_number_is_shown_exactly_or_marked_as_rounded(value: Fraction, text: str) -> None:
    assert plain(value) == text

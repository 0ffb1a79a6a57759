"""Formulas: a small language, exact, with errors that say where."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_bridge.evaluation.counters import NAMES
from case_bridge.evaluation.formula import (
    MAX_LENGTH,
    ZeroDenominator,
    counters_in,
    evaluate,
    parse,
    terms,
    written,
)
from hotline.kernel.errors import Invalid

A = {"a": "a", "b": "b", "甲": "a"}


def value(text: str, **counters: int) -> Fraction:
    return evaluate(parse(text, A), {name: Fraction(each) for name, each in counters.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 × 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 − 4 − 3", 3),
        ("12 ÷ 4 / 3", 1),
        ("-2 × -3", 6),
        ("1 − −1", 2),
        ("50% × 4", 2),
        ("min(3, 1 + 1, 9) + max(1，2)", 4),
        ("（1＋2）×2", 6),
        ("0.1 + 0.2", Fraction(3, 10)),
    ],
)
def test_a_formula_is_reckoned_exactly(text: str, expected: Fraction) -> None:
    assert value(text) == expected


def test_a_counter_may_be_written_by_its_name_or_in_chinese() -> None:
    assert value("a ÷ b + 甲", a=1, b=3) == Fraction(4, 3)
    assert counters_in(parse("min(甲, -b) × 2", A)) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at character 1: the formula ends too early"),
        ("1 +", "at character 4: the formula ends too early"),
        ("c + 1", "at character 1: there is no counter 'c'; there are a, b"),
        ("1 ^ 2", "at character 3: '\\^' has no meaning here"),
        ("(1", "at character 3: here belongs '\\)'"),
        ("1 2", "at character 3: '2' is too much"),
        ("min 1", "at character 1: there is no counter 'min'"),
        ("a.b", "at character 2: '.' has no meaning here"),
        ("__import__('os')", "there is no counter '__import__'|has no meaning"),
        ("1 × × 2", "at character 5: unexpected '\\*'"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        parse(text, A)


def test_division_by_zero_names_the_divisor() -> None:
    with pytest.raises(ZeroDenominator, match="a − a is 0"):
        value("1 ÷ (a − a)", a=3)


def test_division_by_zero_may_be_worth_something() -> None:
    tree = parse("a / b + 1", A)

    assert evaluate(tree, {"a": Fraction(1), "b": Fraction(0)}, zero=Fraction(0)) == 1


@pytest.mark.parametrize("text", ["(" * 60 + "1" + ")" * 60, "-" * 60 + "1", "1" * 1001])
def test_a_monstrous_formula_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=f"levels|{MAX_LENGTH}"):
        parse(text, A)


def test_the_terms_of_a_sum_carry_their_signs() -> None:
    found = terms(parse("1 − (2 − a) + -b × 2", A))

    assert [(sign, written(term)) for sign, term in found] == [
        (1, "1"),
        (-1, "2"),
        (1, "a"),
        (1, "−b × 2"),
    ]


NUMBERS = st.integers(0, 99).map(str)
FORMULAS = st.recursive(
    NUMBERS | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join)
        | inner.map(lambda text: f"-({text})")
        | st.lists(inner, min_size=1, max_size=3).map(lambda each: f"min({', '.join(each)})")
    ),
    max_leaves=8,
)


@given(FORMULAS, st.integers(-5, 5), st.integers(-5, 5))
def test_what_is_written_again_means_the_same(text: str, a: int, b: int) -> None:
    values = {"a": Fraction(a), "b": Fraction(b)}
    tree = parse(text, A)
    zero = Fraction(0)

    assert evaluate(parse(written(tree), A), values, zero=zero) == evaluate(tree, values, zero=zero)
    assert sum(s * evaluate(t, values, zero=zero) for s, t in terms(tree)) == evaluate(
        tree, values, zero=zero
    )


@given(st.text(max_size=30))
def test_no_text_does_more_than_parse_or_be_refused(text: str) -> None:
    with suppress(Invalid):
        assert counters_in(parse(text, NAMES)) <= set(NAMES.values())

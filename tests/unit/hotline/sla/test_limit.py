import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.errors import Invalid
from hotline.sla.limit import MAX_AMOUNT, Limit, LimitUnit

limits = st.builds(Limit, st.integers(1, MAX_AMOUNT), st.sampled_from(LimitUnit))


@given(limits)
def test_the_short_form_is_read_back(limit: Limit) -> None:
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "limit", "zh"),
    [
        ("2uh", Limit(2, LimitUnit.URGENT_HOUR), "2紧急工作时"),
        ("2ud", Limit(2, LimitUnit.NATURAL_DAY), "2自然日"),
        ("4wh", Limit(4, LimitUnit.WORKING_HOUR), "4工作时"),
        ("15wd", Limit(15, LimitUnit.WORKING_DAY), "15工作日"),
    ],
)
def test_the_four_kinds(text: str, limit: Limit, zh: str) -> None:
    assert Limit.parse(text) == limit
    assert limit.label() == zh


@pytest.mark.parametrize(
    "text", ["", "4", "4h", "4x", "0wh", "-1wd", "04wh", "4 wh", "1000wd", "４wh"]
)
def test_anything_else_is_refused_and_told_how_to_write_it(text: str) -> None:
    with pytest.raises(Invalid, match="is not a limit; write"):
        Limit.parse(text)


@given(st.text(max_size=8))
def test_parsing_raises_nothing_else(text: str) -> None:
    try:
        read = str(Limit.parse(text))
    except Invalid:
        read = text

    assert read == text


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    with pytest.raises(Invalid, match="not between"):
        Limit(amount, LimitUnit.WORKING_DAY)


def test_only_urgent_hours_and_natural_days_run_day_and_night() -> None:
    continuous = {unit for unit in LimitUnit if unit.is_continuous}

    assert continuous == {LimitUnit.URGENT_HOUR, LimitUnit.NATURAL_DAY}


def test_a_limit_is_said_in_english() -> None:
    assert Limit.parse("4wh").label("en") == "4 working hour(s)"

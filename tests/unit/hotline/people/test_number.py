import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.people.number import MAX_RAW, parse_number


@pytest.mark.parametrize(
    ("raw", "e164", "kind", "dialable"),
    [
        # domain notes 8.1
        ("13800001234", "+8613800001234", "mobile", "13800001234"),
        ("+86 138 0000 1234", "+8613800001234", "mobile", "13800001234"),
        ("008613800001234", "+8613800001234", "mobile", "13800001234"),
        ("8613800001234", "+8613800001234", "mobile", "13800001234"),
        ("010-62345678", "+861062345678", "fixed", "01062345678"),
        ("0755 82345678", "+8675582345678", "fixed", "075582345678"),
        ("020-12345", "+862012345", "fixed", "02012345"),
        ("4008123456", "+864008123456", "toll_free", "4008123456"),
        ("+1 202 555 0100", "+12025550100", "foreign", "0012025550100"),
        ("12345", None, "short", "12345"),
        ("12319", None, "short", "12319"),
        ("122", None, "short", "122"),
        ("95598", None, "short", "95598"),
        ("14400001234", None, "unknown", "14400001234"),  # a prefix the plan does not know
        ("1001", None, "unknown", "1001"),  # an extension
    ],
)
def test_a_number_is_kept_in_its_international_form_where_it_has_one(
    raw: str, e164: str | None, kind: str, dialable: str
) -> None:
    number = parse_number(raw)

    assert number is not None
    assert (number.e164, number.kind, number.dialable) == (e164, kind, dialable)
    assert number.raw == raw


@pytest.mark.parametrize("raw", ["", "   ", "anonymous", "Restricted", "+", "匿名"])
def test_a_withheld_number_is_no_number(raw: str) -> None:
    assert parse_number(raw) is None


def test_a_local_landline_gets_the_area_code_of_the_city() -> None:
    number = parse_number("7212345", home_area_code="0539")

    assert number is not None
    assert number.e164 == "+865397212345"


def test_a_short_number_is_not_completed_by_the_area_code() -> None:
    number = parse_number("12345", home_area_code="0539")

    assert number is not None
    assert number.is_short


def test_two_spellings_are_one_identity() -> None:
    spellings = ["13800001234", "+8613800001234", "0086 138-0000-1234"]

    assert len({number.identity for raw in spellings if (number := parse_number(raw))}) == 1


@given(st.text(max_size=2 * MAX_RAW))
def test_any_text_is_a_number_or_none(raw: str) -> None:
    number = parse_number(raw)

    assert number is None or number.identity

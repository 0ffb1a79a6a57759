import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.texts import LONGEST, parts, shortened, units


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("井" * 70, 1),
        ("井" * 71, 2),
        ("井" * 134, 2),
        ("井" * 135, 3),
        ("𠮷" * 35, 1),  # of another plane: two units each
        ("𠮷" * 36, 2),
        ("井" * LONGEST, 7),
    ],
)
def test_a_text_message_is_paid_for_by_parts(text: str, count: int) -> None:
    assert parts(text) == count


@given(st.text(max_size=80), st.integers(min_value=1, max_value=60))
def test_a_shortened_text_fits_and_says_that_it_goes_on(text: str, limit: int) -> None:
    short = shortened(text, limit)

    assert units(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))

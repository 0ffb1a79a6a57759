from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.dedupe import Earlier, same_matter

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
WORDS = "人民路与解放路口的井盖不见了"


def earlier(text: str, hours: float, key: str = "a") -> Earlier[str]:
    return Earlier(key, text, NOW - timedelta(hours=hours))


@pytest.mark.parametrize(
    ("text", "hours", "linked"),
    [
        (WORDS, 1, True),
        (f" {WORDS}！！ ", 1, True),  # punctuation and space
        ("人民路与解放路口的井盖不見了", 1, False),  # other characters: a person decides
        ("建设路与解放路口的路灯不亮了", 1, False),
        (WORDS, 25, False),  # a day later it may be another cover
        (WORDS, -1, False),
        ("", 1, False),
    ],
)
def test_only_nearly_the_same_words_within_a_day_are_linked(
    text: str, hours: float, linked: bool
) -> None:
    found = same_matter(WORDS, NOW, [earlier(text, hours)])

    assert (found == "a") is linked


def test_the_newest_is_linked() -> None:
    others = [earlier(WORDS, 3, "old"), earlier(WORDS, 1, "new")]

    assert same_matter(WORDS, NOW, others) == "new"


def test_different_house_numbers_are_different_matters() -> None:
    text = "幸福小区3号楼2单元停水"

    assert same_matter(text, NOW, [earlier("幸福小区5号楼1单元停水", 1)]) is None


@given(st.text(), st.text())
def test_any_words_can_be_compared(one: str, other: str) -> None:
    assert same_matter(one, NOW, [earlier(other, 1)]) in ("a", None)

"""Words that must say something."""

import pytest

from case_bridge.cases.words import MAX_WORDS, require_words
from hotline.kernel.errors import Invalid


def test_words_are_stripped() -> None:
    assert require_words("text", "  已修复 \n") == "已修复"


@pytest.mark.parametrize("text", ["", " \n", "字" * (MAX_WORDS + 1)])
def test_no_words_and_too_many_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        require_words("text", text)

"""What a ticket is found by, and what a person types."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.clock import SHANGHAI
from hotline.tickets.question import LONGEST_QUESTION, MOST_WORDS, question
from hotline.tickets.words import indexed_words, mark, mark_query, time_marks


def test_chinese_is_kept_as_pairs_with_their_places() -> None:
    assert indexed_words(["路灯不亮"]) == "'路灯':1 '灯不':2 '不亮':3 '亮':4"


def test_no_word_is_found_across_two_texts() -> None:
    assert indexed_words(["路灯", "坏了"]) == "'路灯':1 '灯':2 '坏了':13 '了':14"


@pytest.mark.parametrize("text", ["电话13800001234", "１３８００００１２３４", "a13800001234b"])
def test_a_telephone_number_is_in_no_index_and_no_question(text: str) -> None:
    """R88: a citizen's number is found by keyed hash and with a reason only."""
    assert "1380" not in indexed_words([text])
    assert "1380" not in question(text)


def test_letters_and_digits_of_any_width_are_one() -> None:
    assert indexed_words(["ＡＢ12楼"]) == "'ab12':1 '楼':2"
    assert question("ＡＢ12") == "'ab12':*"


def test_a_question_is_cut_into_words_that_must_all_be_there() -> None:
    assert question("路灯 井盖") == "'路灯' & '井盖'"
    assert question("垃圾桶") == "'垃圾' & ('垃圾' <-> '圾桶')"
    assert question("路灯坏") == "'路灯' & '坏':*"


def test_neighbours_in_no_word_are_one() -> None:
    """A road that no dictionary knows is one word, and house 13 is not house 138."""
    assert question("莲泰路13号") == "('莲泰' <-> '泰路') & '13'"
    assert question("莲泰的路灯") == "'莲泰' & '路灯'"


def test_a_row_is_marked_with_its_day_and_month() -> None:
    at = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert time_marks(at) == ["day=20260228", "month=202602"]
    assert time_marks(at.astimezone(SHANGHAI)) == time_marks(at)


def test_empty_words_count_only_when_there_is_nothing_else() -> None:
    assert question("路灯的") == "'路灯'"
    assert question("的") == "'的':*"
    assert question("，。！") == ""


def test_marks_are_looked_for_together() -> None:
    category = mark("category", UUID(int=1))
    assert mark_query([mark("channel", "web"), category]) == f"('channel=web' | '{category}')"


@given(st.text(max_size=LONGEST_QUESTION * 2))
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    for written in (indexed_words([text]), question(text)):
        assert written.count("'") % 2 == 0
        assert "\\" not in written
    assert question(text).count(" & ") < MOST_WORDS

"""Each part of the pages speaks its own English where the same Chinese means two things."""

from case_bridge.web.routes import PART as CASES
from hotline.web.app import OWN_PART
from hotline.web.language import CHINESE, ENGLISH, load_texts, own_texts

TEXTS = load_texts((OWN_PART, CASES))


def test_a_word_of_two_meanings_is_said_as_each_part_means_it() -> None:
    own, cases = (own_texts(TEXTS, part, ENGLISH)["登记"] for part in (OWN_PART, CASES))

    assert (own, cases) == ("Note", "Registered")
    assert TEXTS[ENGLISH]["登记"] == "Note", "the house's own where nobody's template asks"


def test_a_part_finds_the_texts_of_the_others_and_chinese_needs_none() -> None:
    assert own_texts(TEXTS, CASES, ENGLISH)["退出"] == "Sign out"
    assert own_texts(TEXTS, CASES, CHINESE) == {}

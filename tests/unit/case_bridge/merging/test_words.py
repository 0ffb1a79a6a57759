"""Words of citizens under one name."""

from case_bridge.merging.words import likeness, shared, terms


def test_different_words_for_one_thing_meet() -> None:
    one, other = terms("井盖丢失"), terms("窨井的盖子被盗")

    assert "井盖" in shared(one, other)
    assert likeness(one, other) > likeness(one, terms("路灯不亮"))


def test_nothing_is_like_nothing() -> None:
    assert likeness(terms(""), terms("")) == 0

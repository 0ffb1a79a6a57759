"""What the words of a report name."""

import pytest

from case_bridge.merging.place_words import read_place, same_names, without_places


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("荷香路12号门口", 12),
        ("荷香路十二号", 12),
        ("荷香路3号楼", None),
        ("书院街一百零五号", 105),
    ],
)
def test_a_house_number_is_read_in_figures_and_in_words(text: str, number: int | None) -> None:
    assert read_place(text).number == number


def test_a_crossing_is_the_same_from_either_road() -> None:
    one, other = read_place("书院街和青年路交叉口的垃圾"), read_place("青年路与书院街路口")

    assert same_names(one.roads, other.roads)
    assert not same_names(one.roads, read_place("书院街").roads)


def test_an_estate_and_its_building() -> None:
    words = read_place("我们书院里小区3号楼门前")

    assert (words.building, words.number) == (3, None)
    assert any(name.endswith("书院里小区") for name in words.names)


def test_what_is_left_without_the_place_tells_of_the_trouble() -> None:
    assert without_places("荷香路12号井盖缺失").split() == ["井盖缺失"]

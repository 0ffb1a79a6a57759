"""Address to point and back, over the demo city's gazetteer."""

import pytest

from case_bridge.places.gazetteer import Gazetteer, NameKind, Precision
from case_bridge.places.position import Position, distance_m
from config.place_tables import names

CITY = Gazetteer(names())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("荷香路", "荷香路"),
        ("hexianglu", "荷香路"),
        ("hxl", "荷香路"),
        ("HeXiangLu", "荷香路"),
        ("市医院", "莲池市人民医院"),
        ("人民医院", "莲池市人民医院"),
        ("荷想路", "荷香路"),
        ("莲池火车占", "莲池火车站"),
        ("荷香路１３号", "荷香路13号"),
    ],
)
def test_a_name_is_found_however_it_is_written(query: str, expected: str) -> None:
    """R102: as written, by alias, by pinyin and initials, with a slip, in full-width digits."""
    assert CITY.search(query)[0].place.name == expected


@pytest.mark.parametrize("query", ["", "   ", "纽约第五大道", "zzzzqqq"])
def test_what_is_not_in_the_city_is_not_found(query: str) -> None:
    assert CITY.search(query) == []


@pytest.mark.parametrize(
    ("address", "name", "precision"),
    [
        ("莲池市荷香街道荷香路13号", "荷香路13号", Precision.EXACT),
        ("荷香路13号门前的井盖坏了", "荷香路13号", Precision.EXACT),
        ("青年路与荷香路口东北角", "青年路与荷香路口", Precision.EXACT),
        ("荷香路和青年路交叉口", "青年路与荷香路口", Precision.EXACT),
        ("我在市医院门口，路灯不亮", "莲池市人民医院", Precision.EXACT),
        ("荷香路上有垃圾", "荷香路", Precision.ROAD),
        ("东关街道范围内", "东关街道", Precision.AREA),
    ],
)
def test_an_address_inside_of_a_sentence_is_located(
    address: str, name: str, precision: Precision
) -> None:
    """R102: the most exact name of a sentence counts."""
    found = CITY.locate(address)
    assert found is not None
    assert (found.place.name, found.precision) == (name, precision)


def test_a_house_that_nobody_measured_lies_between_its_neighbours() -> None:
    """R102: 荷香路12号 of the demo stories has no entry of its own; 10 and 14 have."""
    found = CITY.locate("荷香路12号门前")
    assert found is not None
    assert found.precision is Precision.BETWEEN
    ten, fourteen = CITY.locate("荷香路10号"), CITY.locate("荷香路14号")
    assert ten is not None
    assert fourteen is not None
    whole = distance_m(ten.position, fourteen.position)
    assert distance_m(ten.position, found.position) == pytest.approx(whole / 2, rel=0.01)


def test_a_house_beyond_the_last_one_is_only_somewhere_on_the_road() -> None:
    found = CITY.locate("荷香路999号")
    assert found is not None
    assert found.precision is Precision.ROAD


def test_words_without_a_name_have_no_place() -> None:
    assert CITY.locate("井盖坏了，请尽快处理") is None


def test_a_point_has_the_nearest_address() -> None:
    """R102: back from coordinate to address."""
    house = CITY.locate("青年路41号")
    assert house is not None
    near = Position(house.position.longitude + 0.00002, house.position.latitude)
    nearest = CITY.nearest(near, kinds=frozenset({NameKind.ADDRESS}))
    assert nearest is not None
    assert nearest[0].name == "青年路41号"
    assert nearest[1] < 3

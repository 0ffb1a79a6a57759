"""What one standard changes against another."""

from dataclasses import replace

from case_bridge.standards.difference import Change, compare
from hotline.tickets.category import CategoryKind
from tests.unit.case_bridge.standards.test_checking import CITY


def test_the_same_changes_nothing() -> None:
    found = compare(CITY, CITY)

    assert (found.added, found.changed, found.removed, found.unchanged) == ((), (), (), 2)


def test_against_nothing_all_of_it_is_new() -> None:
    assert len(compare(None, CITY).added) == 2


def test_a_changed_limit_is_shown_from_old_to_new() -> None:
    """R22: the preview says what was and what will be."""
    cover, waste = CITY.items
    first, second = cover.conditions
    newer = replace(
        CITY,
        items=(
            replace(cover, conditions=(replace(first, limit="1uh"), second)),
            replace(waste, code="0111"),
        ),
    )

    found = compare(CITY, newer)

    (changed,) = found.changed
    (change,) = changed.changes
    assert isinstance(change, Change)
    assert change.what == "立案条件 缺失、移位"
    assert change.old.startswith("2紧急工作时")
    assert change.new.startswith("1紧急工作时")
    assert [item.code for item in found.added] == ["0111"]
    assert [item.code for item in found.removed] == ["0110"]
    assert found.touched == {(CategoryKind.FACILITY, "0102"), (CategoryKind.INCIDENT, "0110")}


def test_a_condition_in_new_words_is_the_same_condition() -> None:
    cover, waste = CITY.items
    first, second = cover.conditions
    newer = replace(
        CITY,
        items=(replace(cover, conditions=(replace(first, words="井盖缺失"), second)), waste),
    )

    (changed,) = compare(CITY, newer).changed

    assert changed.changes == (Change("立案条件", "缺失、移位", "井盖缺失"),)

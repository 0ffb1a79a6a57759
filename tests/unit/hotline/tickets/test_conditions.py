"""Conditions are shown in words, on the desk and on the case page alike."""

import csv
from pathlib import Path

from hotline.tickets.category import ConditionLimit
from hotline.tickets.conditions import CONDITIONS, condition_words

DATA = Path(__file__).parents[4] / "config" / "data" / "categories.csv"


def test_a_tag_of_the_shipped_standard_is_shown_in_chinese() -> None:
    assert condition_words("HAZARD") == "缺失、移位或破裂"
    assert condition_words(None) == ""


def test_a_condition_of_another_standard_stays_as_it_is() -> None:
    assert condition_words("街面塌陷") == "街面塌陷"


def test_the_words_of_the_citys_own_standard_come_first() -> None:
    """R20, R25."""
    limits = (ConditionLimit("HAZARD", "2uh", "井盖缺失或移位，危及行人"),)

    assert condition_words("HAZARD", limits) == "井盖缺失或移位，危及行人"
    assert condition_words("BROKEN", limits) == "破损"


def test_every_tag_of_the_shipped_standard_has_words() -> None:
    """R25: nobody at a desk reads a raw tag."""
    rows = csv.DictReader(DATA.read_text(encoding="utf-8").splitlines())
    tags = {each.strip().rpartition(" ")[0] for row in rows for each in row["limits"].split("|")}

    assert tags - set(CONDITIONS) == {""}

"""`hotline check` knows the organisations that there are (R112)."""

from pathlib import Path

from config.checking import find_problems


def test_a_name_that_no_file_has_is_told_by_the_check(tmp_path: Path) -> None:
    chosen = {"data": tmp_path / "house", "organisation": "atlantis"}

    told = [each for each in find_problems(chosen) if "HOTLINE_ORGANISATION" in each]

    assert told == [
        "HOTLINE_ORGANISATION: 'atlantis' is none of "
        "chongqing, jincheng, junan, lianchi, lianchi-districts, qinzhou, suning"
    ]

from pathlib import Path
from typing import Any

import pytest

from config.explain import explain_deadline
from hotline.kernel.errors import Invalid


def test_the_deadline_of_the_readme_is_explained() -> None:
    lines = explain_deadline("2026-02-14T16:30", "4wh").splitlines()

    assert lines[0] == "时限  4工作时 (4wh) · 只计工作时间"
    assert lines[-1] == "到期  2026-02-24 周二 10:30"


def test_a_start_may_name_its_zone() -> None:
    text = explain_deadline("2026-02-14T08:30:00+00:00", "4wh", language="en")

    assert text.endswith("due  2026-02-24 Tue 10:30")


def test_the_rule_for_days_can_be_chosen() -> None:
    text = explain_deadline("2026-03-13T17:00", "1wd", day_rule="end_of_day", language="en")

    assert text.endswith("due  2026-03-16 Mon 18:00")


def test_an_unpublished_year_is_told_or_guessed_on_request() -> None:
    with pytest.raises(Invalid, match="no published holidays for 2027"):
        explain_deadline("2027-03-01T09:00", "4wh")
    assert "暂定" in explain_deadline("2027-03-01T09:00", "4wh", allow_provisional=True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"start": "yesterday"}, "start: 'yesterday' is not a time"),
        ({"limit": "4x"}, "limit: '4x' is not a limit"),
        ({"day_rule": "guess"}, "day rule: 'guess' is none of eight_hours, end_of_day"),
        ({"language": "fr"}, "language: 'fr' is neither zh nor en"),
    ],
)
def test_what_cannot_be_read_is_told(options: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"start": "2026-02-14T16:30", "limit": "4wh", **options}

    with pytest.raises(Invalid, match=problem):
        explain_deadline(**given)


def test_a_calendar_with_mistakes_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="line 1: cannot be read"):
        explain_deadline("2026-02-14T16:30", "4wh", tmp_path)

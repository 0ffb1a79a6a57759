"""What the assessors' pages say has its English; what they draw obeys the strictest policy."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from case_bridge.evaluation.counters import COUNTERS, LABELS
from case_bridge.evaluation.definition import PRESETS
from case_bridge.evaluation.meanings import counter_parts, meanings
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.papers import PaperKind
from case_bridge.evaluation.surveys import Said
from case_bridge.evaluation.text import options_words
from case_bridge.web import evaluation_labels as labels
from case_bridge.web.evaluation_charts import BAR_WIDTH, Bar, bars, trend
from case_bridge.web.routes import PART
from hotline.web.language import read_catalogue

ENGLISH = read_catalogue(Path(PART.catalogue or "") / "en.po")


def test_every_counter_and_choice_has_its_english() -> None:
    words = {*LABELS.values(), *labels.KINDS.values(), *labels.CLASSES.values()}
    words |= set(labels.GRADES.values())
    for label, values in labels.CHOICES.values():
        words |= {label, *map(labels.option_words, values)}
    words |= {preset.title for presets in PRESETS.values() for preset in presets}
    lines = options_words(Options()) + options_words(Options(count_deferred=True))
    words |= {part for line in lines for part in line.split("：") if "%" not in part}
    words |= {labels.PAPERS[kind] for kind in PaperKind} | {labels.SAID[said] for said in Said}
    words |= set(labels.SATISFACTION.values())

    assert words - set(ENGLISH) == set()


def test_r72_every_figure_of_a_paper_says_what_it_means() -> None:
    """R72: no counter without words for each of its conditions, in both languages."""
    found = meanings(COUNTERS)

    parts = {part for each in found for part in each.parts} | {each.figure for each in found}
    assert parts - set(ENGLISH) == set()
    for counter in COUNTERS.values():
        assert len(counter_parts(counter)) == len(counter.raised) + len(counter.absent)


def test_a_ranking_shows_only_counters_that_exist() -> None:
    assert {name for names in labels.COLUMNS.values() for name in names} <= set(COUNTERS)


def widths(svg: str) -> list[float]:
    return [float(each) for each in re.findall(r'<rect[^>]* width="([\d.]+)"', svg)]


def test_bars_are_as_long_as_their_values() -> None:
    svg = bars(
        "得分", [Bar("甲", 100, "100"), Bar("乙", 25, "25", "C"), Bar("丙", -5, "-5")], greatest=100
    )

    assert widths(svg) == [BAR_WIDTH, BAR_WIDTH / 4, 0]
    assert "得分：甲 100；乙 25；丙 -5" in svg


def test_bars_without_a_greatest_value_are_empty() -> None:
    assert widths(bars("数", [Bar("甲", 0, "0")], greatest=0)) == [0]


@pytest.mark.parametrize(
    "points", [[("2026-01", 1.0), ("2026-02", 0.0), ("2026-03", 0.5)], [("x", 0.2)]]
)
def test_a_trend_has_a_point_for_each_value(points: list[tuple[str, float]]) -> None:
    root = ElementTree.fromstring(trend("按期结案率", points))

    assert len(root.findall("{*}circle")) == len(points)


def test_names_cannot_break_out_of_a_chart() -> None:
    svg = bars("<b>", [Bar('"><script>x</script>', 1, "<i>")], greatest=1)

    ElementTree.fromstring(svg)
    assert "<script" not in svg
    assert " style=" not in svg

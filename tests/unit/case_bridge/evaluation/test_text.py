"""`hotline explain score`: a sum that can be checked by hand."""

import pytest
from click.testing import CliRunner

from config.cli.explain import explain
from config.explain import explain_given_score
from hotline.kernel.errors import Invalid

VECTOR = "--closed 48 --should-close 50 --on-time 45 --rework 2 --rank 8 --units 10"


def test_r71_the_sum_is_printed_step_by_step() -> None:
    """R71: 36 + 28.8 + 16 − 0.4 = 80.4."""
    result = CliRunner().invoke(explain, ["score", *VECTOR.split()])

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "  按期结案数 ÷ 应结案数 × 40 = 45 ÷ 50 × 40 → +36" in lines
    assert "  返工案卷数 ÷ 应结案数 × 10 = 2 ÷ 50 × 10 → −0.4" in lines
    assert "  合计 80.4" in lines
    assert "综合得分 80.40，A档" in lines
    assert "缓办案件：不计入" in lines


def test_r74_a_score_below_c_names_its_consequences() -> None:
    """R74: 达不到C档次（综合评价60分）的，年终考核时实行一票否决 (003 a23)."""
    assert "一票否决" in explain_given_score(50, 20, 10, 10, 1, 10)
    assert "一票否决" not in explain_given_score(50, 48, 45, 2, 8, 10)


@pytest.mark.parametrize(
    "arguments", ["", "--closed 48", "--period 2026-03", f"{VECTOR} --period 2026"]
)
def test_half_a_question_is_answered_with_what_is_missing(arguments: str) -> None:
    result = CliRunner().invoke(explain, ["score", *arguments.split()])

    assert result.exit_code == 2
    assert "give either --period and --object, or all of --should-close" in result.output


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        ((50, 51, 45, 2, 8, 10), "closed ≤ should close"),
        ((50, 48, 49, 2, 8, 10), "on time ≤ closed"),
        ((50, 48, 45, 51, 8, 10), "rework ≤ should close"),
        ((50, 48, 45, 2, 11, 10), "11 is more than the 10 units"),
        ((0, 0, 0, 0, 1, 10), "nothing to close"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(
    figures: tuple[int, ...], problem: str
) -> None:
    with pytest.raises(Invalid, match=problem):
        explain_given_score(*figures)

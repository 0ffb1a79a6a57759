"""A score as a sum that anybody can check with pencil and paper."""

from collections.abc import Mapping
from fractions import Fraction

from case_bridge.evaluation.counters import LABELS
from case_bridge.evaluation.definition import Definition
from case_bridge.evaluation.formula import Values, counters_in, written
from case_bridge.evaluation.grade import CONSEQUENCES, Grade, Grading
from case_bridge.evaluation.options import (
    Options,
    RankedWithin,
    Rounding,
    ShouldClose,
    Ties,
    ZeroDue,
)
from case_bridge.evaluation.score import exact_score, explain_steps, plain

OPTION_WORDS: Mapping[str, str] = {
    ShouldClose.WORKLOAD: "应结案：期内到期或此前到期未结的，以及期内办结的",
    ShouldClose.DUE: "应结案：截止时间在期内的",
    ShouldClose.DISPATCHED: "应结案：期内派遣的",
    Ties.DENSE: "并列名次：相同者同名次，名次连续",
    Ties.LOW: "并列名次：取较低名次",
    Ties.HIGH: "并列名次：取较高名次",
    Ties.MEAN: "并列名次：取平均名次",
    ZeroDue.NOT_RANKED: "无应结案者：不参评",
    ZeroDue.ZERO: "无应结案者：参评，各率计0",
    RankedWithin.LEVEL: "名次范围：同一指挥层级",
    RankedWithin.ALL: "名次范围：全部单位",
    RankedWithin.UNIT_CLASS: "名次范围：同类单位",
    Rounding.HALF_UP: "四舍五入",
    Rounding.HALF_EVEN: "四舍六入五成双",
    Rounding.DOWN: "舍去尾数",
}


def options_words(options: Options) -> list[str]:
    """Return every choice behind a score, one line each."""
    return [
        OPTION_WORDS[options.should_close],
        "缓办案件：计入" if options.count_deferred else "缓办案件：不计入",
        "挂账案件：计入" if options.count_shelved else "挂账案件：不计入",
        OPTION_WORDS[options.ranked_within],
        OPTION_WORDS[options.ties],
        OPTION_WORDS[options.zero_due],
        f"单独参评者工作值：{'100%' if options.lone_unit_has_work_value else '0'}",
        f"取值：保留{options.digits}位小数，{OPTION_WORDS[options.rounding]}，只在最后一步",
        f"折算百分制：{'是' if options.scale_to_hundred else '否'}",
    ]


def explain(
    values: Values, definition: Definition, options: Options, grading: Grading, *, title: str = ""
) -> str:
    """Return the sum step by step, with its options and its grade (R71, R72, R74).

    Raises:
        Invalid: if the formula cannot be read.
        ZeroDenominator: if a rate has nothing to be a rate of.
    """
    tree = definition.tree()
    steps = explain_steps(tree, values, options)
    exact = sum((step.value for step in steps), Fraction(0))
    score = options.rounded(exact_score(tree, values, definition, options))
    grade = grading.of(score)
    lines = [title] if title else []
    lines.append(
        f"{definition.title}（{definition.name} 第{definition.version}版，{definition.source}）"
    )
    lines.append(f"综合得分 = {written(tree, LABELS)}")
    lines.append("")
    lines += [
        f"  {LABELS[name]}：{plain(values[name])}" for name in LABELS if name in counters_in(tree)
    ]
    lines.append("")
    lines += [f"  {step.words} = {step.figures} → {signed(step.value)}" for step in steps]
    lines += ["", f"  合计 {plain(exact)}"]
    if options.scale_to_hundred:
        lines.append(f"  折算百分制：{plain(exact)} × 100 ÷ {definition.maximum}")
    lines.append(f"综合得分 {score}，{grade_word(grade)}")
    if grade is Grade.BELOW:
        lines.append(f"年度得分在此档的后果（003 a23）：{'；'.join(CONSEQUENCES)}")
    lines += ["", *options_words(options)]
    return "\n".join(lines)


def grade_word(grade: Grade) -> str:
    """Return a grade in words."""
    return "未达C档" if grade is Grade.BELOW else f"{grade.value}档"


def signed(value: Fraction) -> str:
    """Return a number with its sign, as it stands in a sum."""
    return f"{'−' if value < 0 else '+'}{plain(abs(value))}"

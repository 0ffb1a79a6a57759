"""What each figure counts, in words and with a version, for whoever reads it in a paper (R72)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from case_bridge.evaluation.counters import COUNTERS, Counter
from case_bridge.evaluation.flag import Flag

COUNTERS_VERSION: Final = 2
"""Goes up when a counter comes to count something else."""

SURVEY_VERSION: Final = 1
"""Goes up when satisfaction is reckoned in another way."""

F = Flag

FLAG_WORDS: Final[Mapping[Flag, str]] = MappingProxyType(
    {
        F.REPORTED: "期内登记或重新办理",
        F.FROM_PUBLIC: "来自热线、网页或来访",
        F.WAS_FILED: "期末前已立案",
        F.DECIDED: "期内作出受理决定（核实、立案、不予立案或当即办理）",
        F.DECIDED_ON_TIME: "登记后在受理时限内决定",
        F.FILED: "期内立案",
        F.FILED_ON_TIME: "登记或核实后在受理时限内立案",
        F.SETTLED: "期内当即办理",
        F.DECLINED: "期内不予立案",
        F.VOIDED: "期内作废",
        F.DISPATCH_DUE: "期内立案或结案后重新办理，且未作废",
        F.DISPATCHED: "期末前已派遣",
        F.DISPATCHED_ON_TIME: "立案后在派遣时限内派遣",
        F.RETURNED: "期末前被单位退回",
        F.RETURNED_NOW: "期内被单位退回",
        F.RETURNED_IN_TIME: "在退回期限内退回",
        F.VERIFY_DUE: "期内要求核实",
        F.VERIFIED: "期末前已核实",
        F.VERIFIED_ON_TIME: "在核实时限内核实",
        F.CHECK_DUE: "期内要求核查",
        F.CHECKED: "期末前已核查",
        F.CHECKED_ON_TIME: "在核查时限内核查",
        F.SHOULD_CLOSE: "应结案（口径见计分办法）",
        F.HANDLED: "期末前已处置",
        F.IN_LIMIT: "在处置时限内处置",
        F.PAST_DUE: "处置时限在期末前届满",
        F.CLOSED: "期末前已结案",
        F.OVER: "期末前已了结",
        F.REWORKED: "期内核查未通过而返工",
        F.EXTENDED: "期末前延期",
        F.DEFERRED: "期末前批准缓办",
        F.SHELVED: "期末时挂账",
        F.SUPERVISED: "期内督办",
    }
)

RATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "结案率": ("closed", "should_close"),
        "按期结案率": ("closed_on_time", "should_close"),
        "返工率": ("reworked", "should_close"),
    }
)
"""Shares that papers show: part and whole."""

SURVEY_MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "回访": "期内应回访的诉求人；因重新办理而取消的不计",
        "已评价": "回答了是否解决或满意度的诉求人",
        "回应率": "已评价 ÷ 回访",
        "满意率": "非常满意、满意、基本满意之和 ÷ 作出满意度评价的人数",
        "置信区间": "满意率的95%置信区间，Wilson计分法（1927）",
        "已解决": "回答“已解决”的人数 ÷ 回答是否解决的人数",
    }
)


ABSENT_WORDS: Final[Mapping[Flag, str]] = MappingProxyType(
    {
        F.RETURNED: "期末前未被单位退回",
        F.RETURNED_IN_TIME: "未在退回期限内退回",
        F.HANDLED: "期末前未处置",
        F.IN_LIMIT: "未在处置时限内处置",
        F.CLOSED: "期末前未结案",
        F.OVER: "期末前未了结",
    }
)


def counter_parts(counter: Counter) -> tuple[str, ...]:
    """Return what a counter counts: cases of which all this is true."""
    raised = [words for flag, words in FLAG_WORDS.items() if flag in counter.raised]
    absent = [words for flag, words in ABSENT_WORDS.items() if flag in counter.absent]
    return (*raised, *absent)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure means, and by which version of the meaning it was reckoned."""

    figure: str
    parts: tuple[str, ...]
    joint: str
    """What stands between the parts."""
    version: str

    @property
    def words(self) -> str:
        """The meaning in one line, Chinese."""
        return self.joint.join(self.parts)


def meanings(names: Iterable[str]) -> list[Meaning]:
    """Return the meanings of these counters, of the rates and of the survey."""
    counters, survey = f"v{COUNTERS_VERSION}", f"v{SURVEY_VERSION}"
    return [
        *(
            Meaning(COUNTERS[name].label, counter_parts(COUNTERS[name]), "；", counters)
            for name in names
        ),
        *(
            Meaning(label, (COUNTERS[part].label, COUNTERS[whole].label), " ÷ ", counters)
            for label, (part, whole) in RATES.items()
        ),
        *(Meaning(label, (words,), "", survey) for label, words in SURVEY_MEANINGS.items()),
    ]

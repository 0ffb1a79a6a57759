"""The vocabulary of counters (domain 5.2): each counts the cases that raise certain flags."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from case_bridge.evaluation.fact import CaseFact
from case_bridge.evaluation.flag import Flag, flags
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period


class Duty(StrEnum):
    """Whose work a counter shows: one person's, when people are assessed, or a former unit's."""

    FILE = "file"  # 受理员
    DISPATCH = "dispatch"  # 派遣员
    CLOSE = "close"  # 值班长
    VERIFY = "verify"  # 核实监督员
    CHECK = "check"  # 核查监督员
    RETURN = "return"  # 退回案卷的单位


@dataclass(frozen=True, slots=True)
class Counter:
    """A count of cases, by what they must be and must not be."""

    name: str
    label: str
    """Chinese, as formulas and pages write it."""
    group: str
    raised: frozenset[Flag]
    absent: frozenset[Flag] = frozenset()
    duty: Duty | None = None

    def counts(self, found: frozenset[Flag]) -> bool:
        """Say whether a case with these flags is among the counted."""
        return self.raised <= found and self.absent.isdisjoint(found)


F = Flag


def _counter(
    name: str, label: str, group: str, *raised: Flag, absent: Flag | None = None, duty: Duty | None
) -> Counter:
    out = frozenset({absent}) if absent else frozenset()
    return Counter(name, label, group, frozenset(raised), out, duty)


_ALL: Final = (
    _counter("reported", "上报数", "上报", F.REPORTED, duty=None),
    _counter("valid_reports", "有效上报数", "上报", F.REPORTED, F.WAS_FILED, duty=None),
    _counter("public_reports", "公众举报数", "上报", F.REPORTED, F.FROM_PUBLIC, duty=None),
    _counter("accepted", "受理数", "受理", F.DECIDED, duty=None),
    _counter("accepted_on_time", "按期受理数", "受理", F.DECIDED, F.DECIDED_ON_TIME, duty=None),
    _counter("filed", "立案数", "立案", F.FILED, duty=Duty.FILE),
    _counter("filed_on_time", "按时立案数", "立案", F.FILED, F.FILED_ON_TIME, duty=Duty.FILE),
    _counter("declined", "不予立案数", "立案", F.DECLINED, duty=None),
    _counter("voided", "作废数", "立案", F.VOIDED, duty=None),
    _counter("dispatch_due", "应派遣数", "派遣", F.DISPATCH_DUE, duty=Duty.DISPATCH),
    _counter("dispatched", "派遣数", "派遣", F.DISPATCH_DUE, F.DISPATCHED, duty=Duty.DISPATCH),
    _counter(
        "dispatched_on_time",
        "按期派遣数",
        "派遣",
        F.DISPATCH_DUE,
        F.DISPATCHED,
        F.DISPATCHED_ON_TIME,
        duty=Duty.DISPATCH,
    ),
    _counter(
        "dispatched_correctly",
        "准确派遣数",
        "派遣",
        F.DISPATCH_DUE,
        F.DISPATCHED,
        absent=F.RETURNED,
        duty=Duty.DISPATCH,
    ),
    _counter(
        "misdispatched",
        "错误派遣数",
        "派遣",
        F.DISPATCH_DUE,
        F.DISPATCHED,
        F.RETURNED,
        duty=Duty.DISPATCH,
    ),
    _counter("settled", "当即办理数", "处置", F.SETTLED, duty=None),
    _counter("handled", "处置数", "处置", F.SHOULD_CLOSE, F.HANDLED, duty=None),
    _counter(
        "handled_on_time",
        "按期处置数",
        "处置",
        F.SHOULD_CLOSE,
        F.HANDLED,
        F.IN_LIMIT,
        duty=None,
    ),
    _counter(
        "handled_late",
        "超期处置数",
        "处置",
        F.SHOULD_CLOSE,
        F.HANDLED,
        absent=F.IN_LIMIT,
        duty=None,
    ),
    _counter(
        "overdue_unhandled",
        "超期未处置数",
        "处置",
        F.SHOULD_CLOSE,
        F.PAST_DUE,
        absent=F.HANDLED,
        duty=None,
    ),
    _counter("should_close", "应结案数", "结案", F.SHOULD_CLOSE, duty=None),
    _counter("closed", "结案数", "结案", F.SHOULD_CLOSE, F.CLOSED, duty=Duty.CLOSE),
    _counter(
        "closed_on_time",
        "按期结案数",
        "结案",
        F.SHOULD_CLOSE,
        F.CLOSED,
        F.IN_LIMIT,
        duty=Duty.CLOSE,
    ),
    _counter(
        "closed_late",
        "超期结案数",
        "结案",
        F.SHOULD_CLOSE,
        F.CLOSED,
        absent=F.IN_LIMIT,
        duty=Duty.CLOSE,
    ),
    _counter(
        "overdue_open",
        "超期未结案数",
        "结案",
        F.SHOULD_CLOSE,
        F.PAST_DUE,
        absent=F.CLOSED,
        duty=None,
    ),
    _counter("verify_due", "应核实数", "核实核查", F.VERIFY_DUE, duty=Duty.VERIFY),
    _counter("verified", "核实数", "核实核查", F.VERIFY_DUE, F.VERIFIED, duty=Duty.VERIFY),
    _counter(
        "verified_on_time",
        "按期核实数",
        "核实核查",
        F.VERIFY_DUE,
        F.VERIFIED,
        F.VERIFIED_ON_TIME,
        duty=Duty.VERIFY,
    ),
    _counter("check_due", "应核查数", "核实核查", F.CHECK_DUE, duty=Duty.CHECK),
    _counter("checked", "核查数", "核实核查", F.CHECK_DUE, F.CHECKED, duty=Duty.CHECK),
    _counter(
        "checked_on_time",
        "按期核查数",
        "核实核查",
        F.CHECK_DUE,
        F.CHECKED,
        F.CHECKED_ON_TIME,
        duty=Duty.CHECK,
    ),
    _counter("reworked", "返工案卷数", "质量", F.SHOULD_CLOSE, F.REWORKED, duty=None),
    _counter("returned", "回退数", "质量", F.RETURNED_NOW, duty=Duty.RETURN),
    _counter(
        "returned_late",
        "超期回退数",
        "质量",
        F.RETURNED_NOW,
        absent=F.RETURNED_IN_TIME,
        duty=Duty.RETURN,
    ),
    _counter("extended", "延期数", "质量", F.SHOULD_CLOSE, F.EXTENDED, duty=None),
    _counter("deferred", "缓办数", "质量", F.DEFERRED, absent=F.OVER, duty=None),
    _counter("shelved", "挂账数", "质量", F.SHELVED, absent=F.OVER, duty=None),
    _counter("supervised", "督办数", "质量", F.SUPERVISED, duty=None),
)

COUNTERS: Final[Mapping[str, Counter]] = MappingProxyType({each.name: each for each in _ALL})

OBJECTS: Final = "units"
REVERSE_RANK: Final = "reverse_rank"
DERIVED: Final[Mapping[str, str]] = MappingProxyType(
    {REVERSE_RANK: "结案倒排名次", OBJECTS: "参评单位数"}
)
"""What is known only once every object is counted (003 a26(3))."""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: name for name in (*COUNTERS, *DERIVED)},
        **{each.label: each.name for each in COUNTERS.values()},
        **{label: name for name, label in DERIVED.items()},
    }
)
"""What a formula may write for each counter: its name or its Chinese label."""

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {**{each.name: each.label for each in COUNTERS.values()}, **DERIVED}
)


def count(facts: Iterable[CaseFact], period: Period, options: Options) -> dict[str, int]:
    """Return every counter over the facts, folded until the end of the period.

    It is the reference for what SQL counts (R72).
    """
    tally: Tally[str] = Tally()
    for fact in facts:
        found = flags(fact, period, options)
        tally.update(name for name, each in COUNTERS.items() if each.counts(found))
    return {name: tally[name] for name in COUNTERS}

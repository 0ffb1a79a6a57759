"""The words of the assessors' pages for stored values; Chinese here, English in the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.grade import Grade
from case_bridge.evaluation.options import RankedWithin, ShouldClose, Ties, ZeroDue
from case_bridge.evaluation.papers import PaperKind
from case_bridge.evaluation.surveys import Said
from case_bridge.evaluation.text import OPTION_WORDS
from case_bridge.units.unit import UnitClass

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ObjectKind.UNIT: "责任单位",
        ObjectKind.DEPARTMENT: "主管部门",
        ObjectKind.DISTRICT: "指挥层级",
        ObjectKind.REGION: "区域",
        ObjectKind.COMMUNITY: "社区",
        ObjectKind.POST: "岗位",
        ObjectKind.INSPECTOR: "监督员",
        ObjectKind.CONTRACTOR: "采集承包单位",
        ObjectKind.CENTRE: "监督指挥中心",
    }
)

CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {UnitClass.FIRST: "一类", UnitClass.SECOND: "二类", UnitClass.THIRD: "三类"}
)

GRADES: Final[Mapping[str, str]] = MappingProxyType(
    {Grade.A: "A档", Grade.B: "B档", Grade.C: "C档", Grade.BELOW: "未达C档"}
)

PAPERS: Final[Mapping[PaperKind, str]] = MappingProxyType(
    {
        PaperKind.BULLETIN: "城市管理案卷办理情况通报",
        PaperKind.MEETING: "季度会议材料",
        PaperKind.YEARLY: "年度考核评价卷",
    }
)

SAID: Final[Mapping[Said, str]] = MappingProxyType(
    {
        Said.ASKED: "回访",
        Said.ANSWERED: "已评价",
        Said.RATED: "已评满意度",
        Said.SATISFIED: "满意",
        Said.DISSATISFIED: "不满意",
        Said.SOLVED: "已解决",
        Said.UNSOLVED: "未解决",
    }
)

SATISFACTION: Final[Mapping[int, str]] = MappingProxyType(
    {1: "非常满意", 2: "满意", 3: "基本满意", 4: "不满意", 5: "非常不满意"}
)

CHOICES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "should_close": ("应结案口径", tuple(ShouldClose)),
        "ranked_within": ("名次范围", tuple(RankedWithin)),
        "ties": ("并列名次", tuple(Ties)),
        "zero_due": ("无应结案者", tuple(ZeroDue)),
    }
)
"""Options that an assessor may choose on the page, with their values."""

COLUMNS: Final[Mapping[ObjectKind, tuple[str, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(ObjectKind.UNIT, ObjectKind.DEPARTMENT, ObjectKind.DISTRICT),
                *(ObjectKind.REGION, ObjectKind.COMMUNITY),
            ),
            ("should_close", "closed", "closed_on_time", "overdue_open", "reworked", "extended"),
        ),
        ObjectKind.POST: (
            *("filed", "filed_on_time", "dispatched", "dispatched_on_time"),
            *("dispatched_correctly", "closed", "closed_on_time", "check_due"),
        ),
        **dict.fromkeys(
            (ObjectKind.INSPECTOR, ObjectKind.CONTRACTOR),
            (
                *("verify_due", "verified", "verified_on_time"),
                *("check_due", "checked", "checked_on_time"),
            ),
        ),
        ObjectKind.CENTRE: (
            *("reported", "accepted", "accepted_on_time", "filed", "dispatched"),
            *("should_close", "closed", "closed_on_time"),
        ),
    }
)
"""The counters that a ranking shows; the page of one object shows all."""


def option_words(value: str) -> str:
    """Return the word for an option without the name of the option."""
    return OPTION_WORDS[value].partition("：")[2]

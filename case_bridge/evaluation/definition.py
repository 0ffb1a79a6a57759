"""Definitions of scores: a formula with a name and a version, and the presets we ship."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from case_bridge.evaluation.counters import NAMES
from case_bridge.evaluation.formula import Expression, check


class ObjectKind(StrEnum):
    """What is assessed (R79: 002i a6-7; domain 5.2)."""

    UNIT = "unit"  # 责任单位
    DEPARTMENT = "department"  # 主管部门
    DISTRICT = "district"  # 指挥层级: the city's own command, and each second-level platform (R87)
    REGION = "region"  # 区域
    COMMUNITY = "community"  # 社区
    POST = "post"  # 岗位
    INSPECTOR = "inspector"  # 监督员
    CONTRACTOR = "contractor"  # 采集承包单位: whose people the inspectors are (R81: 000 a30)
    CENTRE = "centre"  # 监督指挥中心


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One way to reckon a score. A change of the formula is a new version."""

    name: str
    version: int
    title: str
    formula: str
    maximum: int
    """The greatest score it can give; only scaling to a hundred reads it."""
    source: str

    def tree(self) -> Expression:
        """Return the formula, checked.

        Raises:
            Invalid: if it cannot be read or names an unknown counter.
        """
        return check(self.formula, NAMES, set(NAMES.values()))

    def to_payload(self) -> dict[str, Any]:
        """Return the definition as JSON values."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Return the definition that `to_payload` wrote."""
        return cls(**payload)


SUNING: Final = Definition(
    name="suning-003",
    version=1,
    title="肃宁办法第二十六条",
    formula=(
        "按期结案数 ÷ 应结案数 × 40 + 结案数 ÷ 应结案数 × 30"
        " + 结案倒排名次 ÷ 参评单位数 × 20 − 返工案卷数 ÷ 应结案数 × 10"
    ),
    maximum=90,
    source="003 a26",
)
"""综合得分 = 按期结案率×40 + 结案率×30 + 工作值×20 − 返工率×10, to the letter (R71)."""

JINNIU: Final = Definition(
    name="jinniu-like",
    version=1,
    title="处置、按期、返工、超期、延期五率",
    formula=(
        "处置数 ÷ 应结案数 × 30 + 按期处置数 ÷ 应结案数 × 20"
        " + (1 − 返工案卷数 ÷ 应结案数) × 20 + (1 − 超期未处置数 ÷ 应结案数) × 20"
        " + (1 − 延期数 ÷ 应结案数) × 10"
    ),
    maximum=100,
    source="成都金牛（仿）",
)

POSTS: Final = Definition(
    name="posts",
    version=1,
    title="岗位按时准确率",
    formula=(
        "(按时立案数 + 准确派遣数 + 按期派遣数 + 按期结案数) ÷ (立案数 + 派遣数 × 2 + 结案数) × 100"
    ),
    maximum=100,
    source="由第5.2节各率组合",
)
"""Each post has only its own counters, so the sum is the rate of that post alone."""

INSPECTORS: Final = Definition(
    name="inspectors",
    version=1,
    title="核实核查按期率",
    formula="(按期核实数 + 按期核查数) ÷ (应核实数 + 应核查数) × 100",
    maximum=100,
    source="由第5.2节各率组合",
)

CONTRACTORS: Final = Definition(
    name="contractors",
    version=1,
    title="采集合同履约：核实、核查按期率",
    formula="(按期核实数 + 按期核查数) ÷ (应核实数 + 应核查数) × 100",
    maximum=100,
    source="000 a30；由第5.2节各率组合",
)
"""A contractor's inspectors owe what any inspector owes; together they are its contract (R81)."""

CENTRE: Final = Definition(
    name="centre",
    version=1,
    title="受理、立案、派遣、结案各率",
    formula=(
        "按期受理数 ÷ 受理数 × 20 + 按时立案数 ÷ 立案数 × 20 + 准确派遣数 ÷ 派遣数 × 20"
        " + 按期派遣数 ÷ 派遣数 × 20 + 按期结案数 ÷ 应结案数 × 20"
    ),
    maximum=100,
    source="由第5.2节各率组合；监督机构同样接受考核（002i a6）",
)

PRESETS: Final[Mapping[ObjectKind, tuple[Definition, ...]]] = MappingProxyType(
    {
        ObjectKind.UNIT: (SUNING, JINNIU),
        ObjectKind.DEPARTMENT: (SUNING, JINNIU),
        ObjectKind.DISTRICT: (SUNING, JINNIU),
        ObjectKind.REGION: (SUNING, JINNIU),
        ObjectKind.COMMUNITY: (SUNING, JINNIU),
        ObjectKind.POST: (POSTS,),
        ObjectKind.INSPECTOR: (INSPECTORS,),
        ObjectKind.CONTRACTOR: (CONTRACTORS,),
        ObjectKind.CENTRE: (CENTRE,),
    }
)
"""What each kind of object may be assessed by, the usual one first."""

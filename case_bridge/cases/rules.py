"""What a city settles by data: stage limits, the 24-hour rule, extension and shelving (R22, R25).

Every figure stands in `config/data/limits.yaml`; the defaults here are the same, so that a house
without data still has clocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from case_bridge.cases.states import CaseState
from hotline.kernel.errors import Invalid
from hotline.sla.limit import Limit


class Stage(StrEnum):
    """A stretch of a case's life that has a clock of its own (domain 4.2)."""

    ACCEPT = "accept"  # 受理
    VERIFY = "verify"  # 核实
    DISPATCH = "dispatch"  # 派遣
    RETURN = "return"  # 退回期限: until then a unit says that a case is not its own
    CHECK = "check"  # 核查
    CLOSE = "close"  # 结案


STAGE_OF: Mapping[CaseState, Stage] = MappingProxyType(
    {
        CaseState.REGISTERED: Stage.ACCEPT,
        CaseState.VERIFIED: Stage.ACCEPT,
        CaseState.REFUTED: Stage.ACCEPT,
        CaseState.VERIFYING: Stage.VERIFY,
        CaseState.FILED: Stage.DISPATCH,
        CaseState.HANDED_DOWN: Stage.DISPATCH,
        CaseState.RETURNED: Stage.DISPATCH,
        CaseState.DISPATCHED: Stage.RETURN,
        CaseState.HANDLING: Stage.RETURN,
        CaseState.INSPECTING: Stage.CHECK,
        CaseState.READY_TO_CLOSE: Stage.CLOSE,
    }
)
"""Which stage clock runs in a state; in the others none does."""


class FilingBase(StrEnum):
    """Whose cases filed in the period the 10 % are of (domain 10, O7)."""

    OWN = "own"  # 本单位
    ALL = "all"  # 全部


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRule:
    """How far extensions go (003 a27)."""

    per_case: int = 1
    percent: int = 10
    """Of the cases filed in the same calendar month."""
    base: FilingBase = FilingBase.OWN
    blocks: bool = False
    """Refuse above the percentage; the regulation says "as a rule", so it only warns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvingRule:
    """How long a case may lie in the problem pool."""

    longest_days: int = 365
    per_case: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetRule:
    """Covers, boxes, poles and pipes in the street (R45: 004 a19)."""

    codes: tuple[str, ...] = ()
    """`kind:first-last` of minor classes, such as `facility:0101-0112`."""
    conditions: tuple[str, ...] = ("HAZARD", "BROKEN", "WRONG_TEXT", "TILT", "LEAK")
    """Missing, damaged, without a clear mark, or dangerous."""
    guard: Limit = field(default_factory=lambda: Limit.parse("1uh"))
    """Guarding is due at once; this is how long "at once" may last before somebody is told."""
    repair: Limit = field(default_factory=lambda: Limit.parse("24uh"))

    def applies(self, kind: str, code: str, condition: str | None) -> bool:
        """Say whether the rule holds for a category under a condition."""
        return (condition or "") in self.conditions and any(
            _within(text, kind, code) for text in self.codes
        )


def _within(text: str, kind: str, code: str) -> bool:
    of, _, codes = text.partition(":")
    first, _, last = codes.partition("-")
    return of == kind and first <= code <= (last or first)


def _stage_limits() -> Mapping[Stage, Limit]:
    texts = {
        Stage.ACCEPT: "4wh",
        Stage.VERIFY: "2wh",
        Stage.DISPATCH: "1wh",
        Stage.RETURN: "2wd",
        Stage.CHECK: "4wh",
        Stage.CLOSE: "4wh",
    }
    return MappingProxyType({stage: Limit.parse(text) for stage, text in texts.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """Everything of the above."""

    stages: Mapping[Stage, Limit] = field(default_factory=_stage_limits)
    extension: ExtensionRule = ExtensionRule()
    shelving: ShelvingRule = ShelvingRule()
    street: StreetRule = field(default_factory=StreetRule)

    def to_payload(self) -> dict[str, Any]:
        """Return the rules as JSON values."""
        return {
            "stages": {stage.value: str(limit) for stage, limit in self.stages.items()},
            "extension": {
                "per_case": self.extension.per_case,
                "percent": self.extension.percent,
                "base": self.extension.base.value,
                "blocks": self.extension.blocks,
            },
            "shelving": {
                "longest_days": self.shelving.longest_days,
                "per_case": self.shelving.per_case,
            },
            "street": {
                "codes": list(self.street.codes),
                "conditions": list(self.street.conditions),
                "guard": str(self.street.guard),
                "repair": str(self.street.repair),
            },
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `to_payload` wrote.

        Raises:
            Invalid: if a limit or a choice is none.
        """
        extension, shelving, street = payload["extension"], payload["shelving"], payload["street"]
        stages = {Stage(name): Limit.parse(text) for name, text in payload["stages"].items()}
        if missing := set(Stage) - set(stages):
            raise Invalid("stages", f"no limit for {', '.join(sorted(missing))}")
        return cls(
            stages=MappingProxyType(stages),
            extension=ExtensionRule(
                per_case=extension["per_case"],
                percent=extension["percent"],
                base=FilingBase(extension["base"]),
                blocks=extension["blocks"],
            ),
            shelving=ShelvingRule(**shelving),
            street=StreetRule(
                codes=tuple(street["codes"]),
                conditions=tuple(street["conditions"]),
                guard=Limit.parse(street["guard"]),
                repair=Limit.parse(street["repair"]),
            ),
        )

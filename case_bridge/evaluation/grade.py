"""Grades of scores, and what follows from the lowest (R74: 003 a23)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from hotline.kernel.errors import Invalid


class Grade(StrEnum):
    """How good a score is; the text itself names only C, at 60."""

    A = "A"
    B = "B"
    C = "C"
    BELOW = "below"  # 未达C档


@dataclass(frozen=True, slots=True)
class Grading:
    """The least score of each grade."""

    a: Decimal = Decimal(80)
    b: Decimal = Decimal(70)
    c: Decimal = Decimal(60)

    def __post_init__(self) -> None:
        if not self.a > self.b > self.c:
            raise Invalid("grades", "A begins above B, and B above C")

    def of(self, score: Decimal) -> Grade:
        """Return the grade of a score."""
        if score >= self.a:
            return Grade.A
        if score >= self.b:
            return Grade.B
        return Grade.C if score >= self.c else Grade.BELOW

    def to_payload(self) -> dict[str, str]:
        """Return the limits as texts of decimal numbers."""
        return {"a": str(self.a), "b": str(self.b), "c": str(self.c)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Return the limits that `to_payload` wrote."""
        return cls(*(Decimal(payload[name]) for name in ("a", "b", "c")))


CONSEQUENCES: Final = (
    "年终考核一票否决",
    "取消实绩突出单位资格",
    "行风评议满意度降低5%",
    "作为核拨城市管理部件养护经费的依据",
    "作为行政效能监察的依据",
)
"""Of a yearly score below grade C, in the words of 003 a23."""

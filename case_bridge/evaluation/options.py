"""What the regulation leaves open, as options that are recorded with every result.

003 a26 says neither which cases "should be closed", nor what becomes of equal ranks, zero
denominators, a lone unit, or rounding (domain 5.1, O5, O6).
"""

from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, Self

from hotline.kernel.errors import Invalid


class ShouldClose(StrEnum):
    """Which cases a unit should have closed in a period (应结案)."""

    WORKLOAD = "workload"
    """Due by its end and not closed before it began, or closed in it: so that 结案数 is what was
    really closed in the period (003 a26(2)) and never exceeds 应结案数."""
    DUE = "due"
    """The deadline lies in the period."""
    DISPATCHED = "dispatched"
    """Dispatched in the period."""


class Ties(StrEnum):
    """The reverse rank of units that closed equally many."""

    DENSE = "dense"
    """1 for the fewest, one more for each greater number (O6)."""
    LOW = "low"
    """How many closed fewer, plus one."""
    HIGH = "high"
    """How many closed no more."""
    MEAN = "mean"
    """Halfway between low and high."""


class ZeroDue(StrEnum):
    """What becomes of a unit that had nothing to close."""

    NOT_RANKED = "not_ranked"
    """No score, and it does not count among the assessed units (O6)."""
    ZERO = "zero"
    """It is assessed; a rate of nothing is 0."""


class RankedWithin(StrEnum):
    """Whom a unit is compared with."""

    LEVEL = "level"
    """Who is commanded by the same platform: the city's own, and each district's (R87)."""
    ALL = "all"
    UNIT_CLASS = "unit_class"
    """Units of its own class I, II or III (003 a6-7)."""


class Rounding(StrEnum):
    """How the score is rounded at the very end."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


_MODES: Final = MappingProxyType(
    {
        Rounding.HALF_UP: ROUND_HALF_UP,
        Rounding.HALF_EVEN: ROUND_HALF_EVEN,
        Rounding.DOWN: ROUND_DOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every choice behind a score."""

    should_close: ShouldClose = ShouldClose.WORKLOAD
    count_deferred: bool = False
    """Deferred cases are out of the assessment (R75: 003 a27)."""
    count_shelved: bool = False
    """Shelved cases have a pool of their own and a stopped clock (domain 4.5)."""
    ties: Ties = Ties.DENSE
    zero_due: ZeroDue = ZeroDue.NOT_RANKED
    ranked_within: RankedWithin = RankedWithin.LEVEL
    lone_unit_has_work_value: bool = True
    """A unit that is compared with nobody: 1 of 1 is 100 %; without, its work value is 0."""
    digits: int = 2
    rounding: Rounding = Rounding.HALF_UP
    scale_to_hundred: bool = False
    """003 speaks of a hundred points but reaches 90 (O5); with this, 90 is shown as 100."""

    def __post_init__(self) -> None:
        if not 0 <= self.digits <= 6:
            raise Invalid("digits", "0 to 6 digits behind the point")

    def rounded(self, value: Fraction) -> Decimal:
        """Return an exact value with as many digits as are shown.

        Rounding looks at the exact fraction: a quotient is never rounded twice.
        """
        scaled = value * 10**self.digits
        whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
        up = {
            ROUND_DOWN: False,
            ROUND_HALF_UP: 2 * rest >= scaled.denominator,
            ROUND_HALF_EVEN: 2 * rest > scaled.denominator
            or (2 * rest == scaled.denominator and whole % 2 == 1),
        }[_MODES[self.rounding]]
        signed = (whole + up) * (-1 if value < 0 else 1)
        return Decimal(signed).scaleb(-self.digits)

    def to_payload(self) -> dict[str, Any]:
        """Return the options as JSON values."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Return the options that `to_payload` wrote; what it did not know then has its default.

        Raises:
            Invalid: if a value is none of those allowed.
        """
        known: dict[str, Any] = {}
        kinds = {
            "should_close": ShouldClose,
            "ties": Ties,
            "zero_due": ZeroDue,
            "ranked_within": RankedWithin,
            "rounding": Rounding,
        }
        for name, value in payload.items():
            kind = kinds.get(name)
            if kind is not None and value not in set(kind):
                raise Invalid(name, f"is none of {', '.join(kind)}")
            known[name] = kind(value) if kind else value
        return cls(**known)

"""Limits: an amount of time of one of four kinds (domain 4.1)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from hotline.kernel.errors import Invalid

MAX_AMOUNT = 999
"""No regulation gives a longer limit in any unit; a longer one is a typing error."""


class LimitUnit(StrEnum):
    """The clock a limit runs on."""

    URGENT_HOUR = "uh"  # 紧急工作时: nights, weekends and holidays count
    NATURAL_DAY = "ud"  # 自然日: days of 24 hours, all of them count
    WORKING_HOUR = "wh"  # 工作时: only hours inside the working periods count
    WORKING_DAY = "wd"  # 工作日

    @property
    def is_continuous(self) -> bool:
        """Say whether the clock runs day and night, so that no calendar is needed."""
        return self in {LimitUnit.URGENT_HOUR, LimitUnit.NATURAL_DAY}


LABELS = {
    "zh": {
        LimitUnit.URGENT_HOUR: "紧急工作时",
        LimitUnit.NATURAL_DAY: "自然日",
        LimitUnit.WORKING_HOUR: "工作时",
        LimitUnit.WORKING_DAY: "工作日",
    },
    "en": {
        LimitUnit.URGENT_HOUR: "continuous hour(s)",
        LimitUnit.NATURAL_DAY: "calendar day(s)",
        LimitUnit.WORKING_HOUR: "working hour(s)",
        LimitUnit.WORKING_DAY: "working day(s)",
    },
}

SHORT_FORM = re.compile(r"(?P<amount>[1-9][0-9]{0,2})(?P<unit>uh|ud|wh|wd)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """So much time, 1 to 999 of one unit."""

    amount: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= MAX_AMOUNT:
            raise Invalid("limit", f"{self.amount} is not between 1 and {MAX_AMOUNT}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the short form, such as `4wh`, `2uh`, `15wd` or `2ud`.

        A number without a unit is refused: 4 hours and 4 working hours differ by days (domain 3.7).

        Raises:
            Invalid: if `text` is anything else.
        """
        match = SHORT_FORM.fullmatch(text)
        if match is None:
            raise Invalid("limit", f"{text!r} is not a limit; write e.g. 4wh (uh, ud, wh or wd)")
        return cls(int(match["amount"]), LimitUnit(match["unit"]))

    def __str__(self) -> str:
        """Return the short form."""
        return f"{self.amount}{self.unit}"

    def label(self, language: str = "zh") -> str:
        """Return the limit in words: `4工作时`, `4 working hour(s)`."""
        gap = "" if language == "zh" else " "
        return f"{self.amount}{gap}{LABELS[language][self.unit]}"

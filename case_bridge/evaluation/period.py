"""Reporting periods: months, quarters and years by Shanghai's calendar (003 a24, a26)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Self

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid


class PeriodKind(StrEnum):
    """How long a period is."""

    MONTH = "month"  # 月
    QUARTER = "quarter"  # 季度
    YEAR = "year"  # 年


MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_YEAR = re.compile(r"(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """One month, quarter or year; `number` counts within the year from 1."""

    kind: PeriodKind
    year: int
    number: int = 1

    def __post_init__(self) -> None:
        if not 2000 <= self.year <= 2999:
            raise Invalid("period", f"{self.year} is not a year from 2000 to 2999")
        if not 1 <= self.number <= 12 // MONTHS[self.kind]:
            raise Invalid("period", f"a year has no {self.kind} {self.number}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-03`, `2026-Q1` or `2026`.

        Raises:
            Invalid: if it is none of them.
        """
        text = text.strip().upper()
        if match := _MONTH.fullmatch(text):
            return cls(PeriodKind.MONTH, int(match[1]), int(match[2]))
        if match := _QUARTER.fullmatch(text):
            return cls(PeriodKind.QUARTER, int(match[1]), int(match[2]))
        if match := _YEAR.fullmatch(text):
            return cls(PeriodKind.YEAR, int(match[1]))
        raise Invalid("period", f"{text!r} is no period; write 2026-03, 2026-Q1 or 2026")

    @classmethod
    def containing(cls, kind: PeriodKind, instant: datetime) -> Self:
        """Return the period of a kind in which an instant lies, by Shanghai's wall clock."""
        local = instant.astimezone(SHANGHAI)
        return cls(kind, local.year, (local.month - 1) // MONTHS[kind] + 1)

    def __str__(self) -> str:
        """Return what `parse` reads."""
        match self.kind:
            case PeriodKind.MONTH:
                return f"{self.year}-{self.number:02}"
            case PeriodKind.QUARTER:
                return f"{self.year}-Q{self.number}"
            case PeriodKind.YEAR:
                return str(self.year)

    @property
    def first_day(self) -> date:
        """The first day."""
        return date(self.year, (self.number - 1) * MONTHS[self.kind] + 1, 1)

    @property
    def begins(self) -> datetime:
        """The first instant, UTC."""
        return datetime.combine(self.first_day, time(0), SHANGHAI).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        """The first instant after it, UTC."""
        return self.shifted(1).begins

    def shifted(self, by: int) -> Self:
        """Return the period so many periods later; earlier if negative."""
        per_year = 12 // MONTHS[self.kind]
        years, index = divmod(self.number - 1 + by, per_year)
        return type(self)(self.kind, self.year + years, index + 1)

    def label(self) -> str:
        """Return the period in Chinese words: 2026年3月."""
        match self.kind:
            case PeriodKind.MONTH:
                return f"{self.year}年{self.number}月"
            case PeriodKind.QUARTER:
                return f"{self.year}年第{self.number}季度"
            case PeriodKind.YEAR:
                return f"{self.year}年"

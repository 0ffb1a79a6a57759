"""Which reports earn a reward, and how much: rates by category, each from a day on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from case_bridge.cases.case import CaseSource
from case_bridge.cases.states import CaseState
from case_bridge.rewards.money import Yuan

CITIZENS: Final = frozenset({CaseSource.HOTLINE, CaseSource.WEB, CaseSource.VISIT})
"""Sources of people who do not report for their living (000 a19: 市民)."""

UNTRUE: Final = frozenset({CaseState.REFUTED, CaseState.DECLINED, CaseState.VOIDED})
EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Rate:
    """What a report of a category is worth: `facility:01`, `incident`, or `*` for all."""

    category: str
    amount: Yuan
    valid_from: date

    def covers(self, category: str) -> bool:
        """Say whether a category is this one, or below it."""
        return self.category == EVERYTHING or category.startswith(self.category)


def rate_of(rates: Iterable[Rate], category: str, day: date) -> Rate | None:
    """Return the rate of a category on a day: the most precise, then the newest; None if none."""
    fitting = [each for each in rates if each.valid_from <= day and each.covers(category)]
    return max(
        fitting,
        key=lambda each: (each.category != EVERYTHING, len(each.category), each.valid_from),
        default=None,
    )


def is_earned(
    source: CaseSource, state: CaseState, filed_at: datetime | None, *, is_first: bool
) -> bool:
    """Say whether a report was found true and is the first of its problem, by a citizen (R86).

    True is what was filed (立案) and neither refuted nor voided since.
    """
    return is_first and source in CITIZENS and filed_at is not None and state not in UNTRUE

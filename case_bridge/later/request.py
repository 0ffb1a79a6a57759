"""Pure: what may be asked for, by how much, and who may say yes (R51-R56)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from case_bridge.cases.case import Actor
from case_bridge.cases.rules import ExtensionRule
from case_bridge.cases.states import CaseTrigger
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Conflict, Forbidden, Invalid
from hotline.kernel.ids import UnitId, UserId
from hotline.sla.limit import Limit


class LaterKind(StrEnum):
    """What is asked for; three words that are never mixed (domain 4.5)."""

    EXTENSION = "extension"  # 延期: the deadline moves
    DEFERRAL = "deferral"  # 缓办: the clock stands still, out of the yearly assessment
    SHELVING = "shelving"  # 挂账: the clock stands still, into the problem pool


TRIGGERS: Final = MappingProxyType(
    {
        LaterKind.EXTENSION: CaseTrigger.EXTEND,
        LaterKind.DEFERRAL: CaseTrigger.DEFER,
        LaterKind.SHELVING: CaseTrigger.SHELVE,
    }
)
"""What an approval does to the case; whose duty it is stands in the table of duties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a unit hands in, in writing."""

    kind: LaterKind
    reason: str
    unit_leader: str
    """The leader of the unit who signs (R51: 003 a21)."""
    extension: Limit | None = None
    """How much longer; for an extension only."""
    until: datetime | None = None
    """When the case resumes by itself; for deferral and shelving, may be open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many extensions there are in a period, of how many filed cases (R53)."""

    filed: int
    extensions: int
    """Granted or asked for, without the one that is looked at."""
    percent: int

    @property
    def is_exceeded(self) -> bool:
        """Say whether one more would be above the percentage; exactly on it is not."""
        return (self.extensions + 1) * 100 > self.percent * self.filed

    def words(self) -> str:
        """Return the warning, empty if there is none."""
        if not self.is_exceeded:
            return ""
        return (
            f"同期立案{self.filed}件，已有延期{self.extensions}件，再延期一件将超过{self.percent}%"
        )


def check_extension(
    limit: Limit,
    asked: Limit | None,
    *,
    before: int,
    had: int = 0,
    rule: ExtensionRule,
) -> None:
    """Return if a limit may be extended so much (R54: at most once the original limit, in all).

    `before` is how many extensions the case has had, `had` how much those added to this clock.

    Raises:
        Invalid: if nothing, another unit of time, or more than the original limit is asked for.
        Conflict: if the case has had all its extensions.
    """
    if asked is None:
        raise Invalid("extension", "say how much longer")
    if asked.unit is not limit.unit:
        raise Invalid("extension", f"count it as the limit is counted, in {limit.unit}")
    if before >= rule.per_case:
        raise Conflict(f"the case was extended {before} times, which is all it may be")
    if had + asked.amount > limit.amount:
        so_far = f", of which {Limit(had, limit.unit)} are granted" if had else ""
        raise Invalid("extension", f"at most the original limit, {limit}{so_far}")


def check_until(until: datetime | None, *, now: datetime, longest_days: int | None) -> None:
    """Return if a case may stand still until then; None is an open end.

    Raises:
        Invalid: if it is past or too far.
    """
    if until is None:
        return
    if until <= now:
        raise Invalid("until", "is past")
    if longest_days is not None and until > now + timedelta(days=longest_days):
        raise Invalid("until", f"is more than {longest_days} days away")


def check_approver(actor: Actor, *, applied_by: UserId | None, unit_id: UnitId | None) -> None:
    """Return if the actor may decide: nobody decides what they or their unit applied for.

    Raises:
        Forbidden: if they are the applicant, or of the applicant's unit.
    """
    if actor.user_id is not None and actor.user_id == applied_by:
        raise Forbidden("nobody approves their own application")
    if actor.unit_id is not None and actor.unit_id == unit_id:
        raise Forbidden("nobody approves an application of their own unit")


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of the calendar month that `now` lies in, Shanghai time."""
    local = now.astimezone(SHANGHAI)
    begin = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return begin, (begin + timedelta(days=32)).replace(day=1)

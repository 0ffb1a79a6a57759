"""What the log of a case says about one round of it, and which flags that raises in a period.

The same folding and the same flags exist in SQL (`repository`), for a million cases at once; a
test holds the two to each other over the histories of the table of states.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from case_bridge.cases.case import CaseSource
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.stages import NOTHING_KNOWN, Ends, InTime, StageRun, judge
from case_bridge.places.codes import COMMUNITY_DIGITS

VERIFY: Final = "verify"
FILE: Final = "file"
DECLINE: Final = "decline"
SETTLE: Final = "settle"
DISPATCH: Final = ("dispatch", "decide")
HANDLE: Final = "handle"
INSPECT: Final = "inspect"
CLOSE: Final = ("close", "force_close")
REOPEN: Final = "reopen"
VOID: Final = ("void", "force_void")
MERGE: Final = ("merge", "merge_filed")
UNMERGE: Final = ("unmerge", "unmerge_filed")
RETURN: Final = "return"
REWORK: Final = "rework"
EXTEND: Final = "extend"
DEFER: Final = "defer"
SHELVE: Final = "shelve"
UNSHELVE: Final = "unshelve"
SUPERVISE: Final = "supervise"
HANDED: Final = ("hand_down", "hand_up")
REFUSED: Final = (REWORK, "send_back")
"""What was fed back does not stand."""
DECISIONS: Final = (VERIFY, SETTLE, FILE, DECLINE)
VERIFIED: Final = ("confirm", "refute")
CHECKED: Final = ("pass", REWORK)
INSPECTOR: Final = "inspector"

PUBLIC_SOURCES: Final = (CaseSource.HOTLINE, CaseSource.WEB, CaseSource.VISIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One row of a case's history, as far as evaluation reads it."""

    sequence: int
    round: int
    trigger: str
    occurred_at: datetime
    actor_id: UUID | None = None
    actor_roles: tuple[str, ...] = ()
    unit_id: UUID | None = None
    due_at: datetime | None = None
    """The deadline that the move set, if it set one."""
    district_id: UUID | None = None
    """The second-level platform that a hand-down or a dispatch named."""
    names_level: bool = False
    """Whether a dispatch says who commands the case from there on: a platform, or nobody below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHead:
    """What of a case does not come from its history."""

    case_id: UUID
    number: str
    source: CaseSource
    place: str
    registered_at: datetime
    grid_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFact:
    """One round of one case."""

    case_id: UUID
    round: int
    number: str
    source: CaseSource
    region: str | None
    reported_at: datetime
    community: str | None = None
    """The first twelve digits of the unit grid: county, street and community (R101)."""
    district_id: UUID | None = None
    """The second-level platform that commands the round; None: the first level itself (R87)."""
    unit_id: UUID | None = None
    """Whom it was dispatched to last; rework and return count for that unit alone, which is the
    one that should close the case (R70)."""
    decided_at: datetime | None = None
    verify_asked_at: datetime | None = None
    verified_at: datetime | None = None
    verified_by: UUID | None = None
    filed_at: datetime | None = None
    filed_by: UUID | None = None
    settled_at: datetime | None = None
    declined_at: datetime | None = None
    voided_at: datetime | None = None
    merged_at: datetime | None = None
    """When another case began to answer for it (R69); None once it is out of that again."""
    first_dispatched_at: datetime | None = None
    dispatched_by: UUID | None = None
    due_at: datetime | None = None
    handled_at: datetime | None = None
    """When the feedback came that stands; None once it was sent back to work."""
    check_asked_at: datetime | None = None
    checked_at: datetime | None = None
    checked_by: UUID | None = None
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    returned_at: tuple[datetime, ...] = ()
    rework_at: tuple[datetime, ...] = ()
    extended_at: datetime | None = None
    deferred_at: datetime | None = None
    shelved_at: datetime | None = None
    unshelved_at: datetime | None = None
    supervised_at: datetime | None = None
    in_time: InTime = NOTHING_KNOWN
    """Which stages were done in time, by the clocks of the case."""

    @property
    def over_at(self) -> datetime | None:
        """When nothing was left to do; None while the round is open."""
        ended_at = self.closed_at or self.settled_at or self.voided_at or self.declined_at
        return ended_at or self.merged_at


def fold(
    head: CaseHead,
    log: Sequence[LogEntry],
    runs: Sequence[StageRun] = (),
    areas: Collection[str] = (),
) -> list[CaseFact]:
    """Return a fact for each round of a case, first round first."""
    rounds = sorted({1} | {entry.round for entry in log})
    ordered = sorted(log, key=lambda entry: entry.sequence)
    facts = [
        _fold_round(head, [entry for entry in ordered if entry.round == each], each, areas)
        for each in rounds
    ]
    return [_judged(each, [run for run in runs if run.round == each.round]) for each in facts]


def _judged(found: CaseFact, runs: Sequence[StageRun]) -> CaseFact:
    ends = Ends(
        decided_at=found.decided_at,
        filed_at=found.filed_at,
        first_dispatched_at=found.first_dispatched_at,
        verified_at=found.verified_at,
        checked_at=found.checked_at,
    )
    return replace(found, in_time=judge(runs, ends))


def region_of(place: str, areas: Collection[str]) -> str | None:
    """Return the first of the areas that the place names, the longest if two begin there."""
    pattern = area_pattern(areas)
    found = re.search(pattern, place) if pattern else None
    return found[0] if found else None


def area_pattern(areas: Collection[str]) -> str:
    """Return a pattern of the names of areas, the longer first; empty if there are none."""
    return "|".join(re.escape(area) for area in sorted(areas, key=lambda each: (-len(each), each)))


def _fold_round(
    head: CaseHead, log: Sequence[LogEntry], number: int, areas: Collection[str]
) -> CaseFact:
    reopened = _first(log, REOPEN)
    dispatched = _last(log, *DISPATCH)
    unit_id = dispatched.unit_id if dispatched else None
    own = [entry for entry in log if entry.unit_id == unit_id]
    verified = _last(log, *VERIFIED)
    checks = [each for each in log if INSPECTOR in each.actor_roles]
    merged = _last(log, *MERGE, *UNMERGE)
    handed = next((e for e in reversed(log) if e.trigger in HANDED or e.names_level), None)
    handled = _last(log, HANDLE, *REFUSED)
    checked, filed, closed = _last(checks, *CHECKED), _last(log, FILE), _last(log, *CLOSE)
    return CaseFact(
        case_id=head.case_id,
        round=number,
        number=head.number,
        source=head.source,
        region=region_of(head.place, areas),
        reported_at=reopened.occurred_at if reopened else head.registered_at,
        community=head.grid_code[:COMMUNITY_DIGITS] if head.grid_code else None,
        district_id=handed.district_id if handed else None,
        unit_id=unit_id,
        decided_at=_at(_first(log, *DECISIONS)),
        verify_asked_at=_at(_last(log, VERIFY)),
        verified_at=_at(verified),
        verified_by=verified.actor_id if verified else None,
        filed_at=_at(filed),
        filed_by=filed.actor_id if filed else None,
        settled_at=_at(_last(log, SETTLE)),
        declined_at=_at(_last(log, DECLINE)),
        voided_at=_at(_last(log, *VOID)),
        merged_at=_at(merged) if merged and merged.trigger in MERGE else None,
        first_dispatched_at=_at(_first(log, *DISPATCH)),
        dispatched_by=dispatched.actor_id if dispatched else None,
        due_at=next((each.due_at for each in reversed(log) if each.due_at), None),
        handled_at=_at(handled) if handled and handled.trigger == HANDLE else None,
        check_asked_at=_at(_last(log, INSPECT)),
        checked_at=_at(checked),
        checked_by=checked.actor_id if checked else None,
        closed_at=_at(closed),
        closed_by=closed.actor_id if closed else None,
        returned_at=tuple(e.occurred_at for e in log if e.trigger == RETURN),
        rework_at=tuple(e.occurred_at for e in own if e.trigger == REWORK),
        extended_at=_at(_first(log, EXTEND)),
        deferred_at=_at(_first(log, DEFER)),
        shelved_at=_at(_last(log, SHELVE)),
        unshelved_at=_at(_last(log, UNSHELVE)),
        supervised_at=_at(_first(log, SUPERVISE)),
    )


def _first(log: Iterable[LogEntry], *triggers: str) -> LogEntry | None:
    return next((entry for entry in log if entry.trigger in triggers), None)


def _last(log: Sequence[LogEntry], *triggers: str) -> LogEntry | None:
    return _first(reversed(log), *triggers)


def _at(entry: LogEntry | None) -> datetime | None:
    return entry.occurred_at if entry else None


class Flag(StrEnum):
    """One yes or no about a fact in a period; counters are cases that raise all of some."""

    REPORTED = "reported"
    FROM_PUBLIC = "from_public"
    WAS_FILED = "was_filed"
    DECIDED = "decided"
    DECIDED_ON_TIME = "decided_on_time"
    FILED = "filed"
    FILED_ON_TIME = "filed_on_time"
    SETTLED = "settled"
    DECLINED = "declined"
    VOIDED = "voided"
    DISPATCH_DUE = "dispatch_due"
    DISPATCHED = "dispatched"
    DISPATCHED_ON_TIME = "dispatched_on_time"
    RETURNED = "returned"
    RETURNED_IN_TIME = "returned_in_time"
    VERIFY_DUE = "verify_due"
    VERIFIED = "verified"
    VERIFIED_ON_TIME = "verified_on_time"
    CHECK_DUE = "check_due"
    CHECKED = "checked"
    CHECKED_ON_TIME = "checked_on_time"
    SHOULD_CLOSE = "should_close"
    HANDLED = "handled"
    IN_LIMIT = "in_limit"
    PAST_DUE = "past_due"
    CLOSED = "closed"
    OVER = "over"
    REWORKED = "reworked"
    EXTENDED = "extended"
    DEFERRED = "deferred"
    SHELVED = "shelved"
    SUPERVISED = "supervised"


def flags(fact: CaseFact, period: Period, options: Options) -> frozenset[Flag]:
    """Return the flags of a fact in a period. Pure; the reference for the SQL."""
    if _before(fact.merged_at, period.ends):
        return frozenset()  # It counts with the case that answers for it, not a second time.
    raised = {
        **_early_flags(fact, period),
        **_street_flags(fact, period),
        **_closing_flags(fact, period, options),
    }
    return frozenset(flag for flag, is_raised in raised.items() if is_raised)


def _early_flags(fact: CaseFact, period: Period) -> dict[Flag, bool]:
    in_time, end = fact.in_time, period.ends
    filed_in = _inside(fact.filed_at, period)
    return {
        Flag.REPORTED: _inside(fact.reported_at, period),
        Flag.FROM_PUBLIC: fact.source in PUBLIC_SOURCES,
        Flag.WAS_FILED: _before(fact.filed_at, end),
        Flag.DECIDED: _inside(fact.decided_at, period),
        Flag.DECIDED_ON_TIME: in_time.decided_in_time is True,
        Flag.FILED: filed_in,
        Flag.FILED_ON_TIME: in_time.filed_in_time is True,
        Flag.SETTLED: _inside(fact.settled_at, period),
        Flag.DECLINED: _inside(fact.declined_at, period),
        Flag.VOIDED: _inside(fact.voided_at, period),
        Flag.DISPATCH_DUE: filed_in and fact.voided_at is None,
        Flag.DISPATCHED: _before(fact.first_dispatched_at, end),
        Flag.DISPATCHED_ON_TIME: in_time.dispatched_in_time is True,
        Flag.RETURNED: any(_before(at, end) for at in fact.returned_at),
        Flag.RETURNED_IN_TIME: in_time.returned_in_time is True,
    }


def _street_flags(fact: CaseFact, period: Period) -> dict[Flag, bool]:
    verified = _after(fact.verified_at, fact.verify_asked_at, period.ends)
    checked = _after(fact.checked_at, fact.check_asked_at, period.ends)
    return {
        Flag.VERIFY_DUE: _inside(fact.verify_asked_at, period),
        Flag.VERIFIED: verified,
        Flag.VERIFIED_ON_TIME: fact.in_time.verified_in_time is True,
        Flag.CHECK_DUE: _inside(fact.check_asked_at, period),
        Flag.CHECKED: checked,
        Flag.CHECKED_ON_TIME: fact.in_time.checked_in_time is True,
    }


def _closing_flags(fact: CaseFact, period: Period, options: Options) -> dict[Flag, bool]:
    end = period.ends
    deferred = _before(fact.deferred_at, end)
    is_back = _after(fact.unshelved_at, fact.shelved_at, end)
    shelved = _before(fact.shelved_at, end) and not is_back
    return {
        Flag.SHOULD_CLOSE: fact.unit_id is not None
        and fact.voided_at is None
        and _in_charge(fact, period, options.should_close)
        and (options.count_deferred or not deferred)
        and (options.count_shelved or not shelved),
        Flag.HANDLED: _before(fact.handled_at, end),
        Flag.IN_LIMIT: fact.handled_at is not None
        and fact.due_at is not None
        and fact.handled_at <= fact.due_at,
        Flag.PAST_DUE: _before(fact.due_at, end),
        Flag.CLOSED: _before(fact.closed_at, end),
        Flag.OVER: _before(fact.over_at, end),
        Flag.REWORKED: any(_inside(at, period) for at in fact.rework_at),
        Flag.EXTENDED: _before(fact.extended_at, end),
        Flag.DEFERRED: deferred,
        Flag.SHELVED: shelved,
        Flag.SUPERVISED: _inside(fact.supervised_at, period),
    }


def _in_charge(fact: CaseFact, period: Period, rule: ShouldClose) -> bool:
    match rule:
        case ShouldClose.DUE:
            return _inside(fact.due_at, period)
        case ShouldClose.DISPATCHED:
            return _inside(fact.first_dispatched_at, period)
        case ShouldClose.WORKLOAD:
            was_open = not _before(fact.closed_at, period.begins)
            due = _before(fact.due_at, period.ends) and was_open
            return due or _inside(fact.closed_at, period)


def _inside(at: datetime | None, period: Period) -> bool:
    return at is not None and period.begins <= at < period.ends


def _before(at: datetime | None, end: datetime) -> bool:
    return at is not None and at < end


def _after(at: datetime | None, asked: datetime | None, end: datetime) -> bool:
    return at is not None and asked is not None and asked <= at < end

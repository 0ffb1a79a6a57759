"""What the log of a case says about one round of it.

A period counts what was known when it ended: what happens later is the next period's, and a
figure is the same whenever it is reckoned. Only a deadline that is reckoned again, because the
holidays of its year were published late, counts back.

The same folding exists in SQL (`fold_sql`), for a million cases at once; a test holds the two to
each other over the histories of the table of states.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from case_bridge.cases.case import CaseSource
from case_bridge.cases.states import CaseState
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
TO_DISPATCH: Final = (FILE, REOPEN)
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
RECKON: Final = "reckon"
HANDED: Final = ("hand_down", "hand_up")
REFUSED: Final = (REWORK, "send_back")
"""What was fed back does not stand."""
DECISIONS: Final = (VERIFY, SETTLE, FILE, DECLINE)
VERIFIED: Final = ("confirm", "refute")
CHECKED: Final = ("pass", REWORK)
INSPECTOR: Final = "inspector"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One row of a case's history, as far as evaluation reads it."""

    sequence: int
    round: int
    trigger: str
    state: CaseState
    """Where the move led."""
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
    """Whom it was dispatched to last; rework counts for that unit alone, which is the one that
    should close the case (R70)."""
    decided_at: datetime | None = None
    verify_asked_at: datetime | None = None
    verified_at: datetime | None = None
    verified_by: UUID | None = None
    filed_at: datetime | None = None
    filed_by: UUID | None = None
    dispatch_asked_at: datetime | None = None
    """When it came to be dispatched: filed, or taken up again after it was closed."""
    settled_at: datetime | None = None
    declined_at: datetime | None = None
    voided_at: datetime | None = None
    merged_at: datetime | None = None
    """When another case began to answer for it (R69); None once it is out of that again."""
    first_dispatched_at: datetime | None = None
    dispatched_by: UUID | None = None
    """Who sent it out first, which a return shows to have been wrong."""
    due_at: datetime | None = None
    handled_at: datetime | None = None
    """When the feedback came that stands; None once it was sent back to work."""
    check_asked_at: datetime | None = None
    checked_at: datetime | None = None
    checked_by: UUID | None = None
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    returned_at: datetime | None = None
    """When a unit last said that it is not its own."""
    returned_by: UUID | None = None
    """That unit, for which the return counts; the case is another's by then."""
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
    *,
    until: datetime | None = None,
) -> list[CaseFact]:
    """Return a fact for each round of a case, first round first.

    With `until` they say what was known then: nothing of a case that came later.
    """
    if until is not None and head.registered_at >= until:
        return []
    ordered = sorted(log, key=lambda entry: entry.sequence)
    known = [each for each in ordered if until is None or each.occurred_at < until]
    ended = [run for run in runs if run.ended_at and (until is None or run.ended_at < until)]
    facts = []
    for number in sorted({1} | {entry.round for entry in known}):
        own = [entry for entry in known if entry.round == number]
        later = [each for each in ordered[len(known) :] if each.round == number]
        fact = replace(_fold_round(head, own, number, areas), due_at=_due_at(own, later))
        facts.append(_judged(fact, [run for run in ended if run.round == number]))
    return facts


def _due_at(log: Sequence[LogEntry], later: Sequence[LogEntry]) -> datetime | None:
    """Return the deadline that was set last, as it was reckoned again later."""
    due_at = next((each.due_at for each in reversed(log) if each.due_at), None)
    for each in later:
        if each.due_at is None:
            continue
        if each.trigger != RECKON:
            break
        due_at = each.due_at
    return due_at


def _judged(found: CaseFact, runs: Sequence[StageRun]) -> CaseFact:
    ends = Ends(
        decided_at=found.decided_at,
        filed_at=found.filed_at,
        first_dispatched_at=found.first_dispatched_at,
        verified_at=found.verified_at,
        checked_at=found.checked_at,
        returned_at=found.returned_at,
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
    dispatched, sent_out = _last(log, *DISPATCH), _first(log, *DISPATCH)
    unit_id = dispatched.unit_id if dispatched else None
    own = [entry for entry in log if entry.unit_id == unit_id]
    verified = _last(log, *VERIFIED)
    checks = [each for each in log if INSPECTOR in each.actor_roles]
    asked = [each for each in log if each.trigger in TO_DISPATCH and each.state is CaseState.FILED]
    returned = _last(log, RETURN)
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
        dispatch_asked_at=_at(asked[-1]) if asked else None,
        settled_at=_at(_last(log, SETTLE)),
        declined_at=_at(_last(log, DECLINE)),
        voided_at=_at(_last(log, *VOID)),
        merged_at=_at(merged) if merged and merged.trigger in MERGE else None,
        first_dispatched_at=_at(sent_out),
        dispatched_by=sent_out.actor_id if sent_out else None,
        handled_at=_at(handled) if handled and handled.trigger == HANDLE else None,
        check_asked_at=_at(_last(log, INSPECT)),
        checked_at=_at(checked),
        checked_by=checked.actor_id if checked else None,
        closed_at=_at(closed),
        closed_by=closed.actor_id if closed else None,
        returned_at=_at(returned),
        returned_by=returned.unit_id if returned else None,
        rework_at=tuple(e.occurred_at for e in own if e.trigger == REWORK),
        extended_at=_at(_first(log, EXTEND)),
        deferred_at=_at(_first(log, DEFER)),
        shelved_at=_at(_last(log, SHELVE)),
        unshelved_at=_at(_last(log, UNSHELVE)),
        supervised_at=_at(_last(log, SUPERVISE)),
    )


def _first(log: Iterable[LogEntry], *triggers: str) -> LogEntry | None:
    return next((entry for entry in log if entry.trigger in triggers), None)


def _last(log: Sequence[LogEntry], *triggers: str) -> LogEntry | None:
    return _first(reversed(log), *triggers)


def _at(entry: LogEntry | None) -> datetime | None:
    return entry.occurred_at if entry else None

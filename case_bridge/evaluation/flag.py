"""Which flags a fact raises in a period; counters are cases that raise all of some.

The same conditions exist in SQL (`facts_sql`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from case_bridge.cases.case import CaseSource
from case_bridge.evaluation.fact import CaseFact
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period

PUBLIC_SOURCES: Final = (CaseSource.HOTLINE, CaseSource.WEB, CaseSource.VISIT)


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
    RETURNED_NOW = "returned_now"
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
    return {
        Flag.REPORTED: _inside(fact.reported_at, period),
        Flag.FROM_PUBLIC: fact.source in PUBLIC_SOURCES,
        Flag.WAS_FILED: _before(fact.dispatch_asked_at, end),
        Flag.DECIDED: _inside(fact.decided_at, period),
        Flag.DECIDED_ON_TIME: in_time.decided_in_time is True,
        Flag.FILED: _inside(fact.filed_at, period),
        Flag.FILED_ON_TIME: in_time.filed_in_time is True,
        Flag.SETTLED: _inside(fact.settled_at, period),
        Flag.DECLINED: _inside(fact.declined_at, period),
        Flag.VOIDED: _inside(fact.voided_at, period),
        Flag.DISPATCH_DUE: _inside(fact.dispatch_asked_at, period) and fact.voided_at is None,
        Flag.DISPATCHED: _before(fact.first_dispatched_at, end),
        Flag.DISPATCHED_ON_TIME: in_time.dispatched_in_time is True,
        Flag.RETURNED: _before(fact.returned_at, end),
        Flag.RETURNED_NOW: _inside(fact.returned_at, period),
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

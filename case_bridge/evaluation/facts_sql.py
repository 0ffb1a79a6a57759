"""The SQL twin of `flag`: the flags and counters of a period over `case_facts`.

Everything is set-based: a million cases are one statement. What is written into these statements
comes from this module alone; periods and keys are bound.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from case_bridge.evaluation.counters import COUNTERS, Counter, Duty
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.flag import PUBLIC_SOURCES, Flag
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period


def _inside(column: str) -> str:
    return f"(f.{column} >= :begins AND f.{column} < :ends)"


def _before(column: str) -> str:
    return f"(f.{column} < :ends)"


def _after(column: str, asked: str) -> str:
    return f"(f.{column} >= f.{asked} AND f.{column} < :ends)"


_IN_CHARGE: Final[Mapping[ShouldClose, str]] = MappingProxyType(
    {
        ShouldClose.DUE: _inside("due_at"),
        ShouldClose.DISPATCHED: _inside("first_dispatched_at"),
        ShouldClose.WORKLOAD: "((f.due_at < :ends AND (f.closed_at IS NULL"
        f" OR f.closed_at >= :begins)) OR {_inside('closed_at')})",
    }
)


def flag_sql(options: Options) -> dict[Flag, str]:
    """Return the condition of each flag over `case_facts f`; unknown counts as no."""
    dispatch_due = f"({_inside('dispatch_asked_at')} AND f.voided_at IS NULL)"
    deferred = _before("deferred_at")
    shelved = f"({_before('shelved_at')} AND {_after('unshelved_at', 'shelved_at')} IS NOT TRUE)"
    sources = ", ".join(f"'{each.value}'" for each in PUBLIC_SOURCES)
    should_close = ["f.unit_id IS NOT NULL AND f.voided_at IS NULL"]
    should_close.append(_IN_CHARGE[options.should_close])
    if not options.count_deferred:
        should_close.append(f"{deferred} IS NOT TRUE")
    if not options.count_shelved:
        should_close.append(f"{shelved} IS NOT TRUE")
    return {
        Flag.REPORTED: _inside("reported_at"),
        Flag.FROM_PUBLIC: f"f.source IN ({sources})",
        Flag.WAS_FILED: _before("dispatch_asked_at"),
        Flag.DECIDED: _inside("decided_at"),
        Flag.DECIDED_ON_TIME: "f.decided_in_time",
        Flag.FILED: _inside("filed_at"),
        Flag.FILED_ON_TIME: "f.filed_in_time",
        Flag.SETTLED: _inside("settled_at"),
        Flag.DECLINED: _inside("declined_at"),
        Flag.VOIDED: _inside("voided_at"),
        Flag.DISPATCH_DUE: dispatch_due,
        Flag.DISPATCHED: _before("first_dispatched_at"),
        Flag.DISPATCHED_ON_TIME: "f.dispatched_in_time",
        Flag.RETURNED: _before("returned_at"),
        Flag.RETURNED_NOW: _inside("returned_at"),
        Flag.RETURNED_IN_TIME: "f.returned_in_time",
        Flag.VERIFY_DUE: _inside("verify_asked_at"),
        Flag.VERIFIED: _after("verified_at", "verify_asked_at"),
        Flag.VERIFIED_ON_TIME: "f.verified_in_time",
        Flag.CHECK_DUE: _inside("check_asked_at"),
        Flag.CHECKED: _after("checked_at", "check_asked_at"),
        Flag.CHECKED_ON_TIME: "f.checked_in_time",
        Flag.SHOULD_CLOSE: f"({' AND '.join(should_close)})",
        Flag.HANDLED: _before("handled_at"),
        Flag.IN_LIMIT: "(f.handled_at <= f.due_at)",
        Flag.PAST_DUE: _before("due_at"),
        Flag.CLOSED: _before("closed_at"),
        Flag.OVER: _before("over_at"),
        Flag.REWORKED: "(cardinality(f.rework_at) > 0 AND EXISTS (SELECT FROM unnest(f.rework_at)"
        " AS rework (at) WHERE rework.at >= :begins AND rework.at < :ends))",
        Flag.EXTENDED: _before("extended_at"),
        Flag.DEFERRED: deferred,
        Flag.SHELVED: shelved,
        Flag.SUPERVISED: _inside("supervised_at"),
    }


def counter_sql(counter: Counter, conditions: Mapping[Flag, str]) -> str:
    """Return the condition that a fact is among the counted."""
    raised = [conditions[flag] for flag in Flag if flag in counter.raised]
    absent = [f"{conditions[flag]} IS NOT TRUE" for flag in Flag if flag in counter.absent]
    # What went into another case by then counts there, and not a second time (R69).
    return " AND ".join([*raised, *absent, f"{_before('merged_at')} IS NOT TRUE"])


def binds(period: Period) -> dict[str, Any]:
    """Return what the conditions of a period are bound to."""
    return {"begins": period.begins, "ends": period.ends}


_PEOPLE: Final[Mapping[Duty, str]] = MappingProxyType(
    {
        Duty.FILE: "filed_by",
        Duty.DISPATCH: "dispatched_by",
        Duty.CLOSE: "closed_by",
        Duty.VERIFY: "verified_by",
        Duty.CHECK: "checked_by",
    }
)

_DUTIES: Final[Mapping[ObjectKind, tuple[Duty, ...]]] = MappingProxyType(
    {
        ObjectKind.POST: (Duty.FILE, Duty.DISPATCH, Duty.CLOSE, Duty.VERIFY, Duty.CHECK),
        ObjectKind.INSPECTOR: (Duty.VERIFY, Duty.CHECK),
        ObjectKind.CONTRACTOR: (Duty.VERIFY, Duty.CHECK),
    }
)

_OF_UNITS: Final = frozenset({ObjectKind.UNIT, ObjectKind.DEPARTMENT})

UNPLACED: Final = "?"
"""The key of what lies in none of the named areas."""

CENTRE_KEY: Final = "centre"
FIRST_LEVEL_KEY: Final = "first"
"""The key of what no second-level platform commands."""

_UNITS: Final = (
    "CROSS JOIN LATERAL (SELECT true, f.unit_id UNION ALL SELECT false, f.returned_by"
    " WHERE f.returned_at >= :begins AND f.returned_at < :ends) AS p (has_it, unit_id)"
)
_DEPARTMENT: Final = (
    f"{_UNITS} LEFT JOIN units u ON u.id = p.unit_id LEFT JOIN units d ON d.code = u.competent_code"
)

_KEYS: Final[Mapping[ObjectKind, tuple[str, str]]] = MappingProxyType(
    {
        ObjectKind.UNIT: ("p.unit_id::text", _UNITS),
        # R33: what a public-service company does is its competent department's affair too.
        ObjectKind.DEPARTMENT: ("coalesce(d.id, u.id)::text", _DEPARTMENT),
        ObjectKind.REGION: (f"coalesce(f.region, '{UNPLACED}')", ""),
        ObjectKind.COMMUNITY: (f"coalesce(f.community, '{UNPLACED}')", ""),
        ObjectKind.DISTRICT: (f"coalesce(f.district_id::text, '{FIRST_LEVEL_KEY}')", ""),
        ObjectKind.CENTRE: (f"'{CENTRE_KEY}'::text", ""),
        ObjectKind.POST: ("p.duty || ':' || p.actor_id::text", ""),
        ObjectKind.INSPECTOR: ("p.actor_id::text", ""),
        ObjectKind.CONTRACTOR: ("w.unit_id::text", "JOIN users w ON w.id = p.actor_id"),
    }
)


def key_and_source(kind: ObjectKind) -> tuple[str, str]:
    """Return the key of the object that answers for a fact, and where to read both from."""
    key, join = _KEYS[kind]
    if kind in _DUTIES:
        pairs = ", ".join(f"('{duty}', f.{_PEOPLE[duty]})" for duty in _DUTIES[kind])
        join = f"CROSS JOIN LATERAL (VALUES {pairs}) AS p (duty, actor_id) {join}"
    return key, f"case_facts f {join}"


def counters_of(kind: ObjectKind) -> dict[str, Counter]:
    """Return the counters that make sense for a kind: of people only those of their duty."""
    duties = _DUTIES.get(kind)
    if duties is None:
        return dict(COUNTERS)
    return {name: each for name, each in COUNTERS.items() if each.duty in duties}


def condition_of(kind: ObjectKind, counter: Counter, conditions: Mapping[Flag, str]) -> str:
    """Return the condition that a fact is counted for the object that answers for it."""
    condition = counter_sql(counter, conditions)
    if kind in _DUTIES:
        return f"{condition} AND p.duty = '{counter.duty}'"
    if kind in _OF_UNITS:
        # A return counts for who said "not ours", all else for who has the case.
        return f"{condition} AND {'NOT ' if counter.duty is Duty.RETURN else ''}p.has_it"
    return condition


# What was known when the period ended; and every counter asks for something inside the period, or
# for a case that was not over before it.
TOUCHES: Final = (
    "(f.known_from <= :ends AND (f.known_until IS NULL OR f.known_until > :ends)"
    " AND (f.over_at IS NULL OR f.over_at >= :begins OR f.due_at >= :begins))"
)


_OF_DISTRICT: Final = "AND f.district_id = :district"


def count_sql(kind: ObjectKind, options: Options, *, of_district: bool = False) -> str:
    """Return the statement that gives each object's key, counters, facts and fingerprint."""
    conditions = flag_sql(options)
    key, source = key_and_source(kind)
    counted = ",\n    ".join(
        f"count(*) FILTER (WHERE {condition_of(kind, each, conditions)}) AS {name}"
        for name, each in counters_of(kind).items()
    )
    scope = _OF_DISTRICT if of_district else ""
    return f"""
SELECT {key} AS object_key,
    {counted}
FROM {source}
WHERE {TOUCHES} AND {key} IS NOT NULL {scope}
GROUP BY {key}
"""  # noqa: S608 - made of the constants above


FINGERPRINT: Final = f"""
SELECT count(*), coalesce(sum(f.digest::numeric), 0) FROM case_facts f WHERE {TOUCHES}
"""  # noqa: S608 - made of the constants above
"""The same for the same facts in any order; another one if any of them differs."""


HAS_FACTS: Final = f"SELECT EXISTS (SELECT FROM case_facts f WHERE {TOUCHES})"  # noqa: S608


def rows_sql(
    kind: ObjectKind, counter: Counter, options: Options, *, after: bool, of_district: bool
) -> str:
    """Return the statement of one page of the cases behind a number, newest report first."""
    key, source = key_and_source(kind)
    behind = "AND (f.reported_at, f.case_id, f.round) < (:at, :case_id, :round)" if after else ""
    scope = _OF_DISTRICT if of_district else ""
    return f"""
SELECT f.case_id, f.round, f.number, f.region, f.reported_at, f.due_at, f.handled_at, f.closed_at,
    f.unit_id, cardinality(f.rework_at) AS reworks
FROM {source}
WHERE {TOUCHES} AND {key} = :object_key
    AND {condition_of(kind, counter, flag_sql(options))} {scope} {behind}
ORDER BY f.reported_at DESC, f.case_id DESC, f.round DESC
LIMIT :limit
"""  # noqa: S608 - made of the constants above

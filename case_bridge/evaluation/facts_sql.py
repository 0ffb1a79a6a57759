"""The SQL twin of `fact`: folding the log of cases into facts, and the flags of a period.

Everything is set-based: a million cases are one statement. What is written into these statements
comes from this module alone; periods, options and areas are bound.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from case_bridge.evaluation import fact
from case_bridge.evaluation.counters import COUNTERS, Counter, Duty
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.fact import PUBLIC_SOURCES, Flag
from case_bridge.evaluation.options import Options, ShouldClose
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.stages import IN_TIME, JUDGED
from case_bridge.places.codes import COMMUNITY_DIGITS


def _is(*triggers: str) -> str:
    words = ", ".join(f"'{each}'" for each in triggers)
    return f"h.trigger IN ({words})"


def _first(what: str, condition: str) -> str:
    return f"(array_agg({what} ORDER BY h.sequence) FILTER (WHERE {condition}))[1]"


def _last(what: str, condition: str) -> str:
    return f"(array_agg({what} ORDER BY h.sequence DESC) FILTER (WHERE {condition}))[1]"


def _earliest(*triggers: str) -> str:
    # Moves of one case are in the order of their instants: the first is the earliest.
    return f"min(h.occurred_at) FILTER (WHERE {_is(*triggers)})"


def _latest(*triggers: str) -> str:
    return f"max(h.occurred_at) FILTER (WHERE {_is(*triggers)})"


# A move that sets the deadline says so itself, or by the receipt that it carries.
_DUE: Final = "coalesce(h.detail->>'due_at', h.detail#>>'{receipt,due_at}')"

_BY_INSPECTOR: Final = f"{_is(*fact.CHECKED)} AND h.actor_roles @> '[\"{fact.INSPECTOR}\"]'"
_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reopened_at": _earliest(fact.REOPEN),
        "district_id": _last(
            "h.detail->>'district_id'", f"({_is(*fact.HANDED)} OR h.detail ? 'district_id')"
        ),
        "unit_id": _last("h.unit_id", _is(*fact.DISPATCH)),
        "decided_at": _earliest(*fact.DECISIONS),
        "verify_asked_at": _latest(fact.VERIFY),
        "verified_at": _latest(*fact.VERIFIED),
        "verified_by": _last("h.actor_id", _is(*fact.VERIFIED)),
        "filed_at": _latest(fact.FILE),
        "filed_by": _last("h.actor_id", _is(fact.FILE)),
        "settled_at": _latest(fact.SETTLE),
        "declined_at": _latest(fact.DECLINE),
        "voided_at": _latest(*fact.VOID),
        "merged_at": _last(
            f"CASE WHEN {_is(*fact.MERGE)} THEN h.occurred_at END",
            _is(*fact.MERGE, *fact.UNMERGE),
        ),
        "first_dispatched_at": _earliest(*fact.DISPATCH),
        "dispatched_by": _last("h.actor_id", _is(*fact.DISPATCH)),
        "due_at": _last(_DUE, f"{_DUE} IS NOT NULL"),
        "handled_at": _last(
            f"CASE WHEN {_is(fact.HANDLE)} THEN h.occurred_at END",
            _is(fact.HANDLE, *fact.REFUSED),
        ),
        "check_asked_at": _latest(fact.INSPECT),
        "checked_at": f"max(h.occurred_at) FILTER (WHERE {_BY_INSPECTOR})",
        "checked_by": _last("h.actor_id", _BY_INSPECTOR),
        "closed_at": _latest(*fact.CLOSE),
        "closed_by": _last("h.actor_id", _is(*fact.CLOSE)),
        "returned_at": f"array_agg(h.occurred_at ORDER BY h.sequence) "
        f"FILTER (WHERE {_is(fact.RETURN)})",
        "rework_at": f"array_agg(h.occurred_at ORDER BY h.sequence) "
        f"FILTER (WHERE {_is(fact.REWORK)})",
        "rework_units": f"array_agg(h.unit_id ORDER BY h.sequence) "
        f"FILTER (WHERE {_is(fact.REWORK)})",
        "extended_at": _earliest(fact.EXTEND),
        "deferred_at": _earliest(fact.DEFER),
        "shelved_at": _latest(fact.SHELVE),
        "unshelved_at": _latest(fact.UNSHELVE),
        "supervised_at": _earliest(fact.SUPERVISE),
        "moved_at": "max(h.occurred_at)",
    }
)
"""Each fact of a round, from its rows of `case_history`."""

_SPECIAL: Final = {
    "district_id",
    "reopened_at",
    "due_at",
    "returned_at",
    "rework_at",
    "rework_units",
    "moved_at",
}
_PLAIN: Final = tuple(name for name in _COLUMNS if name not in _SPECIAL)

_FOLDED: Final = ",\n        ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items())
_OVER: Final = "coalesce(r.closed_at, r.settled_at, r.voided_at, r.declined_at, r.merged_at)"

_VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "case_id": "c.id",
        "round": "r.round",
        "number": "c.number",
        "sequence": "c.sequence",
        "moved_at": "coalesce(r.moved_at, c.registered_at)",
        "over_at": _OVER,
        "source": "c.source",
        "region": "substring(c.place from nullif(:areas, ''))",
        "reported_at": "coalesce(r.reopened_at, c.registered_at)",
        "community": f"left(c.grid_code, {COMMUNITY_DIGITS})",
        "district_id": "r.district_id::uuid",
        "due_at": "r.due_at::timestamptz",
        "returned_at": "coalesce(r.returned_at, '{}')",
        "rework_at": """CASE WHEN r.rework_at IS NULL THEN '{}' ELSE ARRAY(
            SELECT rework.at FROM unnest(r.rework_at, r.rework_units) AS rework (at, unit)
            WHERE rework.unit IS NOT DISTINCT FROM r.unit_id ORDER BY rework.at
        ) END""",
        **{name: f"r.{name}" for name in _PLAIN},
        **{name: f"j.{name}" for name in IN_TIME},
    }
)
"""Each column of `case_facts`: a case `c`, what its log `r` and its stage clocks `j` say of a
round."""

_WITNESSES: Final = ", ".join(
    f"t.{name}" for name in _VALUES if name not in {"number", "sequence", "moved_at"}
)
_TARGETS: Final = (*_VALUES, "digest")


def _fold(stale: str) -> str:
    """Return the statement that folds the cases of the query `stale`, whole."""
    return f"""
WITH stale AS ({stale}), folded AS (
    SELECT h.case_id, h.round, {_FOLDED}
    FROM case_history h WHERE h.case_id IN (SELECT id FROM stale) GROUP BY h.case_id, h.round
), rounds AS (
    SELECT * FROM folded
    UNION ALL
    SELECT s.id, 1{", NULL" * len(_COLUMNS)} FROM stale s
    WHERE NOT EXISTS (SELECT FROM case_history h WHERE h.case_id = s.id AND h.round = 1)
), judged AS ({JUDGED}), facts AS (
    SELECT {", ".join(f"{sql} AS {name}" for name, sql in _VALUES.items())}
    FROM stale c JOIN rounds r ON r.case_id = c.id
    LEFT JOIN judged j ON j.case_id = r.case_id AND j.round = r.round
)
INSERT INTO case_facts ({", ".join(_TARGETS)})
SELECT t.*, ('x' || left(md5(ROW({_WITNESSES})::text), 15))::bit(60)::bigint FROM facts t
ON CONFLICT (case_id, round) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _TARGETS[2:])}
"""  # noqa: S608 - made of the constants above


FOLD_MOVED: Final = _fold("""
    SELECT c.* FROM cases c
    WHERE c.id IN (
        SELECT case_id FROM case_history WHERE occurred_at >= :since
        UNION SELECT id FROM cases WHERE registered_at >= :since
    ) AND NOT EXISTS (
        SELECT FROM case_facts f
        WHERE f.case_id = c.id AND f.round = c.round AND f.sequence = c.sequence
    )
""")
"""Folds the cases that moved or came since :since and are not folded so far."""

FOLD_ALL: Final = _fold("SELECT c.* FROM cases c")
"""Folds everything again, e.g. when the areas of the city have changed."""


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
    dispatch_due = f"({_inside('filed_at')} AND f.voided_at IS NULL)"
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
        Flag.WAS_FILED: _before("filed_at"),
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
        # Ordered in time, so the first is the earliest.
        Flag.RETURNED: "(f.returned_at[1] < :ends)",
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

UNPLACED: Final = "?"
"""The key of what lies in none of the named areas."""

CENTRE_KEY: Final = "centre"
FIRST_LEVEL_KEY: Final = "first"
"""The key of what no second-level platform commands."""

_DEPARTMENT: Final = (
    "LEFT JOIN units u ON u.id = f.unit_id LEFT JOIN units d ON d.code = u.competent_code"
)

_KEYS: Final[Mapping[ObjectKind, tuple[str, str]]] = MappingProxyType(
    {
        ObjectKind.UNIT: ("f.unit_id::text", ""),
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
    return f"{condition} AND p.duty = '{counter.duty}'" if kind in _DUTIES else condition


# Every counter asks for something inside the period, or for a case that was not over before it.
TOUCHES: Final = (
    "(f.reported_at < :ends AND (f.over_at IS NULL OR f.over_at >= :begins OR f.due_at >= :begins))"
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

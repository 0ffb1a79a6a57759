"""The SQL twin of `fact`: folding the log of cases into facts, a row for the end of each month.

Everything is set-based: a million cases are one statement. What is written into these statements
comes from this module alone; areas and the time to look back to are bound.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_bridge.cases.states import CaseState
from case_bridge.evaluation import fact
from case_bridge.evaluation.stages import IN_TIME, JUDGED
from case_bridge.places.codes import COMMUNITY_DIGITS
from hotline.kernel.clock import SHANGHAI


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

_BACK: Final = f"""(h.trigger = '{fact.RECKON}' AND NOT EXISTS (
            SELECT FROM case_history d
            WHERE d.case_id = h.case_id AND d.round = h.round AND d.sequence < h.sequence
                AND d.occurred_at >= m.known_from AND d.trigger <> '{fact.RECKON}'
                AND {_DUE.replace("h.", "d.")} IS NOT NULL
        ))"""
"""A deadline that was reckoned again counts back to when it was set, and no further."""


def _end_of_month(instant: str) -> str:
    zone = f"AT TIME ZONE '{SHANGHAI.key}'"
    return f"(date_trunc('month', {instant} {zone}) + interval '1 month') {zone}"


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
        "dispatch_asked_at": f"max(h.occurred_at) FILTER (WHERE {_is(*fact.TO_DISPATCH)}"
        f" AND h.state = '{CaseState.FILED.value}')",
        "settled_at": _latest(fact.SETTLE),
        "declined_at": _latest(fact.DECLINE),
        "voided_at": _latest(*fact.VOID),
        "merged_at": _last(
            f"CASE WHEN {_is(*fact.MERGE)} THEN h.occurred_at END",
            _is(*fact.MERGE, *fact.UNMERGE),
        ),
        "first_dispatched_at": _earliest(*fact.DISPATCH),
        "dispatched_by": _first("h.actor_id", _is(*fact.DISPATCH)),
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
        "returned_at": _latest(fact.RETURN),
        "returned_by": _last("h.unit_id", _is(fact.RETURN)),
        "rework_at": f"array_agg(h.occurred_at ORDER BY h.sequence) "
        f"FILTER (WHERE {_is(fact.REWORK)})",
        "rework_units": f"array_agg(h.unit_id ORDER BY h.sequence) "
        f"FILTER (WHERE {_is(fact.REWORK)})",
        "extended_at": _earliest(fact.EXTEND),
        "deferred_at": _earliest(fact.DEFER),
        "shelved_at": _latest(fact.SHELVE),
        "unshelved_at": _latest(fact.UNSHELVE),
        "supervised_at": _latest(fact.SUPERVISE),
        "moved_at": "max(h.occurred_at)",
    }
)
"""Each fact of a round, from its rows of `case_history`."""

_SPECIAL: Final = {
    "district_id",
    "reopened_at",
    "due_at",
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
        "known_from": "r.known_from",
        "known_until": "r.known_until",
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

_KEY: Final = ("case_id", "round", "known_from")
_ASIDE: Final = {"known_from", "known_until", "number", "sequence", "moved_at"}
_WITNESSES: Final = ", ".join(f"t.{name}" for name in _VALUES if name not in _ASIDE)
_TARGETS: Final = (*_VALUES, "digest")


def _fold(stale: str) -> str:
    """Return the statement that folds the cases of the query `stale`, whole."""
    return f"""
WITH stale AS ({stale}), months AS (
    SELECT h.case_id, h.round, {_end_of_month("h.occurred_at")} AS known_from
    FROM case_history h WHERE h.case_id IN (SELECT id FROM stale)
    UNION SELECT s.id, 1, {_end_of_month("s.registered_at")} FROM stale s
), spans AS (
    SELECT m.*, lead(m.known_from) OVER (PARTITION BY m.case_id, m.round ORDER BY m.known_from)
        AS known_until
    FROM months m
), rounds AS (
    SELECT m.case_id, m.round, m.known_from, m.known_until, {_FOLDED}
    FROM spans m LEFT JOIN case_history h
        ON h.case_id = m.case_id AND h.round = m.round AND (h.occurred_at < m.known_from OR {_BACK})
    GROUP BY m.case_id, m.round, m.known_from, m.known_until
), judged AS ({JUDGED}), facts AS (
    SELECT {", ".join(f"{sql} AS {name}" for name, sql in _VALUES.items())}
    FROM stale c JOIN rounds r ON r.case_id = c.id
    LEFT JOIN judged j
        ON j.case_id = r.case_id AND j.round = r.round AND j.known_from = r.known_from
)
INSERT INTO case_facts ({", ".join(_TARGETS)})
SELECT t.*, ('x' || left(md5(ROW({_WITNESSES})::text), 15))::bit(60)::bigint FROM facts t
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _TARGETS if name not in _KEY)}
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

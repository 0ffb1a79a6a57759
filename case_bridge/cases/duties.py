"""Who may do what to a case: the acts that are the same everywhere, and those a city settles."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_bridge.cases.case import Actor
from case_bridge.cases.organisation import POSSIBLE, Level, Organisation, Question, Rule
from case_bridge.cases.states import CaseState, CaseTrigger
from hotline.accounts.roles import Role
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UnitId

Duties = Mapping[CaseTrigger, frozenset[Role]]

T = CaseTrigger

_DESK = frozenset({Role.SEAT, Role.SHIFT_LEADER})
_LEADER = frozenset({Role.SHIFT_LEADER})
_UNIT = frozenset({Role.UNIT})
_INSPECTOR = frozenset({Role.INSPECTOR})
_HEAD = frozenset({Role.LEADER})
CENTRE: Final = frozenset({Role.DISPATCHER, Role.SHIFT_LEADER})
_NOBODY: frozenset[Role] = frozenset()

_EVERYWHERE: Duties = MappingProxyType(
    {
        T.VERIFY: _DESK,
        T.SETTLE: _INSPECTOR,  # 000 a16
        T.FILE: _DESK,  # 003 a14: the supervision centre
        T.DECLINE: _DESK,
        T.CONFIRM: _INSPECTOR,
        T.REFUTE: _INSPECTOR,
        T.HAND_DOWN: CENTRE,  # 001 a11
        T.HAND_UP: CENTRE,
        T.ACCEPT: _UNIT,
        T.RETURN: _UNIT,
        T.HANDLE: _UNIT,
        T.GUARD: _UNIT,
        T.PASS_UP: CENTRE,  # 001 a16: level by level
        T.SEND_BACK: CENTRE,
        T.DISPUTE: _UNIT | frozenset({Role.DISPATCHER}),  # 003 a19: whoever received it first
        T.MEET: CENTRE,
        T.RESUME: _UNIT | CENTRE | _HEAD,
        T.UNSHELVE: _UNIT | CENTRE | _HEAD,
        T.URGE: _UNIT | CENTRE,  # 002i a6(3); a unit only what it oversees (004 a17)
        T.SUPERVISE: _LEADER | _HEAD,
        T.ORDER: _LEADER | _HEAD,  # 004 a20
        T.CIRCULATE: _HEAD,
        T.RECKON: _NOBODY,  # by rule, once a calendar is published
        T.REFER: CENTRE,  # 000 a29
        T.INSPECT: _NOBODY,  # by rule, at once after the feedback (R63)
        T.REOPEN: _NOBODY,  # by the complainant's word, over the bridge
        T.VOID: _LEADER,
        T.FORCE_CLOSE: _HEAD,
        T.FORCE_VOID: _HEAD,
        T.MERGE: _DESK,
        T.UNMERGE: _DESK,
        T.MERGE_FILED: _LEADER,  # takes a matter out of a unit's hands
        T.UNMERGE_FILED: _LEADER,
    }
)
"""`_NOBODY` leaves it to the house."""

ASKED: Mapping[CaseTrigger, Question] = MappingProxyType(
    {
        T.DISPATCH: Question.DISPATCHES,
        T.PASS: Question.CHECKS,
        T.CLOSE: Question.CLOSES,
        T.DECIDE: Question.SETTLES,
        T.EXTEND: Question.EXTENDS,
        T.DEFER: Question.DEFERS,
        T.SHELVE: Question.SHELVES,
    }
)
"""What a city settles, by the act that it is about; rework is of whoever checks or closes."""

ANYBODY: Duties = MappingProxyType(
    {
        **_EVERYWHERE,
        **{trigger: POSSIBLE[question] for trigger, question in ASKED.items()},
        T.REWORK: POSSIBLE[Question.CHECKS] | POSSIBLE[Question.CLOSES],
    }
)
"""Whose act it may be in any city: the doors of the pages, behind which the city's table stands."""

OF_HOUSE: Final = frozenset(trigger for trigger, roles in ANYBODY.items() if not roles)


def duties_of(organisation: Organisation) -> Duties:
    """Return the table of one city; who closes by delegation stands in it."""
    rules = organisation.rules
    asked = {trigger: _holders(rules[question]) for trigger, question in ASKED.items()}
    return MappingProxyType(
        {**_EVERYWHERE, **asked, T.REWORK: asked[T.PASS] | asked[T.CLOSE]},
    )


def _holders(rule: Rule) -> frozenset[Role]:
    return rule.roles | rule.delegates


def check_duty(
    organisation: Organisation,
    trigger: CaseTrigger,
    actor: Actor,
    *,
    state: CaseState | None = None,
    district_id: UnitId | None = None,
) -> None:
    """Return if the actor may pull the trigger on a case; the house itself always may.

    `state` and `district_id` are the case's: which second-level platform holds it, if one does.

    Raises:
        Forbidden: if the act belongs to somebody else, or to the other level.
    """
    if actor.user_id is None:
        return
    if actor.roles.isdisjoint(duties_of(organisation)[trigger]):
        raise Forbidden(f"{trigger} is not among the duties of {', '.join(sorted(actor.roles))}")
    if actor.roles == _UNIT:
        return  # A unit's own cases are told apart by their unit.
    if not is_within(organisation, trigger, actor, state=state, district_id=district_id):
        raise Forbidden(f"{trigger} is not this level's, or the case is another district's")


def is_within(
    organisation: Organisation,
    trigger: CaseTrigger,
    actor: Actor,
    *,
    state: CaseState | None,
    district_id: UnitId | None,
) -> bool:
    """Say whether an act on a case is the actor's own level's (R28, R30).

    People of a district see to its cases and no others. The city's people leave to a district
    what is its own, but may always look, urge, supervise and call back (001 a11, a18).
    """
    if actor.district_id is not None and actor.district_id != district_id:
        return False
    is_second = actor.district_id is not None
    if trigger in _OF_LEVEL:
        return trigger is T.HAND_UP or is_second == (trigger is not T.HAND_DOWN)
    question = ASKED.get(T.CLOSE if trigger is T.REWORK else trigger)
    if question is None or actor.roles == _INSPECTOR:
        return True
    level = organisation.rules[question].level
    if question is Question.DISPATCHES and state is CaseState.HANDED_DOWN:
        level = Level.SECOND
    if level is Level.EITHER or (level is Level.FIRST and question is Question.DISPATCHES):
        return is_second == (district_id is not None)
    return is_second == (level is Level.SECOND)


_OF_LEVEL: Final = frozenset({T.HAND_DOWN, T.HAND_UP, T.PASS_UP, T.SEND_BACK})
"""Given by what they are to one level; calling back is of both."""

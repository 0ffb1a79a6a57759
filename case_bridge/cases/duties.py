"""Who may do what to a case: the organisation as a table (003 a12-18; domain 2.2).

The regulations differ in who dispatches, checks and closes (conflict table, domain 9), so a city
replaces the table, not the code.
"""

from collections.abc import Mapping
from types import MappingProxyType

from case_bridge.cases.case import Actor
from case_bridge.cases.states import CaseTrigger
from hotline.accounts.roles import Role
from hotline.kernel.errors import Forbidden

Duties = Mapping[CaseTrigger, frozenset[Role]]

T = CaseTrigger

_DESK = frozenset({Role.SEAT, Role.SHIFT_LEADER})
_LEADER = frozenset({Role.SHIFT_LEADER})
_DISPATCHER = frozenset({Role.DISPATCHER})
_UNIT = frozenset({Role.UNIT})
_INSPECTOR = frozenset({Role.INSPECTOR})
_HEAD = frozenset({Role.LEADER})
_CENTRE = _DISPATCHER | _LEADER
_NOBODY: frozenset[Role] = frozenset()

DUTIES: Duties = MappingProxyType(
    {
        T.VERIFY: _DESK,
        T.SETTLE: _INSPECTOR,  # 000 a16
        T.FILE: _DESK,  # 003 a14: the supervision centre
        T.DECLINE: _DESK,
        T.CONFIRM: _INSPECTOR,
        T.REFUTE: _INSPECTOR,
        T.DISPATCH: _DISPATCHER,  # 003 a15: the command centre
        T.ACCEPT: _UNIT,
        T.RETURN: _UNIT,
        T.HANDLE: _UNIT,
        T.GUARD: _UNIT,
        T.DISPUTE: _UNIT | _DISPATCHER,  # 003 a19: whoever received it first applies
        T.MEET: _CENTRE,
        T.DECIDE: _CENTRE | _HEAD,  # 000 a24: the leading group, or whom it lets decide
        T.EXTEND: _LEADER,  # 003 a21, a27: the centre
        T.DEFER: _HEAD,  # 003 a27: the county leader in charge
        T.RESUME: _UNIT | _CENTRE | _HEAD,
        T.SHELVE: _LEADER,  # 002i a8: the centre
        T.UNSHELVE: _UNIT | _CENTRE | _HEAD,
        T.URGE: _UNIT | _CENTRE,  # 002i a6(3); a unit only what it oversees (004 a17)
        T.SUPERVISE: _LEADER | _HEAD,
        T.ORDER: _LEADER | _HEAD,  # 004 a20
        T.CIRCULATE: _HEAD,
        T.RECKON: _NOBODY,  # by rule, once a calendar is published
        T.REFER: _CENTRE,  # 000 a29
        T.INSPECT: _NOBODY,  # by rule, at once after the feedback (R63)
        T.PASS: _INSPECTOR,  # 003 a17
        T.REWORK: _INSPECTOR | _LEADER,
        T.CLOSE: _LEADER,  # 003 a18 (R65)
        T.REOPEN: _NOBODY,  # by the complainant's word, over the bridge
        T.VOID: _LEADER,
        T.FORCE_CLOSE: _HEAD,
        T.FORCE_VOID: _HEAD,
    }
)
"""One axis of supervision, one of command, as in seed 003; `_NOBODY` leaves it to the house."""


def check_duty(duties: Duties, trigger: CaseTrigger, actor: Actor) -> None:
    """Return if the actor may pull the trigger; the house itself always may.

    Raises:
        Forbidden: if the act belongs to somebody else.
    """
    if actor.user_id is None:
        return
    if actor.roles.isdisjoint(duties[trigger]):
        raise Forbidden(f"{trigger} is not among the duties of {', '.join(sorted(actor.roles))}")

"""Facts about cases. The id of an event is the id of its history row: a platform message."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from case_bridge.cases.states import CaseState, CaseTrigger
from hotline.kernel.events import Event
from hotline.kernel.ids import CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent(Event):
    """A move of a case that the other side of the bridge has to hear of."""

    case_id: CaseId
    case_number: str
    round: int
    sequence: int
    """Counts the moves of one case from 1: tells late messages from fresh ones."""
    trigger: CaseTrigger
    text: str
    """The reason or the result in plain words."""
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiled(CaseEvent):
    """立案."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDeclined(CaseEvent):
    """不予立案; `reason_code` and `text` say why (R17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDispatched(CaseEvent):
    """派遣; the handling clock runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReturnedByUnit(CaseEvent):
    """退回; `text` says why it is not theirs (R50)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHandled(CaseEvent):
    """反馈; `text` says what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReworked(CaseEvent):
    """返工; `text` says what is not in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(CaseEvent):
    """结案; `text` is the result in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVoided(CaseEvent):
    """作废; `text` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMatterChanged(Event):
    """What a case is about came or changed: which others are one matter with it is asked anew."""

    case_id: CaseId


EVENTS: Mapping[CaseTrigger, type[CaseEvent]] = MappingProxyType(
    {
        CaseTrigger.FILE: CaseFiled,
        CaseTrigger.DECLINE: CaseDeclined,
        CaseTrigger.DISPATCH: CaseDispatched,
        CaseTrigger.DECIDE: CaseDispatched,
        CaseTrigger.RETURN: CaseReturnedByUnit,
        CaseTrigger.HANDLE: CaseHandled,
        CaseTrigger.REWORK: CaseReworked,
        CaseTrigger.SETTLE: CaseClosed,
        CaseTrigger.CLOSE: CaseClosed,
        CaseTrigger.FORCE_CLOSE: CaseClosed,
        CaseTrigger.REOPEN: CaseFiled,
        CaseTrigger.VOID: CaseVoided,
        CaseTrigger.FORCE_VOID: CaseVoided,
    }
)
"""What is told when; the other moves stay inside the case system."""


def event_type(trigger: CaseTrigger, state: CaseState) -> type[CaseEvent] | None:
    """Return the kind of event that tells of a move into `state`, or None.

    A declined case that is taken up again is only registered: nothing was filed yet.
    """
    if trigger is CaseTrigger.REOPEN and state is not CaseState.FILED:
        return None
    return EVENTS.get(trigger)

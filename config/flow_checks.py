"""What a flow asks of the house must be there: lookups, what they give, and whom it connects."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from channels.voice import message_uses, ticket_status
from channels.voice.options import NO_HOLIDAY, HolidayService
from hotline.queues.phone_directory import DirectoryEntry
from hotline.sla.calendar import DayKind
from ivr.errors import Problem
from ivr.flow import Flow, LookupStep, TransferStep, Variable, VoicemailStep
from ivr.verbs import TransferTo

Gives = Mapping[str, tuple[str, ...]]

LOOKUPS: Final[Mapping[str, Gives]] = MappingProxyType({"ticket": ticket_status.GIVES})
"""What each lookup sets; the names are those of `wiring.lookups`."""


MOMENT: Final[Gives] = MappingProxyType(
    {
        "night": ("0", "1"),
        "holiday": (NO_HOLIDAY, *(service.value for service in HolidayService)),
        "day": tuple(kind.value for kind in DayKind),
    }
)
"""What a call is told of its moment, if its flow declares it."""


def house_problems(flow: Flow, directory: Collection[DirectoryEntry]) -> Iterator[Problem]:
    """Yield what a flow asks for in vain."""
    given: dict[str, tuple[str, ...]] = {}
    for name, step in flow.steps.items():
        match step:
            case LookupStep(what=what) if what not in LOOKUPS:
                known = ", ".join(LOOKUPS)
                problem = f"{name}: there is no lookup {what!r}; choose one of {known}"
                yield Problem(flow.source, step.line, problem)
            case LookupStep(what=what):
                given |= LOOKUPS[what]
            case VoicemailStep():
                given |= message_uses.GIVES
            case TransferStep() if not _is_known(step, directory):
                problem = f"{name}: the directory has no {step.to} {step.key!r}"
                yield Problem(flow.source, step.line, problem)
            case _:
                pass
    for name, variable in flow.variables.items():
        if name in MOMENT and set(MOMENT[name]) - set(variable.values):
            what = f"{name}: write the values {', '.join(MOMENT[name])}"
            yield Problem(flow.source, variable.line, what)
        if variable.is_later:
            yield from _later_problems(flow, name, variable, given)


def _later_problems(flow: Flow, name: str, variable: Variable, given: Gives) -> Iterator[Problem]:
    if name not in given:
        known = ", ".join(given) or "nothing"
        what = f"{name}: no step of this flow sets it later; what they set: {known}"
        yield Problem(flow.source, variable.line, what)
        return
    missing = set(given[name]) - set(variable.values)
    if bool(given[name]) != bool(variable.values) or missing:
        wanted = ", ".join(given[name]) or "none: it is digits"
        yield Problem(flow.source, variable.line, f"{name}: write the values {wanted}")


def _is_known(step: TransferStep, directory: Collection[DirectoryEntry]) -> bool:
    """Say whether a transfer leads somewhere; queues and seats are made while the house runs."""
    if step.to in {TransferTo.QUEUE, TransferTo.SEAT}:
        return True
    return any(entry.key == step.key and entry.kind == step.to.value for entry in directory)

"""What a flow must hold before a citizen may meet it.

Every step named exists and is reached, every loop ends, every variable is declared, and every
prompt that can be said has its file.
"""

import string
from collections.abc import Callable, Iterable, Iterator
from itertools import product

from ivr.errors import Problem
from ivr.events import LeaveReason
from ivr.flow import (
    AnnouncementStep,
    AnswerStep,
    BranchStep,
    CollectStep,
    EnqueueStep,
    Flow,
    HangupStep,
    LookupStep,
    MenuStep,
    NoteStep,
    PlayStep,
    Speech,
    SpeechKind,
    Step,
    TransferStep,
    VoicemailStep,
)
from ivr.verbs import ANNOUNCEMENT_CHOICE, BEEP, CALL_BACK_PROMPTS, RECORDING_NOTICE

DIGIT_PROMPTS = tuple(f"digit_{digit}" for digit in range(10))
NUMBER_PROMPTS = (*DIGIT_PROMPTS, "two", "ten", "hundred", "thousand", "ten_thousand")
DATE_PROMPTS = (*DIGIT_PROMPTS, "ten", "year", "month", "day")
MONEY_PROMPTS = (*NUMBER_PROMPTS, "yuan", "jiao", "fen")
QUANTITIES = frozenset({SpeechKind.NUMBER, SpeechKind.COUNT, SpeechKind.DATE, SpeechKind.MONEY})
POSITION_PROMPTS = (
    *("position_next", "position_many", "position_before", "position_after"),
    *("wait_about", "wait_more", "minutes"),
    *NUMBER_PROMPTS,
)
"""What `speech.queue_position` and `queue_wait` may say to a caller in a queue."""


def problems_of(flow: Flow, prompts: frozenset[str]) -> list[Problem]:
    """Return everything wrong with a flow; `prompts` are the names of the files there are."""
    problems = [*_targets(flow), *_variables(flow), *_numbers(flow), *_prompts(flow, prompts)]
    # Loops and lost steps can be judged only when every name leads somewhere.
    return problems or [*_loops(flow), *_unreached(flow), *_unknown_yet(flow), *_unasked(flow)]


def targets(step: Step) -> tuple[str, ...]:
    """Return the names of every step that may follow."""
    match step:
        case AnswerStep() | PlayStep() | NoteStep():
            return (step.next,)
        case BranchStep():
            return (*step.cases.values(), step.otherwise)
        case MenuStep():
            return (*step.keys.values(), step.asking.failed)
        case CollectStep():
            return (step.next, step.asking.failed)
        case LookupStep() | VoicemailStep() | TransferStep() | EnqueueStep() | AnnouncementStep():
            return _outcomes(step)
        case HangupStep():
            return ()


def _outcomes(
    step: LookupStep | VoicemailStep | TransferStep | EnqueueStep | AnnouncementStep,
) -> tuple[str, ...]:
    match step:
        case AnnouncementStep():
            return (step.off, step.heard, step.enough)
        case LookupStep():
            return (step.found, step.not_found)
        case VoicemailStep():
            return (step.kept, step.nothing)
        case TransferStep():
            return (step.answered, step.failed)
        case EnqueueStep():
            return tuple(step.outcomes.values())


def said(step: Step) -> tuple[Speech, ...]:
    """Return everything a step may say."""
    match step:
        case PlayStep():
            return step.say
        case MenuStep(asking=asking) | CollectStep(asking=asking):
            return (*asking.say, *asking.wrong, *asking.silence)
        case EnqueueStep() | TransferStep():
            return (Speech(SpeechKind.PROMPT, step.music),)
        case AnnouncementStep():
            return (Speech(SpeechKind.PROMPT, ANNOUNCEMENT_CHOICE),)
        case VoicemailStep():
            return (*step.say, Speech(SpeechKind.PROMPT, BEEP))
        case _:
            return ()


def _targets(flow: Flow) -> Iterator[Problem]:
    if flow.start not in flow.steps:
        yield Problem(flow.source, 1, f"start: there is no step {flow.start!r}")
    for name, step in flow.steps.items():
        for target in dict.fromkeys(targets(step)):
            if target not in flow.steps:
                yield Problem(flow.source, step.line, f"{name}: there is no step {target!r}")


def _variables(flow: Flow) -> Iterator[Problem]:
    collected = {s.variable for s in flow.steps.values() if isinstance(s, CollectStep)}
    known = {*flow.variables, *collected}
    for name, step in flow.steps.items():
        for variable in sorted(_used(step) - known):
            yield Problem(flow.source, step.line, f"{name}: variable {variable!r} is not declared")
        if isinstance(step, BranchStep) and step.variable in flow.variables:
            values = flow.variables[step.variable].values
            for case in step.cases:
                if values and case not in values:
                    what = f"{name}: {step.variable} is never {case!r}"
                    yield Problem(flow.source, step.line, what)


def _used(step: Step) -> set[str]:
    """Return the variables a step reads."""
    names = {field for speech in said(step) for field in fields(speech.template)}
    if isinstance(step, BranchStep):
        names.add(step.variable)
    if isinstance(step, LookupStep):
        names.update(step.variables)
    return names


def _numbers(flow: Flow) -> Iterator[Problem]:
    """Find what is said as a quantity but need not be one."""
    for name, step in flow.steps.items():
        for speech in said(step):
            for field in fields(speech.template) if speech.kind in QUANTITIES else ():
                if field not in flow.variables or flow.variables[field].values:
                    what = f"{name}: {field!r} is not declared as digits"
                    yield Problem(flow.source, step.line, what)


def fields(template: str) -> list[str]:
    """Return the variables that stand in a template."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def _prompts(flow: Flow, prompts: frozenset[str]) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        wanted = [prompt for speech in said(step) for prompt in _prompts_of(flow, speech)]
        if isinstance(step, EnqueueStep):
            wanted += POSITION_PROMPTS
            if LeaveReason.CALL_BACK in step.outcomes:
                wanted += (*CALL_BACK_PROMPTS, *_digit_prompts(flow))
        for prompt in dict.fromkeys(wanted):
            if prompt not in prompts:
                what = f"{name}: there is no prompt {prompt!r} in {flow.language}"
                yield Problem(flow.source, step.line, what)


def _digit_prompts(flow: Flow) -> tuple[str, ...]:
    return (*DIGIT_PROMPTS, "digit_1_yao") if flow.digit_one == "yao" else DIGIT_PROMPTS


def _prompts_of(flow: Flow, speech: Speech) -> Iterable[str]:
    """Return every prompt that a piece of speech can become."""
    if speech.kind is SpeechKind.DIGITS:
        return _digit_prompts(flow)
    if speech.kind in {SpeechKind.NUMBER, SpeechKind.COUNT}:
        return NUMBER_PROMPTS
    if speech.kind is SpeechKind.DATE:
        return DATE_PROMPTS
    if speech.kind is SpeechKind.MONEY:
        return MONEY_PROMPTS
    names = fields(speech.template)
    choices = [flow.variables[name].values for name in names if name in flow.variables]
    return [
        speech.template.format_map(dict(zip(names, values, strict=False)))
        for values in product(*choices)
        if len(values) == len(names)
    ]


def _loops(flow: Flow) -> Iterator[Problem]:
    """Find a loop that a caller could walk for ever.

    A step with `visits` leaves only by `failed` once its visits are used up, and that happens to
    every such step of an endless walk. So a flow ends for certain if what is left has no loop.
    """
    edges = {name: _edges_when_used_up(step) for name, step in flow.steps.items()}
    ended: set[str] = set()
    for name in flow.steps:
        loop = _find_loop(name, edges, [], ended)
        if loop:
            what = f"{' -> '.join(loop)} never ends; give one of its menus `visits`"
            yield Problem(flow.source, flow.steps[loop[0]].line, what)
            return


def _edges_when_used_up(step: Step) -> tuple[str, ...]:
    match step:
        case MenuStep(asking=asking) | CollectStep(asking=asking) if asking.visits is not None:
            return (asking.failed,)
        case _:
            return targets(step)


def _find_loop(
    name: str, edges: dict[str, tuple[str, ...]], path: list[str], ended: set[str]
) -> list[str]:
    """Return the first loop found from a step, or nothing; `ended` are the steps without one."""
    if name in path:
        return [*path[path.index(name) :], name]
    if name in ended:
        return []
    for target in edges[name]:
        if loop := _find_loop(target, edges, [*path, name], ended):
            return loop
    ended.add(name)
    return []


def _unreached(flow: Flow) -> Iterator[Problem]:
    reached = _reached(flow, targets)
    for name, step in flow.steps.items():
        if name not in reached:
            yield Problem(flow.source, step.line, f"{name}: no step leads here")


def _reached(flow: Flow, ways: Callable[[Step], Iterable[str]]) -> set[str]:
    """Return the steps that a caller can come to by the ways that each step leaves open."""
    reached: set[str] = set()
    waiting = [flow.start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways(flow.steps[name])
    return reached


def _unknown_yet(flow: Flow) -> Iterator[Problem]:
    """Find where a variable is read on a way on which nothing has set it."""
    collected = {s.variable for s in flow.steps.values() if isinstance(s, CollectStep)}
    later = {name for name, each in flow.variables.items() if each.is_later}
    for variable in sorted(collected - flow.variables.keys() | later):

        def ways(step: Step, variable: str = variable) -> Iterable[str]:
            match step:
                case CollectStep(variable=set_here) if set_here == variable:
                    return (step.asking.failed,)
                case LookupStep() if variable in later:
                    return (step.not_found,)
                case VoicemailStep() if variable in later:
                    return (step.nothing,)
                case _:
                    return targets(step)

        for name in sorted(_reached(flow, ways)):
            if variable in _used(flow.steps[name]):
                what = f"{name}: {variable!r} may be unknown here"
                yield Problem(flow.source, flow.steps[name].line, what)


def _unasked(flow: Flow) -> Iterator[Problem]:
    """Find a message that may be recorded before the caller was told (PIPL art. 17)."""

    def ways(step: Step) -> Iterable[str]:
        is_notice = isinstance(step, NoteStep) and step.name == RECORDING_NOTICE
        return () if is_notice else targets(step)

    for name in sorted(_reached(flow, ways)):
        if isinstance(flow.steps[name], VoicemailStep):
            what = f"{name}: may be reached before the note {RECORDING_NOTICE!r}"
            yield Problem(flow.source, flow.steps[name].line, what)

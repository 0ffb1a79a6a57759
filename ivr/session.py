"""One call walking through one flow."""

from collections.abc import Mapping

from ivr.errors import BadVariable
from ivr.events import (
    Announced,
    AnnouncementChoice,
    Digits,
    Found,
    HungUp,
    IvrEvent,
    LeaveReason,
    LeftQueue,
    MessageKept,
    NotFound,
    NothingAnnounced,
    NothingSaid,
    PlayFinished,
    Started,
    Timeout,
    TransferEnded,
)
from ivr.flow import (
    AnnouncementStep,
    AnswerStep,
    Asking,
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
    Step,
    TransferStep,
    Variable,
    VoicemailStep,
)
from ivr.speech import prompts
from ivr.verbs import (
    BEEP,
    Announce,
    Answer,
    Enqueue,
    Gather,
    Hangup,
    Lookup,
    Note,
    Play,
    PromptRef,
    Report,
    Transfer,
    Verb,
    Voicemail,
)

MAX_VALUE = 64
"""Longest value of a variable: no ticket number or phone number is longer."""


class IvrSession:
    """The state of one call in a flow.

    Give it every event of the call and run the verbs it returns, as `ivr.verbs` says. An event
    that does not fit the present step (a key while music plays) changes nothing, returns nothing.

    Raises:
        BadVariable: if a variable that the flow needs is missing or has a value it does not know.
    """

    def __init__(self, flow: Flow, variables: Mapping[str, str] | None = None) -> None:
        self.flow = flow
        self.ended = False
        """True after `Hangup` or `HungUp`; from then on there are no more verbs."""
        self.entered: list[str] = []
        """The steps that the last event led to, in order."""
        self._variables = _checked(flow, variables or {})
        self._step: Step | None = None
        self._attempts = 0
        self._visits: dict[str, int] = {}

    def receive(self, event: IvrEvent) -> list[Verb]:
        """Return what to do next, in order; see `ivr.verbs` for how."""
        verbs: list[Verb] = []
        self.entered = []
        if self.ended:
            return verbs
        match event:
            case HungUp() | LeftQueue(reason=LeaveReason.ABANDONED):
                self.ended = True
            case Started() if self._step is None:
                self._go(self.flow.start, verbs)
            case _ if self._step is not None:
                self._answer(self._step, event, verbs)
        return verbs

    def _answer(self, step: Step, event: IvrEvent, verbs: list[Verb]) -> None:
        """Go on from the step that waits, if the event is an answer to it."""
        match step, event:
            case PlayStep(), PlayFinished():
                self._go(step.next, verbs)
            case MenuStep(), Digits(keys=keys):
                self._choose(step, keys[:1], verbs)
            case CollectStep(), Digits(keys=keys):
                self._variables[step.variable] = keys[: step.max_digits]
                self._go(step.next, verbs)
            case ((MenuStep(asking=asking) | CollectStep(asking=asking)), Timeout()):
                self._ask_again(step, asking, asking.silence, verbs)
            case AnnouncementStep(), Announced() | NothingAnnounced():
                self._go(_after(step, event), verbs)
            case LookupStep() | VoicemailStep() | EnqueueStep() | TransferStep(), _:
                self._go_on(step, event, verbs)

    def _go_on(self, step: Step, event: IvrEvent, verbs: list[Verb]) -> None:
        """Go on from a step that the application carries out."""
        match step, event:
            case LookupStep(), Found(values=values):
                self._learn(values)
                self._go(step.found, verbs)
            case LookupStep(), NotFound():
                self._go(step.not_found, verbs)
            case VoicemailStep(), MessageKept(values=values):
                self._learn(values)
                self._go(step.kept, verbs)
            case VoicemailStep(), NothingSaid():
                self._go(step.nothing, verbs)
            case EnqueueStep(), LeftQueue(reason=reason):
                self._go(step.outcomes.get(reason, step.outcomes[LeaveReason.OVERFLOW]), verbs)
            case TransferStep(), TransferEnded(is_answered=is_answered):
                self._go(step.answered if is_answered else step.failed, verbs)

    def _learn(self, values: Mapping[str, str]) -> None:
        self._variables.update(_checked(self.flow, {**self._variables, **values}))

    def _choose(self, step: MenuStep, key: str, verbs: list[Verb]) -> None:
        """Follow a key of a menu, or ask again."""
        if key not in step.keys:
            self._ask_again(step, step.asking, step.asking.wrong, verbs)
            return
        if step.report is not None:
            verbs.append(Report(step.report, key))
        self._go(step.keys[key], verbs)

    def _ask_again(
        self,
        step: MenuStep | CollectStep,
        asking: Asking,
        remark: tuple[Speech, ...],
        verbs: list[Verb],
    ) -> None:
        """Repeat the question after a remark, or give up after the last attempt."""
        self._attempts += 1
        if self._attempts > asking.repeats:
            self._go(asking.failed, verbs)
        else:
            self._ask(step, remark, verbs)

    def _ask(
        self, step: MenuStep | CollectStep, remark: tuple[Speech, ...], verbs: list[Verb]
    ) -> None:
        """Say the question and wait for keys."""
        asking = step.asking
        verbs.append(Play(self._say((*remark, *asking.say)), interruptible=True))
        if isinstance(step, MenuStep):
            verbs.append(Gather(1, asking.timeout))
        else:
            verbs.append(Gather(step.max_digits, asking.timeout, step.finish_on))

    def _go(self, name: str, verbs: list[Verb]) -> None:
        """Walk from step to step until one waits for an event or the call ends.

        This ends for every flow that `checks.py` passes: its steps that do not wait form no loop.
        """
        target: str | None = name
        while target is not None:
            self._step = self.flow.steps[target]
            self.entered.append(target)
            target = self._enter(target, self._step, verbs)

    def _enter(self, name: str, step: Step, verbs: list[Verb]) -> str | None:
        """Do what a step does on arrival; return the step that follows at once, if one does."""
        match step:
            case AnswerStep():
                verbs.append(Answer())
                return step.next
            case NoteStep():
                verbs.append(Note(step.name, step.value))
                return step.next
            case BranchStep():
                value = self._variables.get(step.variable, "")
                return step.cases.get(value, step.otherwise)
            case MenuStep() | CollectStep():
                return self._arrive(name, step, verbs)
            case PlayStep():
                verbs.append(Play(self._say(step.say), step.interruptible))
            case AnnouncementStep():
                verbs.append(Announce())
            case LookupStep() | VoicemailStep() | EnqueueStep() | TransferStep():
                verbs += self._wishes(step)
            case HangupStep():
                verbs.append(Hangup())
                self.ended = True
        return None

    def _wishes(
        self, step: LookupStep | VoicemailStep | EnqueueStep | TransferStep
    ) -> tuple[Verb, ...]:
        """Return what the application is asked for."""
        match step:
            case LookupStep():
                keys = tuple(self._variables[name] for name in step.variables)
                return (Lookup(step.what, keys),)
            case VoicemailStep():
                asking = Play((*self._say(step.say), BEEP), interruptible=False)
                return (asking, Voicemail(step.limit, step.silence, step.finish_on))
            case EnqueueStep():
                return (_enqueue(step),)
            case TransferStep():
                return (Transfer(step.to, step.key, step.music),)

    def _arrive(self, name: str, step: MenuStep | CollectStep, verbs: list[Verb]) -> str | None:
        """Ask for the first time on this visit, unless the caller has come here too often."""
        self._visits[name] = self._visits.get(name, 0) + 1
        if step.asking.visits is not None and self._visits[name] > step.asking.visits:
            return step.asking.failed
        self._attempts = 0
        self._ask(step, (), verbs)
        return None

    def _say(self, say: tuple[Speech, ...]) -> tuple[PromptRef, ...]:
        return prompts(say, self._variables, self.flow.digit_one)


def _after(step: AnnouncementStep, event: Announced | NothingAnnounced) -> str:
    if isinstance(event, NothingAnnounced):
        return step.off
    return step.enough if event.choice is AnnouncementChoice.ENOUGH else step.heard


def _enqueue(step: EnqueueStep) -> Enqueue:
    return Enqueue(
        step.queue,
        step.music,
        can_call_back=LeaveReason.CALL_BACK in step.outcomes,
        needs=step.needs,
        priority=step.priority,
    )


def _checked(flow: Flow, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with defaults filled in, or refuse them."""
    checked = dict(given)
    for name, variable in flow.variables.items():
        value = given.get(name, variable.default)
        if value is None and variable.is_later:
            continue
        if value is None:
            raise BadVariable(flow.name, name, "missing")
        checked[name] = _checked_value(flow, name, variable, value)
    return checked


def _checked_value(flow: Flow, name: str, variable: Variable, value: str) -> str:
    if variable.values and value not in variable.values:
        raise BadVariable(flow.name, name, f"must be one of {', '.join(variable.values)}")
    is_number = value.isascii() and value.isdigit() and len(value) <= MAX_VALUE
    if not variable.values and not is_number:
        raise BadVariable(flow.name, name, f"must be 1 to {MAX_VALUE} digits")
    return value

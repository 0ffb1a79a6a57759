"""A flow walked in the terminal by a caller who is made up: what is said, pressed and asked."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ivr.events import (
    Announced,
    AnnouncementChoice,
    Digits,
    Found,
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
from ivr.flow import Flow
from ivr.session import IvrSession
from ivr.verbs import (
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

SILENCE = "-"
"""Written among the keys: nothing is pressed this time."""

MOST_EVENTS = 500
"""Every checked flow ends long before."""

PLAIN: Mapping[type[IvrEvent], str] = {
    Timeout: "nothing pressed",
    NotFound: "not found",
    MessageKept: "a message was left",
    NothingSaid: "nothing was said",
    NothingAnnounced: "no announcement is on",
}

MESSAGE_TOLD = {"message_number": "20260101000001", "message_code": "000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCaller:
    """What the caller does, and what the house answers."""

    keys: tuple[str, ...] = ()
    """At each question in turn; `SILENCE`, and whatever is missing at the end, is silence."""
    variables: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    """What every lookup finds; empty: nothing."""
    queue: LeaveReason = LeaveReason.ANSWERED
    speaks: bool = True
    """Whether a message is left after the tone."""
    is_reached: bool = True
    """Whether transfers are answered."""
    announcement: AnnouncementChoice | None = None
    """An announcement is on, and what the caller wants after it; None: none is on."""


def walk(flow: Flow, caller: SyntheticCaller, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each step and each thing that happens in it; `texts` are the prompts'.

    Raises:
        BadVariable: if the flow needs a variable that the caller does not bring.
    """
    session = IvrSession(flow, caller.variables)
    keys = deque(caller.keys)
    event: IvrEvent | None = Started()
    for _ in range(MOST_EVENTS):
        if event is None:
            return
        verbs = session.receive(event)
        yield f"[{' > '.join(session.entered)}]"
        for verb in verbs:
            yield f"    {describe(verb, texts)}"
        event = _answer(verbs[-1], keys, caller)
        if event is not None and not isinstance(event, PlayFinished):
            yield f"  < {_told(event)}"


def describe(verb: Verb, texts: Mapping[str, str]) -> str:
    """Return one verb in words."""
    match verb:
        case Play(prompts=prompts):
            return f"say      {_spoken(prompts, texts)}"
        case Gather(max_digits=most, timeout=timeout, finish_on=last):
            until = f", or {last}" if last else ""
            return f"wait     for up to {most} keys{until}, {timeout.total_seconds():g} s"
        case Lookup() | Enqueue() | Voicemail() | Transfer():
            return _asked(verb)
        case Note(name=name, value=value):
            return f"note     {name} {value}"
        case Report(question=question, value=value):
            return f"keep     {question} = {value}"
        case Answer():
            return "answer"
        case Announce():
            return "announce what is switched on"
        case Hangup():
            return "hang up"


def _asked(verb: Lookup | Enqueue | Voicemail | Transfer) -> str:
    match verb:
        case Lookup(what=what, keys=keys):
            return f"look up  {what} {' '.join(keys)}"
        case Enqueue():
            needs = "".join(f" {skill}>={level}" for skill, level in verb.needs.items())
            priority = f" priority {verb.priority}" if verb.priority else ""
            return f"queue    {verb.queue}{needs}{priority}"
        case Voicemail(limit=limit, silence=silence):
            longest, pause = limit.total_seconds(), silence.total_seconds()
            return f"record   up to {longest:g} s, until {pause:g} s of silence"
        case Transfer(to=to, key=key):
            return f"connect  {to} {key}"


def _spoken(prompts: Iterable[PromptRef], texts: Mapping[str, str]) -> str:
    return "".join(texts.get(prompt, f"<{prompt}>") for prompt in prompts)


def _answer(verb: Verb, keys: deque[str], caller: SyntheticCaller) -> IvrEvent | None:
    """Return what the caller, or the house, answers to the last verb."""
    match verb:
        case Play():
            return PlayFinished()
        case Gather():
            pressed = keys.popleft() if keys else SILENCE
            return Timeout() if pressed == SILENCE else Digits(pressed)
        case Lookup():
            return Found(caller.found) if caller.found else NotFound()
        case Enqueue():
            return LeftQueue(caller.queue)
        case Voicemail():
            return MessageKept(MESSAGE_TOLD) if caller.speaks else NothingSaid()
        case Transfer():
            return TransferEnded(caller.is_reached)
        case Announce():
            on = caller.announcement
            return NothingAnnounced() if on is None else Announced(on)
        case _:
            return None


def _told(event: IvrEvent) -> str:
    match event:
        case Digits(keys=keys):
            return f"pressed {keys}"
        case Found(values=values):
            return f"found {', '.join(f'{name}={value}' for name, value in values.items())}"
        case LeftQueue(reason=reason):
            return f"left the queue: {reason}"
        case Announced(choice=choice):
            return f"heard the announcement: {choice}"
        case TransferEnded(is_answered=is_answered):
            return "talked, and hung up" if is_answered else "nobody answered"
        case _:
            return PLAIN[type(event)]

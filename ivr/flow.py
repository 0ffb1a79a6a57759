"""The shape of a flow: named steps, each of one kind, each naming the steps that may follow."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from ivr.events import LeaveReason
from ivr.verbs import PromptRef, TransferTo

MUSIC = PromptRef("music")
"""What is played in a queue unless the flow names something else."""


class SpeechKind(StrEnum):
    """How a piece of speech becomes prompts."""

    PROMPT = "prompt"
    """One prompt file."""
    DIGITS = "digits"
    """Digit by digit: a ticket number."""
    NUMBER = "number"
    """As a quantity: `12` is "twelve"."""
    COUNT = "count"
    """As a quantity before a measure word: `2` is 两 and not 二."""
    DATE = "date"
    """A day, written `20260214`."""
    MONEY = "money"
    """An amount in fen (分): `205` is two yuan and five fen."""


@dataclass(frozen=True, slots=True)
class Speech:
    """One piece of what is said; `{name}` in the template stands for a variable."""

    kind: SpeechKind
    template: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that is given to the session from outside."""

    values: tuple[str, ...] = ()
    """The values allowed; empty: any digits."""
    default: str | None = None
    is_later: bool = False
    """Known only once a lookup has found it, or a message was kept."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class AnswerStep:
    """Answer the call."""

    next: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class PlayStep:
    """Say something."""

    say: tuple[Speech, ...]
    next: str
    interruptible: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class NoteStep:
    """Log a fact about the call."""

    name: str
    value: str
    next: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class BranchStep:
    """Go on by the value of a variable."""

    variable: str
    cases: Mapping[str, str]
    otherwise: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Asking:
    """How often and how long to ask."""

    say: tuple[Speech, ...]
    failed: str
    """Where it goes on when every attempt was in vain."""
    wrong: tuple[Speech, ...] = ()
    """Said before asking again after a wrong key."""
    silence: tuple[Speech, ...] = ()
    """Said before asking again after silence."""
    timeout: timedelta = timedelta(seconds=5)
    repeats: int = 2
    """How often the question is asked again."""
    visits: int | None = None
    """How often a caller may come to this step; then it goes on at `failed`."""


@dataclass(frozen=True, slots=True)
class MenuStep:
    """Ask for one key; with `report`, the key is the answer to a question."""

    asking: Asking
    keys: Mapping[str, str]
    report: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class CollectStep:
    """Ask for several keys and keep them as a variable."""

    asking: Asking
    variable: str
    max_digits: int
    next: str
    finish_on: str = "#"
    line: int = 0


@dataclass(frozen=True, slots=True)
class LookupStep:
    """Ask the application about the values of variables."""

    what: str
    variables: tuple[str, ...]
    found: str
    not_found: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class EnqueueStep:
    """Wait for a person."""

    queue: str
    outcomes: Mapping[LeaveReason, str]
    """Where it goes on after ANSWERED, NO_SEATS and OVERFLOW; CALL_BACK only if it is offered."""
    music: PromptRef = MUSIC
    needs: Mapping[str, int] = field(default_factory=dict)
    """Skill to level, beside those that the queue itself asks for."""
    priority: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class VoicemailStep:
    """Ask for a message, sound the tone, and keep what is said (留言)."""

    say: tuple[Speech, ...]
    kept: str
    nothing: str
    """Where it goes on when nothing was said."""
    limit: timedelta = timedelta(minutes=2)
    silence: timedelta = timedelta(seconds=5)
    """The message is over after so much silence."""
    finish_on: str = "#"
    line: int = 0


@dataclass(frozen=True, slots=True)
class TransferStep:
    """Connect with a queue, a seat, or an entry of the directory; never with any other number."""

    to: TransferTo
    key: str
    answered: str
    failed: str
    music: PromptRef = MUSIC
    line: int = 0


@dataclass(frozen=True, slots=True)
class AnnouncementStep:
    """Play the incident announcement (突发事件公告), only while a shift leader has one on."""

    off: str
    """Where it goes on when none is on."""
    heard: str
    """After it was heard: a person is wanted, or nothing was asked."""
    enough: str
    """The caller leaves it at that."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class HangupStep:
    """End the call."""

    line: int = 0


Step: TypeAlias = (
    AnswerStep
    | PlayStep
    | NoteStep
    | BranchStep
    | MenuStep
    | CollectStep
    | LookupStep
    | EnqueueStep
    | VoicemailStep
    | TransferStep
    | AnnouncementStep
    | HangupStep
)


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow; `version` goes into the call's log, `language` picks the folder of prompts."""

    name: str
    version: str
    language: str
    start: str
    steps: Mapping[str, Step]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    digit_one: str = "yao"
    """How the digit 1 is said in a row of digits: `yao` (幺, as on the telephone) or `yi` (一)."""
    source: str = ""
    text: str = field(default="", repr=False)
    """What was read."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text: what calls keep of the flow that they walked through."""
        return hashlib.sha256(self.text.encode()).hexdigest()

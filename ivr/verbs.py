"""What a session asks the call to do; the words are jambonz's where it has one.

How to run a list of verbs: in order, one after the other. `Answer`, `Note` and `Report` take no
time and are answered by nothing. Only the **last** verb is answered, by exactly one event:

- `Play`     by `PlayFinished`
- `Gather`   by `Digits` or `Timeout`
- `Lookup`   by `Found` or `NotFound`
- `Enqueue`  by `LeftQueue`
- `Voicemail` by `MessageKept` or `NothingSaid`
- `Transfer` by `TransferEnded`
- `Announce` by `Announced` or `NothingAnnounced`
- `Hangup`   by nothing: the session has ended

A `Play` before another verb is answered by nothing. When it is interruptible, a key stops it and
counts as the first key of the `Gather` behind it; the time limit of a `Gather` starts when the
`Play` has ended. Keys pressed during a `Play` that is not interruptible are dropped. A caller who
hangs up is reported by `HungUp` at any moment, instead of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NewType, TypeAlias

PromptRef = NewType("PromptRef", str)
"""The name of one prompt file, without language folder and ending: `thanks`, `digit_7`."""

RECORDING_NOTICE = "recording_notice"
"""Name of the `Note` that says the notice was heard in full: recording may begin (PIPL art. 17)."""


CALL_BACK_OFFER = PromptRef("call_back_offer")
"""Says that `CALL_BACK_KEY` asks for a call instead of waiting (预约回拨)."""

CALL_BACK_KEY = "1"

CALL_BACK_OFFER_NUMBER = PromptRef("call_back_offer_number")
"""The same for whoever withholds the number, and keys one in then."""

CALL_BACK_ASK = PromptRef("call_back_ask_number")
CALL_BACK_KEYED = PromptRef("call_back_keyed")
"""Before the digits of the number are read back."""

CALL_BACK_CONFIRM = PromptRef("call_back_confirm")
"""Says that `CALL_BACK_KEY` confirms the number."""

CALL_BACK_WRONG = PromptRef("call_back_wrong_number")
"""The number is none that we ring."""

CALL_BACK_PROMPTS = (
    CALL_BACK_OFFER,
    CALL_BACK_OFFER_NUMBER,
    CALL_BACK_ASK,
    CALL_BACK_KEYED,
    CALL_BACK_CONFIRM,
    CALL_BACK_WRONG,
)
"""What a queue says beside digits, where a call instead of waiting is offered."""

ANNOUNCEMENT_CHOICE = PromptRef("announcement_choice")
"""Says what the keys behind an announcement do: `AnnouncementChoice.of_key`."""

BEEP = PromptRef("beep")
"""The tone after which a message is recorded."""


class TransferTo(StrEnum):
    """Whom a flow may connect a caller with; numbers are not among them."""

    QUEUE = "queue"  # 队列
    SEAT = "seat"  # 坐席: its extension
    DEPARTMENT = "department"  # 部门: its key in the directory
    EMERGENCY = "emergency"  # 紧急服务: 110, 119, 120, 122


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the call; nothing can be heard before."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play prompts one after the other."""

    prompts: tuple[PromptRef, ...]
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect keys until `max_digits`, the key `finish_on` (not reported), or silence."""

    max_digits: int
    timeout: timedelta
    """Longest silence before the first key, and between two keys."""
    finish_on: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask the application, for example `Lookup("ticket", ("20260214000017", "123456"))`."""

    what: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait in a queue, with music, until the talk with a seat is over, or nobody can come."""

    queue: str
    music: PromptRef
    can_call_back: bool = False
    """A key, named by `CALL_BACK_OFFER`, asks for a call instead of waiting."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """Skill to level that a seat must have."""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Record what the caller says until silence, the limit, a key, or the end of the call."""

    limit: timedelta
    silence: timedelta
    finish_on: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Connect the caller until whoever answered hangs up."""

    to: TransferTo
    key: str
    music: PromptRef


@dataclass(frozen=True, slots=True)
class Announce:
    """Play the announcement that is switched on, and ask what it offers; nothing if none is on."""


@dataclass(frozen=True, slots=True)
class Report:
    """Store the answer to a question at once: the caller may hang up before the next one."""

    question: str
    value: str


@dataclass(frozen=True, slots=True)
class Note:
    """Log a fact about the call, such as the version of the recording notice that was played."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Verb: TypeAlias = (
    Answer
    | Play
    | Gather
    | Lookup
    | Enqueue
    | Voicemail
    | Transfer
    | Announce
    | Report
    | Note
    | Hangup
)

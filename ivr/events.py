"""What a call tells a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class LeaveReason(StrEnum):
    """Why a caller left a queue."""

    ANSWERED = "answered"  # 已应答: a seat answered, and the talk is over
    ABANDONED = "abandoned"  # 放弃: the caller hung up while waiting
    NO_SEATS = "no_seats"  # 无坐席: nobody is signed in
    OVERFLOW = "overflow"  # 溢出: the queue is full, or the wait was too long
    CALL_BACK = "call_back"  # 预约回拨: wants to be rung when the place has come


class AnnouncementChoice(StrEnum):
    """What a caller who heard an announcement wants."""

    NONE = "none"  # 未选择: nothing was asked, or no key was pressed
    ENOUGH = "enough"  # 已了解: leaves it at that
    PERSON = "person"  # 转人工


@dataclass(frozen=True, slots=True)
class Started:
    """The call is there; the first event of every session."""


@dataclass(frozen=True, slots=True)
class PlayFinished:
    """The last prompt has ended."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The keys pressed, `0`-`9`, `*`, `#`, `A`-`D`, at least one."""

    keys: str


@dataclass(frozen=True, slots=True)
class Timeout:
    """No key was pressed in time."""


@dataclass(frozen=True, slots=True)
class Found:
    """The application knows the key; `values` become variables of the session."""

    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotFound:
    """The application does not know the key, or cannot look now."""


@dataclass(frozen=True, slots=True)
class LeftQueue:
    """The caller is out of the queue."""

    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class MessageKept:
    """A message was recorded; `values` become variables of the session."""

    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """Nothing was heard after the tone, or it could not be kept."""


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The caller has talked with whom the flow named, or nobody could be reached."""

    is_answered: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """The announcement was heard."""

    choice: AnnouncementChoice = AnnouncementChoice.NONE


@dataclass(frozen=True, slots=True)
class NothingAnnounced:
    """No announcement is on, or it cannot be read now."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The other side is gone."""


IvrEvent: TypeAlias = (
    Started
    | PlayFinished
    | Digits
    | Timeout
    | Found
    | NotFound
    | LeftQueue
    | MessageKept
    | NothingSaid
    | TransferEnded
    | Announced
    | NothingAnnounced
    | HungUp
)

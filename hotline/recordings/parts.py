"""The parts of a recorded call: which stretch is announcement, waiting, talk, hold, transfer.

Pure: what happened in the call goes in, stretches of the recording come out. A recording keeps in
step with time, so an instant of the call is a place in its sound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class PartKind(StrEnum):
    """What the person outside hears."""

    ANNOUNCEMENT = "announcement"  # 语音导航
    WAITING = "waiting"  # 排队等待
    TALK = "talk"  # 通话
    HOLD = "hold"  # 保持
    TRANSFER = "transfer"  # 转接、咨询
    JOINED = "joined"  # 三方通话
    PARKED = "parked"  # 停泊


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a recording, from its beginning."""

    kind: PartKind
    begin: timedelta
    end: timedelta


BEGINS: Final[Mapping[str, PartKind]] = MappingProxyType(
    {
        "answered": PartKind.ANNOUNCEMENT,
        "left_queue": PartKind.ANNOUNCEMENT,
        "enqueued": PartKind.WAITING,
        "connected": PartKind.TALK,
        "handed_over": PartKind.TALK,
        "held": PartKind.HOLD,
        "page_lost": PartKind.HOLD,
        "resumed": PartKind.TALK,
        "page_back": PartKind.TALK,
        "transfer_asked": PartKind.TRANSFER,
        "transfer_joined": PartKind.JOINED,
        "transfer_ended": PartKind.TALK,
        "parked": PartKind.PARKED,
        "unparked": PartKind.TALK,
    }
)
"""What each kind of event of a call begins; the others change nothing that is heard."""

SHORTEST: Final = timedelta(milliseconds=100)
"""Two events of one step are some milliseconds apart; that is no part."""


def parts_of(
    happened: Iterable[tuple[datetime, str]], *, began: datetime, lasts: timedelta
) -> tuple[Part, ...]:
    """Return the parts of a recording, first to last, without gaps, from start to end.

    `happened` is every event of the call in order, `began` the recording's first instant.
    """
    parts: list[Part] = []
    kind, begin = PartKind.ANNOUNCEMENT, timedelta(0)
    marks = [(at - began, BEGINS[what]) for at, what in happened if what in BEGINS]
    for place, following in [*marks, (lasts, None)]:
        end = min(max(place, timedelta(0)), lasts)
        if following is kind:
            continue
        if end - begin >= SHORTEST:
            parts.append(Part(kind, begin, end))
            begin = end
        if following is not None:
            kind = following
    return _joined(parts)


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Return neighbours of one kind as one part."""
    joined: list[Part] = []
    for part in parts:
        if joined and joined[-1].kind is part.kind:
            joined[-1] = Part(part.kind, joined[-1].begin, part.end)
        else:
            joined.append(part)
    return tuple(joined)

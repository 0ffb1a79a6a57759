"""The kinds of difference between tickets and cases."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Trouble(StrEnum):
    """What was found."""

    NOT_SENT = "not_sent"  # 已转办，但未送案卷系统
    NOT_ANSWERED = "not_answered"  # 已送出，但长时间无回执
    NOT_HEARD = "not_heard"  # 案卷系统有进展，但未收到
    NOT_MATCHED = "not_matched"  # 消息早于对应关系到达
    NOT_TOLD = "not_told"  # 案卷已结束，但工单仍在办
    NOT_REACHABLE = "not_reachable"  # 案卷系统无应答
    STATE_DIFFERS = "state_differs"  # 两边状态不一致
    NOT_OURS = "not_ours"  # 案卷系统有案卷，本系统无对应工单
    NOT_THERE = "not_there"  # 本系统收到过进展，案卷系统已无此案卷


COMPARED: Final = frozenset({Trouble.STATE_DIFFERS, Trouble.NOT_OURS, Trouble.NOT_THERE})
"""What only the comparison of both sides finds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was stuck or differs, and whether it moves again."""

    trouble: Trouble
    what: str
    """The ticket and round, the case and round, or the message."""
    repaired: bool
    reason: str

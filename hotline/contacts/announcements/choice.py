"""What callers choose behind an announcement, and when it counts as their answer."""

from datetime import datetime, timedelta
from enum import StrEnum

ANSWERS_WITHIN = timedelta(seconds=60)
"""Who hangs up so soon after the announcement had what they called for; who waits longer wants a
person, and counts as anybody else who waits."""


class Choice(StrEnum):
    """What a caller did behind an announcement."""

    NONE = "none"  # 未选择
    ENOUGH = "enough"  # 已了解
    PERSON = "person"  # 转人工


def is_answer(choice: Choice, heard_at: datetime | None, ended_at: datetime) -> bool:
    """Say whether a call that nobody answered counts as answered by its announcement.

    Not if a person was asked for. `heard_at` is None while it is being played.
    """
    if choice is Choice.PERSON:
        return False
    return heard_at is None or choice is Choice.ENOUGH or ended_at - heard_at <= ANSWERS_WITHIN

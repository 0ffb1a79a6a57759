"""When an announcement was what a caller had called for."""

from datetime import UTC, datetime, timedelta

import pytest

from hotline.contacts.announcements.choice import ANSWERS_WITHIN, Choice, is_answer

HEARD = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
SOON, LATE = HEARD + ANSWERS_WITHIN, HEARD + ANSWERS_WITHIN + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("choice", "heard_at", "ended_at", "answers"),
    [
        pytest.param(Choice.NONE, None, HEARD, True, id="hangs up while it plays"),
        pytest.param(Choice.NONE, HEARD, SOON, True, id="hangs up soon after"),
        pytest.param(Choice.NONE, HEARD, LATE, False, id="waits on for a person"),
        pytest.param(Choice.ENOUGH, HEARD, LATE, True, id="leaves it at that"),
        pytest.param(Choice.PERSON, HEARD, SOON, False, id="asks for a person"),
    ],
)
def test_who_asks_for_nothing_more_was_answered(
    choice: Choice, heard_at: datetime | None, ended_at: datetime, answers: bool
) -> None:
    assert is_answer(choice, heard_at, ended_at) is answers

"""The life of a task."""

import pytest

from case_bridge.field.states import TASK, TaskState, TaskTrigger
from hotline.kernel.errors import IllegalTransition

S, T = TaskState, TaskTrigger


def test_a_task_may_change_hands_until_it_is_done() -> None:
    assert TASK.replay([T.ASSIGN, T.ASSIGN, T.SUBMIT]) is S.DONE


@pytest.mark.parametrize("trigger", TaskTrigger)
def test_a_task_that_is_done_stays_done(trigger: TaskTrigger) -> None:
    with pytest.raises(IllegalTransition):
        TASK.next(S.DONE, trigger)


def test_the_table_draws_itself() -> None:
    assert "    open --> done: submit\n" in TASK.as_mermaid()

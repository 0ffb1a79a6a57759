"""The life of an inspector's task."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"  # 待办
    DONE = "done"  # 已完成


class TaskTrigger(StrEnum):
    """What moves a task."""

    ASSIGN = "assign"  # 指派
    SUBMIT = "submit"  # 回传结果


TASK: Machine[TaskState, TaskTrigger] = Machine(
    "task",
    TaskState.OPEN,
    {
        (TaskState.OPEN, TaskTrigger.ASSIGN): TaskState.OPEN,
        (TaskState.OPEN, TaskTrigger.SUBMIT): TaskState.DONE,
    },
)

"""The life of one version of a standard."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class StandardState(StrEnum):
    """Where a version stands."""

    CHECKED = "checked"  # 已校验
    SCHEDULED = "scheduled"  # 待生效
    IN_FORCE = "in_force"  # 现行
    REPLACED = "replaced"  # 已停用


class StandardTrigger(StrEnum):
    """What moves a version."""

    SCHEDULE = "schedule"  # 排期
    WITHDRAW = "withdraw"  # 取消排期
    ACTIVATE = "activate"  # 启用
    REPLACE = "replace"  # 被替换


S = StandardState
T = StandardTrigger

STANDARD: Machine[StandardState, StandardTrigger] = Machine(
    "standard",
    S.CHECKED,
    {
        (S.CHECKED, T.SCHEDULE): S.SCHEDULED,
        (S.CHECKED, T.ACTIVATE): S.IN_FORCE,
        (S.SCHEDULED, T.SCHEDULE): S.SCHEDULED,  # another day
        (S.SCHEDULED, T.WITHDRAW): S.CHECKED,
        (S.SCHEDULED, T.ACTIVATE): S.IN_FORCE,
        (S.IN_FORCE, T.REPLACE): S.REPLACED,
        (S.REPLACED, T.ACTIVATE): S.IN_FORCE,  # 回退, or chosen again
        (S.REPLACED, T.SCHEDULE): S.SCHEDULED,
    },
)

"""First solve it, then say who is responsible, then settle the money (003 a20; 002i a10)."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hotline.kernel.machine import Machine


class Step(StrEnum):
    """What is to be done next."""

    SOLVE = "solve"  # 先解决问题
    RESPONSIBILITY = "responsibility"  # 后分清责任
    MONEY = "money"  # 再落实（追缴）经费
    DONE = "done"  # 已落实


class StepTrigger(StrEnum):
    """What leads on."""

    SOLVED = "solved"  # 已处置
    DECIDE = "decide"  # 责任明确
    RECOVER = "recover"  # 追缴
    SETTLE = "settle"  # 经费落实


STEPS: Final = Machine(
    "extraordinary problem",
    Step.SOLVE,
    MappingProxyType(
        {
            (Step.SOLVE, StepTrigger.SOLVED): Step.RESPONSIBILITY,
            (Step.RESPONSIBILITY, StepTrigger.DECIDE): Step.MONEY,
            (Step.MONEY, StepTrigger.RECOVER): Step.MONEY,
            (Step.MONEY, StepTrigger.SETTLE): Step.DONE,
        }
    ),
)
"""No step can be taken before the one in front of it."""

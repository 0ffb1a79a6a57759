"""The life of a reward (奖励)."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class RewardState(StrEnum):
    """Where a reward stands."""

    PROPOSED = "proposed"  # 待审批
    APPROVED = "approved"  # 已批准，待领取
    REFUSED = "refused"  # 未批准
    PAID = "paid"  # 已发放


class RewardTrigger(StrEnum):
    """What moves a reward."""

    APPROVE = "approve"  # 批准
    REFUSE = "refuse"  # 不批准
    PAY = "pay"  # 发放


REWARD: Machine[RewardState, RewardTrigger] = Machine(
    "reward",
    RewardState.PROPOSED,
    {
        (RewardState.PROPOSED, RewardTrigger.APPROVE): RewardState.APPROVED,
        (RewardState.PROPOSED, RewardTrigger.REFUSE): RewardState.REFUSED,
        (RewardState.APPROVED, RewardTrigger.PAY): RewardState.PAID,
    },
)
"""Nothing leads back: what was refused stays refused, what was paid stays paid."""

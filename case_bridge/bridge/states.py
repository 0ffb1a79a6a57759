"""The crossing of one round of one ticket into a case system.

Messages from a platform may be lost on the way and found again by reconciliation, so every later
message is legal from every earlier state; what contradicts (a refusal of a filed case, a closing
after a refusal) is not in the table.
"""

from enum import StrEnum

from hotline.kernel.machine import Machine


class CrossingState(StrEnum):
    """Where the crossing stands."""

    PENDING = "pending"  # 待送出
    SUBMITTED = "submitted"  # 已送达
    FAILED = "failed"  # 送出失败
    DECLINED = "declined"  # 不予立案
    FILED = "filed"  # 已立案
    IN_HAND = "in_hand"  # 办理中
    CHECKING = "checking"  # 核查中
    DONE = "done"  # 已结案
    VOIDED = "voided"  # 已作废


class CrossingTrigger(StrEnum):
    """What moves a crossing."""

    SUBMIT = "submit"  # 送达
    FAIL = "fail"  # 拒收
    RETRY = "retry"  # 重送
    FILE = "file"  # 立案
    DECLINE = "decline"  # 不予立案
    DISPATCH = "dispatch"  # 派遣
    RETURN = "return"  # 责任单位退回
    HANDLE = "handle"  # 反馈
    REWORK = "rework"  # 返工
    CLOSE = "close"  # 结案
    VOID = "void"  # 作废
    RELINK = "relink"  # 并案、拆案


S = CrossingState
T = CrossingTrigger

CROSSING: Machine[CrossingState, CrossingTrigger] = Machine(
    "crossing",
    S.PENDING,
    {
        (S.PENDING, T.SUBMIT): S.SUBMITTED,
        (S.PENDING, T.FAIL): S.FAILED,
        (S.FAILED, T.RETRY): S.PENDING,
        (S.VOIDED, T.RETRY): S.PENDING,  # 更正后重新转办
        (S.SUBMITTED, T.FILE): S.FILED,
        (S.SUBMITTED, T.DECLINE): S.DECLINED,
        (S.SUBMITTED, T.DISPATCH): S.IN_HAND,
        (S.SUBMITTED, T.RETURN): S.FILED,
        (S.SUBMITTED, T.HANDLE): S.CHECKING,
        (S.SUBMITTED, T.REWORK): S.IN_HAND,
        (S.SUBMITTED, T.CLOSE): S.DONE,
        (S.SUBMITTED, T.VOID): S.VOIDED,
        (S.FILED, T.DISPATCH): S.IN_HAND,
        (S.FILED, T.RETURN): S.FILED,
        (S.FILED, T.HANDLE): S.CHECKING,
        (S.FILED, T.REWORK): S.IN_HAND,
        (S.FILED, T.CLOSE): S.DONE,
        (S.FILED, T.VOID): S.VOIDED,
        (S.IN_HAND, T.DISPATCH): S.IN_HAND,
        (S.IN_HAND, T.RETURN): S.FILED,
        (S.IN_HAND, T.HANDLE): S.CHECKING,
        (S.IN_HAND, T.REWORK): S.IN_HAND,
        (S.IN_HAND, T.CLOSE): S.DONE,
        (S.IN_HAND, T.VOID): S.VOIDED,
        (S.CHECKING, T.DISPATCH): S.IN_HAND,
        (S.CHECKING, T.RETURN): S.FILED,
        (S.CHECKING, T.HANDLE): S.CHECKING,
        (S.CHECKING, T.REWORK): S.IN_HAND,
        (S.CHECKING, T.CLOSE): S.DONE,
        (S.CHECKING, T.VOID): S.VOIDED,
        # Another case answers for it from now on, and is heard from its first message.
        (S.SUBMITTED, T.RELINK): S.SUBMITTED,
        (S.FILED, T.RELINK): S.SUBMITTED,
        (S.IN_HAND, T.RELINK): S.SUBMITTED,
        (S.CHECKING, T.RELINK): S.SUBMITTED,
    },
)

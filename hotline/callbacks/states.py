"""The callback's machine (回访)."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class CallbackState(StrEnum):
    """Where the asking of one complainant stands."""

    SCHEDULED = "scheduled"  # 待回访
    ATTEMPTING = "attempting"  # 回访中
    UNKNOWN = "unknown"  # 上次结果不明，将重复一次
    AWAITING = "awaiting"  # 已送达，等待评价
    ANSWERED = "answered"  # 已评价
    NOT_REACHED = "not_reached"  # 未联系上
    CANCELLED = "cancelled"  # 取消（工单已重新办理）


class CallbackTrigger(StrEnum):
    """What can happen to a callback."""

    ATTEMPT = "attempt"  # 拨打 / 发送
    MISS = "miss"  # 未接通，换时间或方式
    LOSE = "lose"  # 结果不明
    ASK = "ask"  # 已送达
    ANSWER = "answer"  # 诉求人评价
    GIVE_UP = "give_up"  # 如实记为未联系上
    CANCEL = "cancel"  # 取消


class Question(StrEnum):
    """What every complainant is asked."""

    SOLVED = "solved"  # 是否解决: 1 是, 2 否
    SATISFACTION = "satisfaction"  # 满意度: 1 非常满意 2 满意 3 基本满意 4 不满意 5 非常不满意


class AttemptResult(StrEnum):
    """What came of one attempt."""

    ANSWERED = "answered"  # 接通
    BUSY = "busy"  # 忙
    NO_ANSWER = "no_answer"  # 无人接听
    FAILED = "failed"  # 失败
    UNKNOWN = "unknown"  # 不明
    DELIVERED = "delivered"  # 消息已送达


class UntoldKind(StrEnum):
    """What a complainant could not be told by call or letter."""

    OUTCOME = "outcome"  # 办理结果，回访未联系上
    ANSWER = "answer"  # 直接答复未送达
    CANCELLATION = "cancellation"  # 作废通知未送达
    RECEIPT = "receipt"  # 受理回执被退回


S = CallbackState
T = CallbackTrigger

ATTEMPTED = frozenset({S.SCHEDULED, S.UNKNOWN})
"""States in which an attempt is owed."""

CALLBACK = Machine(
    "callback",
    S.SCHEDULED,
    {
        (S.SCHEDULED, T.ATTEMPT): S.ATTEMPTING,
        (S.SCHEDULED, T.ASK): S.AWAITING,  # only the status page can ask
        (S.SCHEDULED, T.GIVE_UP): S.NOT_REACHED,  # no channel of ours leads to them
        (S.SCHEDULED, T.ANSWER): S.ANSWERED,
        (S.SCHEDULED, T.CANCEL): S.CANCELLED,
        (S.ATTEMPTING, T.MISS): S.SCHEDULED,
        (S.ATTEMPTING, T.LOSE): S.UNKNOWN,
        (S.ATTEMPTING, T.ASK): S.AWAITING,
        (S.ATTEMPTING, T.ANSWER): S.ANSWERED,
        (S.ATTEMPTING, T.GIVE_UP): S.NOT_REACHED,
        (S.ATTEMPTING, T.CANCEL): S.CANCELLED,
        (S.UNKNOWN, T.ATTEMPT): S.ATTEMPTING,  # once, visibly
        (S.UNKNOWN, T.MISS): S.SCHEDULED,
        (S.UNKNOWN, T.ASK): S.AWAITING,  # it had been delivered after all
        (S.UNKNOWN, T.ANSWER): S.ANSWERED,
        (S.UNKNOWN, T.GIVE_UP): S.NOT_REACHED,
        (S.UNKNOWN, T.CANCEL): S.CANCELLED,
        (S.AWAITING, T.ANSWER): S.ANSWERED,
        (S.AWAITING, T.MISS): S.SCHEDULED,  # the letter came back
        (S.AWAITING, T.GIVE_UP): S.NOT_REACHED,
        (S.AWAITING, T.CANCEL): S.CANCELLED,
        (S.NOT_REACHED, T.ANSWER): S.ANSWERED,  # 事后补评
        (S.ANSWERED, T.ANSWER): S.ANSWERED,
    },
)

"""The machine of an outbound message."""

from enum import StrEnum

from hotline.contacts.contact import MessageState
from hotline.kernel.machine import Machine


class MessageTrigger(StrEnum):
    """What can happen to an outbound message."""

    SEND = "send"  # 开始发送
    CONFIRM = "confirm"  # 对方已接收
    POSTPONE = "postpone"  # 未发出，稍后再试
    REFUSE = "refuse"  # 对方拒收
    LOSE = "lose"  # 不知是否发出
    GIVE_UP = "give_up"  # 不再重发
    BOUNCE = "bounce"  # 退信
    WITHDRAW = "withdraw"  # 收回，不再发送


S = MessageState
T = MessageTrigger

MESSAGE = Machine(
    "message",
    S.QUEUED,
    {
        (S.QUEUED, T.SEND): S.SENDING,
        (S.QUEUED, T.WITHDRAW): S.WITHDRAWN,
        (S.SENDING, T.CONFIRM): S.SENT,
        (S.SENDING, T.POSTPONE): S.QUEUED,
        (S.SENDING, T.REFUSE): S.FAILED,
        (S.SENDING, T.LOSE): S.UNKNOWN,
        (S.UNKNOWN, T.SEND): S.SENDING,  # once, visibly
        (S.UNKNOWN, T.CONFIRM): S.SENT,  # the sender had only been slow
        (S.UNKNOWN, T.REFUSE): S.FAILED,
        (S.UNKNOWN, T.GIVE_UP): S.LOST,
        (S.SENT, T.BOUNCE): S.RETURNED,
        (S.SENDING, T.BOUNCE): S.RETURNED,  # quicker than our own note that it left
        (S.UNKNOWN, T.BOUNCE): S.RETURNED,
    },
)

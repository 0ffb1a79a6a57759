"""What becomes of bringing somebody else into a talk, and of a parked caller: two tables."""

from enum import StrEnum

from hotline.kernel.machine import Machine

DIRECT = "direct"
"""Why a seat rings that somebody named, and the queue of its caller while it rings.

No seat serves it: a caller whose seat steps away meanwhile is offered to nobody else.
"""


class TransferMode(StrEnum):
    """What the seat wants of the far end."""

    BLIND = "blind"  # 直接转接: the citizen goes there as soon as it answers
    CONSULT = "consult"  # 咨询转接: the seat speaks with it first
    JOIN = "join"  # 三方通话: all three talk as soon as it answers


class TargetKind(StrEnum):
    """Who may be brought in."""

    SEAT = "seat"  # 坐席
    QUEUE = "queue"  # 队列
    DEPARTMENT = "department"  # 部门
    EMERGENCY = "emergency"  # 紧急服务: 110, 119, 120, 122
    NUMBER = "number"  # 外线号码


DIALLED = frozenset({TargetKind.DEPARTMENT, TargetKind.EMERGENCY, TargetKind.NUMBER})
"""Those that are reached over a trunk."""


class TransferState(StrEnum):
    """Where bringing somebody in stands."""

    CALLING = "calling"  # 呼叫中
    CONSULTING = "consulting"  # 咨询中
    JOINED = "joined"  # 三方通话
    CONNECTED = "connected"  # 已转接
    ENDED = "ended"  # 已结束: nobody was connected, the citizen is where the result says


class TransferTrigger(StrEnum):
    """What happens to it."""

    CONSULT = "consult"
    JOIN = "join"
    CONNECT = "connect"
    END = "end"


class TransferResult(StrEnum):
    """How it ended; every one says where the citizen is now."""

    CONNECTED = "connected"  # 已转接: with the far end
    QUEUED = "queued"  # 已转入队列
    BUSY = "busy"  # 对方忙
    NO_ANSWER = "no_answer"  # 无人接听
    DECLINED = "declined"  # 对方拒接
    UNREACHABLE = "unreachable"  # 无法接通
    NOT_ALLOWED = "not_allowed"  # 不在允许拨打的范围
    OVER_BUDGET = "over_budget"  # 外呼次数已达上限
    NO_TRUNK = "no_trunk"  # 没有可用的外线
    NOT_STAFFED = "not_staffed"  # 队列无人签入
    FAR_END_LEFT = "far_end_left"  # 对方已挂机
    TAKEN_BACK = "taken_back"  # 坐席取回
    CITIZEN_LEFT = "citizen_left"  # 市民已挂机
    FAILED = "failed"  # 系统故障: with the seat if there is one, otherwise first in the queue
    LOST = "lost"  # 中断: the voice process died


DONE = frozenset({TransferResult.CONNECTED, TransferResult.QUEUED})
"""The citizen is where the seat wanted."""


class ParkResult(StrEnum):
    """What became of a parked caller."""

    PICKED_UP = "picked_up"  # 已取回
    RETURNED = "returned"  # 已送回停泊的坐席
    QUEUED = "queued"  # 已排到队首: the seat that parked did not answer
    CITIZEN_LEFT = "citizen_left"  # 市民已挂机
    LOST = "lost"  # 中断


_S, _T = TransferState, TransferTrigger

TRANSFER = Machine(
    "transfer",
    _S.CALLING,
    {
        (_S.CALLING, _T.CONSULT): _S.CONSULTING,
        (_S.CALLING, _T.JOIN): _S.JOINED,
        (_S.CALLING, _T.CONNECT): _S.CONNECTED,
        (_S.CALLING, _T.END): _S.ENDED,
        (_S.CONSULTING, _T.JOIN): _S.JOINED,
        (_S.CONSULTING, _T.CONNECT): _S.CONNECTED,
        (_S.CONSULTING, _T.END): _S.ENDED,
        (_S.JOINED, _T.CONNECT): _S.CONNECTED,
        (_S.JOINED, _T.END): _S.ENDED,
    },
)

"""What a call and a call order may do: two tables."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class CallDirection(StrEnum):
    """Who rang whom."""

    INBOUND = "inbound"  # 呼入
    OUTBOUND = "outbound"  # 呼出


class CallState(StrEnum):
    """Where a call stands."""

    RINGING = "ringing"
    IVR = "ivr"  # 语音导航
    WAITING = "waiting"  # 排队
    TALKING = "talking"  # 通话
    ENDED = "ended"
    LOST = "lost"  # 中断: the voice process died under it


class CallTrigger(StrEnum):
    """What happens to a call."""

    ANSWER = "answer"
    ENQUEUE = "enqueue"
    LEAVE_QUEUE = "leave_queue"
    CONNECT = "connect"
    END = "end"
    LOSE = "lose"


class CallEnd(StrEnum):
    """Why a call ended."""

    CALLER_HUNG_UP = "caller_hung_up"
    SEAT_HUNG_UP = "seat_hung_up"
    FLOW_ENDED = "flow_ended"
    NOT_ANSWERED = "not_answered"
    BUSY = "busy"
    FAILED = "failed"
    MEDIA_LOST = "media_lost"
    TIMED_OUT = "timed_out"
    SHUTDOWN = "shutdown"
    CRASHED = "crashed"


class OrderState(StrEnum):
    """Where an order to ring somebody stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DIALLING = "dialling"
    DONE = "done"
    UNKNOWN = "unknown"  # 结果不明: the process died after it may have rung
    EXPIRED = "expired"


class OrderTrigger(StrEnum):
    """What happens to an order."""

    CLAIM = "claim"
    RELEASE = "release"
    DIAL = "dial"
    FINISH = "finish"
    LOSE = "lose"
    EXPIRE = "expire"


class CallResult(StrEnum):
    """What came of an order, as the one who placed it needs to know it."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    UNKNOWN = "unknown"


_C, _CT = CallState, CallTrigger

CALL = Machine(
    "call",
    _C.RINGING,
    {
        (_C.RINGING, _CT.ANSWER): _C.IVR,
        (_C.RINGING, _CT.END): _C.ENDED,
        (_C.RINGING, _CT.LOSE): _C.LOST,
        (_C.IVR, _CT.ENQUEUE): _C.WAITING,
        # Sent to a queue that did not serve, and back with the seat that sent there.
        (_C.IVR, _CT.CONNECT): _C.TALKING,
        (_C.IVR, _CT.END): _C.ENDED,
        (_C.IVR, _CT.LOSE): _C.LOST,
        (_C.WAITING, _CT.LEAVE_QUEUE): _C.IVR,
        (_C.WAITING, _CT.CONNECT): _C.TALKING,
        (_C.WAITING, _CT.END): _C.ENDED,
        (_C.WAITING, _CT.LOSE): _C.LOST,
        (_C.TALKING, _CT.ENQUEUE): _C.WAITING,  # the seat was lost; the person is next again
        (_C.TALKING, _CT.END): _C.ENDED,
        (_C.TALKING, _CT.LOSE): _C.LOST,
    },
)

_O, _OT = OrderState, OrderTrigger

ORDER = Machine(
    "order",
    _O.QUEUED,
    {
        (_O.QUEUED, _OT.CLAIM): _O.CLAIMED,
        (_O.QUEUED, _OT.EXPIRE): _O.EXPIRED,
        (_O.CLAIMED, _OT.CLAIM): _O.CLAIMED,  # the lease ran out before anything was dialled
        (_O.CLAIMED, _OT.RELEASE): _O.QUEUED,
        (_O.CLAIMED, _OT.DIAL): _O.DIALLING,
        (_O.CLAIMED, _OT.FINISH): _O.DONE,  # refused before dialling: number not allowed
        (_O.CLAIMED, _OT.EXPIRE): _O.EXPIRED,
        (_O.DIALLING, _OT.FINISH): _O.DONE,
        (_O.DIALLING, _OT.LOSE): _O.UNKNOWN,
    },
)

"""What a seat, a waiting caller and an offer may do: three tables."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class SeatState(StrEnum):
    """What the person at a seat is doing."""

    SIGNED_OUT = "signed_out"  # 签出
    AVAILABLE = "available"  # 空闲
    OFFERED = "offered"  # 振铃
    TALKING = "talking"  # 通话
    WRAP_UP = "wrap_up"  # 话后处理
    ON_BREAK = "on_break"  # 小休


class SeatTrigger(StrEnum):
    """What happens to a seat."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    MAKE_AVAILABLE = "make_available"  # 示闲
    TAKE_BREAK = "take_break"  # 示忙
    OFFER = "offer"
    ANSWER = "answer"
    MISS = "miss"
    WITHDRAW = "withdraw"
    FINISH = "finish"


class QueuedState(StrEnum):
    """Where a caller in a queue stands."""

    WAITING = "waiting"  # 排队
    OFFERED = "offered"  # 分配
    ANSWERED = "answered"  # 接听
    ABANDONED = "abandoned"  # 放弃
    TIMED_OUT = "timed_out"  # 超时离队
    DROPPED = "dropped"  # 掉线: the line broke on our side
    CALLED_BACK = "called_back"  # 预约回拨: hung up, and keeps the place


class QueuedTrigger(StrEnum):
    """What happens to a caller in a queue."""

    OFFER = "offer"
    ANSWER = "answer"
    RETURN = "return"
    ABANDON = "abandon"
    TIME_OUT = "time_out"
    DROP = "drop"
    CALL_BACK = "call_back"


class OfferState(StrEnum):
    """What became of offering one caller to one seat."""

    RINGING = "ringing"
    ANSWERED = "answered"
    FINISHED = "finished"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class OfferTrigger(StrEnum):
    """What happens to an offer."""

    ANSWER = "answer"
    FINISH = "finish"
    MISS = "miss"
    WITHDRAW = "withdraw"


_S, _ST = SeatState, SeatTrigger

SEAT = Machine(
    "seat",
    _S.SIGNED_OUT,
    {
        (_S.SIGNED_OUT, _ST.SIGN_IN): _S.AVAILABLE,
        (_S.AVAILABLE, _ST.MAKE_AVAILABLE): _S.AVAILABLE,
        (_S.AVAILABLE, _ST.OFFER): _S.OFFERED,
        (_S.AVAILABLE, _ST.TAKE_BREAK): _S.ON_BREAK,
        (_S.AVAILABLE, _ST.SIGN_OUT): _S.SIGNED_OUT,
        (_S.OFFERED, _ST.ANSWER): _S.TALKING,
        # A seat that lets it ring is off the rota until its person comes back: otherwise the
        # same caller would ring at the same empty chair again and again.
        (_S.OFFERED, _ST.MISS): _S.ON_BREAK,
        (_S.OFFERED, _ST.WITHDRAW): _S.AVAILABLE,
        (_S.OFFERED, _ST.TAKE_BREAK): _S.ON_BREAK,
        (_S.OFFERED, _ST.SIGN_OUT): _S.SIGNED_OUT,
        (_S.TALKING, _ST.FINISH): _S.WRAP_UP,
        (_S.WRAP_UP, _ST.MAKE_AVAILABLE): _S.AVAILABLE,
        (_S.WRAP_UP, _ST.TAKE_BREAK): _S.ON_BREAK,
        (_S.WRAP_UP, _ST.SIGN_OUT): _S.SIGNED_OUT,
        (_S.ON_BREAK, _ST.MAKE_AVAILABLE): _S.AVAILABLE,
        (_S.ON_BREAK, _ST.TAKE_BREAK): _S.ON_BREAK,
        (_S.ON_BREAK, _ST.SIGN_OUT): _S.SIGNED_OUT,
    },
)

_Q, _QT = QueuedState, QueuedTrigger

QUEUED = Machine(
    "queued",
    _Q.WAITING,
    {
        (_Q.WAITING, _QT.OFFER): _Q.OFFERED,
        (_Q.WAITING, _QT.ABANDON): _Q.ABANDONED,
        (_Q.WAITING, _QT.TIME_OUT): _Q.TIMED_OUT,
        (_Q.WAITING, _QT.DROP): _Q.DROPPED,
        (_Q.WAITING, _QT.CALL_BACK): _Q.CALLED_BACK,
        (_Q.OFFERED, _QT.ANSWER): _Q.ANSWERED,
        (_Q.OFFERED, _QT.RETURN): _Q.WAITING,
        (_Q.OFFERED, _QT.ABANDON): _Q.ABANDONED,
        (_Q.OFFERED, _QT.DROP): _Q.DROPPED,
    },
)

_O, _OT = OfferState, OfferTrigger

OFFER = Machine(
    "offer",
    _O.RINGING,
    {
        (_O.RINGING, _OT.ANSWER): _O.ANSWERED,
        (_O.RINGING, _OT.MISS): _O.MISSED,
        (_O.RINGING, _OT.WITHDRAW): _O.WITHDRAWN,
        (_O.ANSWERED, _OT.FINISH): _O.FINISHED,
    },
)

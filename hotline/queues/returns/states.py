"""What a return call may do: one table."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class ReturnReason(StrEnum):
    """Why we owe somebody a call."""

    DROPPED = "dropped"  # 掉线: our side lost the line
    MISSED = "missed"  # 未接: gave up after a while
    REQUESTED = "requested"  # 预约回拨: instead of waiting


class ReturnState(StrEnum):
    """Where a return call stands."""

    WAITING = "waiting"  # 待回拨
    DIALLING = "dialling"  # 回拨中
    REACHED = "reached"  # 已接通: talked with a seat
    CANCELLED = "cancelled"  # 已取消: got through otherwise, or hung up while waiting again
    NOT_REACHED = "not_reached"  # 未联系上
    TOLD = "told"  # 已短信告知: not reached, and a message says that we rang
    UNCLEAR = "unclear"  # 结果不明: may have rung; a person decides


class ReturnTrigger(StrEnum):
    """What happens to a return call."""

    DIAL = "dial"
    CONNECT = "connect"
    RETRY = "retry"
    GIVE_UP = "give_up"
    CANCEL = "cancel"
    LOSE = "lose"
    TELL = "tell"


_R, _RT = ReturnState, ReturnTrigger

RETURN = Machine(
    "return_call",
    _R.WAITING,
    {
        (_R.WAITING, _RT.DIAL): _R.DIALLING,
        (_R.WAITING, _RT.CANCEL): _R.CANCELLED,
        (_R.WAITING, _RT.GIVE_UP): _R.NOT_REACHED,
        (_R.DIALLING, _RT.CONNECT): _R.REACHED,
        (_R.DIALLING, _RT.RETRY): _R.WAITING,
        (_R.DIALLING, _RT.GIVE_UP): _R.NOT_REACHED,
        (_R.DIALLING, _RT.CANCEL): _R.CANCELLED,
        (_R.DIALLING, _RT.LOSE): _R.UNCLEAR,
        (_R.NOT_REACHED, _RT.TELL): _R.TOLD,
    },
)

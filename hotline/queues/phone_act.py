"""What a page may ask of the voice process that carries a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from hotline.kernel.ids import CallId, UserId


class PhoneAct(StrEnum):
    """One act; the first group is the seat's, the second a supervisor's."""

    ANSWER = "answer"  # 接听: with the page's SDP
    DECLINE = "decline"  # 拒接
    REJOIN = "rejoin"  # 重连: the page has come back, with new SDP
    HANG_UP = "hang_up"  # 挂机
    HOLD = "hold"  # 保持
    RESUME = "resume"  # 取消保持
    PAUSE_RECORDING = "pause_recording"  # 暂停录音
    RESUME_RECORDING = "resume_recording"  # 恢复录音
    TRANSFER = "transfer"  # 转接, 咨询, 三方通话: bring somebody in
    JOIN = "join"  # 三方通话: all three talk
    COMPLETE = "complete"  # 完成转接: the seat leaves
    BACK = "back"  # 取回市民: the far end leaves
    PARK = "park"  # 停泊
    PICK_UP = "pick_up"  # 取回停泊的来电: with SDP where the page is the telephone

    LISTEN = "listen"  # 监听: with SDP, or back from the next two
    WHISPER = "whisper"  # 耳语
    BARGE = "barge"  # 强插
    TAKE_OVER = "take_over"  # 接管
    LEAVE = "leave"  # 退出监听


class RequestState(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


REQUEST_LIMIT = timedelta(seconds=10)
"""How long a page waits: a path to a browser takes at most eight."""

REQUEST_KEPT = timedelta(minutes=5)
"""SDP names addresses of the house; nobody needs it once the call has its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequest:
    """A request as the voice process takes it."""

    request_id: UUID
    call_id: CallId
    user_id: UserId
    act: PhoneAct
    detail: Mapping[str, Any]

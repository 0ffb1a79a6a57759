"""Chinese words of crossings, messages and fates, for explanations that people read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_bridge.bridge.model import ProgressFate
from case_bridge.bridge.states import CrossingState
from case_bridge.platform import ProgressKind

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CrossingState.PENDING: "待送出",
        CrossingState.SUBMITTED: "已送达",
        CrossingState.FAILED: "送出失败",
        CrossingState.DECLINED: "不予立案",
        CrossingState.FILED: "已立案",
        CrossingState.IN_HAND: "办理中",
        CrossingState.CHECKING: "核查中",
        CrossingState.DONE: "已结案",
        CrossingState.VOIDED: "已作废",
    }
)

MESSAGES: Final[Mapping[ProgressKind, str]] = MappingProxyType(
    {
        ProgressKind.FILED: "立案",
        ProgressKind.DECLINED: "不予立案",
        ProgressKind.DISPATCHED: "派遣",
        ProgressKind.RETURNED: "责任单位退回",
        ProgressKind.HANDLED: "处置反馈",
        ProgressKind.REWORKED: "返工",
        ProgressKind.CLOSED: "结案",
        ProgressKind.VOIDED: "作废",
    }
)

FATES: Final[Mapping[ProgressFate, str]] = MappingProxyType(
    {
        ProgressFate.APPLIED: "已应用",
        ProgressFate.LATE: "迟到，未改变状态",
        ProgressFate.WAITING: "尚无对应工单，等待匹配",
        ProgressFate.REFUSED: "与当前状态矛盾，已告警",
    }
)

SILENT: Final = "案卷系统没有应答"

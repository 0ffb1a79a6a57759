"""The ticket's machine (工单)."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class TicketState(StrEnum):
    """Where a ticket stands. `TRANSFERRED` is never shown as done."""

    OPEN = "open"  # 受理
    TRANSFERRED = "transferred"  # 已转办
    RESOLVED = "resolved"  # 办结
    CLOSED = "closed"  # 归档
    CANCELLED = "cancelled"  # 作废


class TicketTrigger(StrEnum):
    """What can happen to a ticket."""

    AMEND = "amend"  # 补充修改
    REMIND = "remind"  # 催办
    TRANSFER = "transfer"  # 转办
    RETURN = "return"  # 退单
    ANSWER = "answer"  # 直接答复
    CANCEL = "cancel"  # 作废
    RESOLVE = "resolve"  # 办结
    REOPEN = "reopen"  # 重新办理
    CLOSE = "close"  # 归档
    CONFIRM = "confirm"  # 归档后诉求人确认已解决


S = TicketState
T = TicketTrigger

TICKET = Machine(
    "ticket",
    S.OPEN,
    {
        (S.OPEN, T.AMEND): S.OPEN,
        (S.OPEN, T.TRANSFER): S.TRANSFERRED,
        (S.OPEN, T.ANSWER): S.CLOSED,
        (S.OPEN, T.CANCEL): S.CANCELLED,
        (S.TRANSFERRED, T.AMEND): S.TRANSFERRED,
        (S.TRANSFERRED, T.REMIND): S.TRANSFERRED,
        (S.TRANSFERRED, T.RETURN): S.OPEN,
        (S.TRANSFERRED, T.RESOLVE): S.RESOLVED,
        (S.RESOLVED, T.REOPEN): S.TRANSFERRED,  # round + 1
        (S.RESOLVED, T.CLOSE): S.CLOSED,
        (S.CLOSED, T.CONFIRM): S.CLOSED,
        (S.CLOSED, T.REOPEN): S.TRANSFERRED,  # round + 1
    },
)

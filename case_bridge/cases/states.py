"""The life of a case (案卷), after domain 4.4 and the regulations named there."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class CaseState(StrEnum):
    """Where a case stands."""

    REGISTERED = "registered"  # 已登记
    VERIFYING = "verifying"  # 待核实
    VERIFIED = "verified"  # 核实属实
    REFUTED = "refuted"  # 核实不属实
    DECLINED = "declined"  # 不予立案
    FILED = "filed"  # 已立案
    DISPATCHED = "dispatched"  # 已派遣
    HANDLING = "handling"  # 处置中
    RETURNED = "returned"  # 已退回
    HANDLED = "handled"  # 已反馈
    INSPECTING = "inspecting"  # 核查中
    READY_TO_CLOSE = "ready_to_close"  # 待结案
    CLOSED = "closed"  # 已结案
    VOIDED = "voided"  # 已作废


class CaseTrigger(StrEnum):
    """What moves a case."""

    VERIFY = "verify"  # 发起核实
    CONFIRM = "confirm"  # 核实属实
    REFUTE = "refute"  # 核实不属实
    FILE = "file"  # 立案
    DECLINE = "decline"  # 不予立案
    DISPATCH = "dispatch"  # 派遣
    ACCEPT = "accept"  # 签收
    RETURN = "return"  # 退回
    HANDLE = "handle"  # 反馈
    INSPECT = "inspect"  # 发起核查
    PASS = "pass"  # noqa: S105 - 核查通过, no password
    REWORK = "rework"  # 返工
    CLOSE = "close"  # 结案
    REOPEN = "reopen"  # 重新办理
    VOID = "void"  # 作废


S = CaseState
T = CaseTrigger

CASE: Machine[CaseState, CaseTrigger] = Machine(
    "case",
    S.REGISTERED,
    {
        (S.REGISTERED, T.VERIFY): S.VERIFYING,
        (S.REGISTERED, T.FILE): S.FILED,
        (S.REGISTERED, T.DECLINE): S.DECLINED,
        (S.REGISTERED, T.VOID): S.VOIDED,
        (S.VERIFYING, T.CONFIRM): S.VERIFIED,
        (S.VERIFYING, T.REFUTE): S.REFUTED,
        (S.VERIFIED, T.FILE): S.FILED,
        (S.VERIFIED, T.DECLINE): S.DECLINED,
        (S.REFUTED, T.DECLINE): S.DECLINED,
        (S.REFUTED, T.VERIFY): S.VERIFYING,
        (S.FILED, T.DISPATCH): S.DISPATCHED,
        (S.FILED, T.VOID): S.VOIDED,
        (S.DISPATCHED, T.ACCEPT): S.HANDLING,
        (S.DISPATCHED, T.RETURN): S.RETURNED,
        (S.DISPATCHED, T.HANDLE): S.HANDLED,
        (S.HANDLING, T.RETURN): S.RETURNED,
        (S.HANDLING, T.HANDLE): S.HANDLED,
        (S.RETURNED, T.DISPATCH): S.DISPATCHED,
        (S.RETURNED, T.VOID): S.VOIDED,
        (S.HANDLED, T.INSPECT): S.INSPECTING,
        (S.INSPECTING, T.PASS): S.READY_TO_CLOSE,
        (S.INSPECTING, T.REWORK): S.DISPATCHED,  # 核查不通过
        (S.READY_TO_CLOSE, T.CLOSE): S.CLOSED,
        (S.READY_TO_CLOSE, T.REWORK): S.DISPATCHED,  # 与派遣要求不一致
        (S.CLOSED, T.REOPEN): S.FILED,  # 回访不满意, round + 1
        (S.DECLINED, T.REOPEN): S.REGISTERED,  # 诉求人有异议, round + 1
    },
)

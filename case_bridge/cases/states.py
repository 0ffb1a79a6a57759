"""The life of a case (案卷), after domain 4.4 and the regulations named there."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class CaseState(StrEnum):
    """Where a case stands."""

    REGISTERED = "registered"  # 已登记
    VERIFYING = "verifying"  # 待核实
    VERIFIED = "verified"  # 核实属实
    REFUTED = "refuted"  # 核实不属实
    SETTLED = "settled"  # 现场处理完毕
    DECLINED = "declined"  # 不予立案
    FILED = "filed"  # 已立案
    HANDED_DOWN = "handed_down"  # 待二级派遣
    DISPATCHED = "dispatched"  # 已派遣
    HANDLING = "handling"  # 处置中
    RETURNED = "returned"  # 已退回
    DISPUTED = "disputed"  # 争议协调
    DEFERRED = "deferred"  # 缓办
    SHELVED = "shelved"  # 挂账
    HANDLED = "handled"  # 已反馈
    INSPECTING = "inspecting"  # 核查中
    READY_TO_CLOSE = "ready_to_close"  # 待结案
    CLOSED = "closed"  # 已结案
    VOIDED = "voided"  # 已作废
    MERGED = "merged"  # 已并案


class CaseTrigger(StrEnum):
    """What moves a case."""

    VERIFY = "verify"  # 发起核实
    CONFIRM = "confirm"  # 核实属实
    REFUTE = "refute"  # 核实不属实
    SETTLE = "settle"  # 现场处理
    FILE = "file"  # 立案
    DECLINE = "decline"  # 不予立案
    HAND_DOWN = "hand_down"  # 下派二级平台
    HAND_UP = "hand_up"  # 退回一级平台
    DISPATCH = "dispatch"  # 派遣
    ACCEPT = "accept"  # 签收
    GUARD = "guard"  # 安全防护
    RETURN = "return"  # 退回
    HANDLE = "handle"  # 反馈
    PASS_UP = "pass_up"  # noqa: S105 - 逐级反馈, no password
    SEND_BACK = "send_back"  # 退回补办
    DISPUTE = "dispute"  # 申请协调
    MEET = "meet"  # 现场协调
    DECIDE = "decide"  # 明确责任
    EXTEND = "extend"  # 延期
    DEFER = "defer"  # 缓办
    RESUME = "resume"  # 恢复办理
    SHELVE = "shelve"  # 挂账
    UNSHELVE = "unshelve"  # 销账
    URGE = "urge"  # 催办
    SUPERVISE = "supervise"  # 督办
    ORDER = "order"  # 责令限期处置
    CIRCULATE = "circulate"  # 通报
    RECKON = "reckon"  # 时限重算
    REFER = "refer"  # 移送执法
    INSPECT = "inspect"  # 发起核查
    PASS = "pass"  # noqa: S105 - 核查通过, no password
    REWORK = "rework"  # 返工
    CLOSE = "close"  # 结案
    FORCE_CLOSE = "force_close"  # 强制结案
    REOPEN = "reopen"  # 重新办理
    VOID = "void"  # 作废
    FORCE_VOID = "force_void"  # 强制作废
    MERGE = "merge"  # 并案
    UNMERGE = "unmerge"  # 拆案
    MERGE_FILED = "merge_filed"  # 立案后并案
    UNMERGE_FILED = "unmerge_filed"  # 立案后拆案


S = CaseState
T = CaseTrigger

CASE: Machine[CaseState, CaseTrigger] = Machine(
    "case",
    S.REGISTERED,
    {
        (S.REGISTERED, T.VERIFY): S.VERIFYING,
        (S.REGISTERED, T.SETTLE): S.SETTLED,  # 000 a16: trivial, settled on the spot
        (S.REGISTERED, T.FILE): S.FILED,
        (S.REGISTERED, T.DECLINE): S.DECLINED,
        (S.REGISTERED, T.VOID): S.VOIDED,
        (S.REGISTERED, T.MERGE): S.MERGED,  # 并案: into another case of the same matter
        (S.VERIFIED, T.MERGE): S.MERGED,
        (S.REFUTED, T.MERGE): S.MERGED,
        (S.MERGED, T.UNMERGE): S.REGISTERED,  # 拆案: decided anew, nothing is lost
        # A duplicate found late: what an inspector, a leader or the unit has in hand stays apart.
        (S.FILED, T.MERGE_FILED): S.MERGED,
        (S.HANDED_DOWN, T.MERGE_FILED): S.MERGED,
        (S.DISPATCHED, T.MERGE_FILED): S.MERGED,
        (S.HANDLING, T.MERGE_FILED): S.MERGED,
        (S.RETURNED, T.MERGE_FILED): S.MERGED,
        (S.MERGED, T.UNMERGE_FILED): S.FILED,  # its clock runs on for the unit that had it
        (S.VERIFYING, T.CONFIRM): S.VERIFIED,
        (S.VERIFYING, T.REFUTE): S.REFUTED,
        (S.VERIFYING, T.SETTLE): S.SETTLED,
        (S.VERIFIED, T.FILE): S.FILED,
        (S.VERIFIED, T.DECLINE): S.DECLINED,
        (S.REFUTED, T.DECLINE): S.DECLINED,
        (S.REFUTED, T.VERIFY): S.VERIFYING,
        (S.FILED, T.DISPATCH): S.DISPATCHED,
        (S.FILED, T.HAND_DOWN): S.HANDED_DOWN,  # 001 a11: to a second-level platform
        (S.RETURNED, T.HAND_DOWN): S.HANDED_DOWN,
        (S.HANDED_DOWN, T.DISPATCH): S.DISPATCHED,  # 000 a21, 001 a11
        (S.HANDED_DOWN, T.HAND_UP): S.RETURNED,
        (S.HANDED_DOWN, T.DISPUTE): S.DISPUTED,
        (S.RETURNED, T.HAND_UP): S.RETURNED,
        (S.FILED, T.DISPUTE): S.DISPUTED,  # nobody is known to be responsible
        (S.FILED, T.VOID): S.VOIDED,
        (S.DISPATCHED, T.ACCEPT): S.HANDLING,
        (S.DISPATCHED, T.RETURN): S.RETURNED,
        (S.DISPATCHED, T.HANDLE): S.HANDLED,
        (S.DISPATCHED, T.DISPUTE): S.DISPUTED,
        (S.DISPATCHED, T.DEFER): S.DEFERRED,
        (S.DISPATCHED, T.SHELVE): S.SHELVED,
        (S.HANDLING, T.RETURN): S.RETURNED,
        (S.HANDLING, T.HANDLE): S.HANDLED,
        (S.HANDLING, T.DISPUTE): S.DISPUTED,
        (S.HANDLING, T.DEFER): S.DEFERRED,
        (S.HANDLING, T.SHELVE): S.SHELVED,
        (S.RETURNED, T.DISPATCH): S.DISPATCHED,
        (S.RETURNED, T.DISPUTE): S.DISPUTED,
        (S.RETURNED, T.VOID): S.VOIDED,
        (S.DISPUTED, T.DECIDE): S.DISPATCHED,  # 003 a19, 000 a24-25
        (S.DEFERRED, T.RESUME): S.HANDLING,
        (S.SHELVED, T.UNSHELVE): S.HANDLING,
        (S.HANDLED, T.PASS_UP): S.HANDLED,  # 001 a16: feedback climbs level by level
        (S.HANDLED, T.SEND_BACK): S.DISPATCHED,
        (S.HANDLED, T.INSPECT): S.INSPECTING,
        (S.INSPECTING, T.PASS): S.READY_TO_CLOSE,
        (S.INSPECTING, T.REWORK): S.DISPATCHED,  # 核查不通过
        (S.READY_TO_CLOSE, T.CLOSE): S.CLOSED,
        (S.READY_TO_CLOSE, T.REWORK): S.DISPATCHED,  # 与派遣要求不一致
        (S.SETTLED, T.REOPEN): S.REGISTERED,  # 诉求人有异议, round + 1
        (S.CLOSED, T.REOPEN): S.FILED,  # 回访不满意, round + 1
        (S.DECLINED, T.REOPEN): S.REGISTERED,  # 诉求人有异议, round + 1
        # Privileged ends; while an inspector is out, their answer comes first.
        (S.FILED, T.FORCE_CLOSE): S.CLOSED,
        (S.HANDED_DOWN, T.FORCE_CLOSE): S.CLOSED,
        (S.DISPATCHED, T.FORCE_CLOSE): S.CLOSED,
        (S.HANDLING, T.FORCE_CLOSE): S.CLOSED,
        (S.RETURNED, T.FORCE_CLOSE): S.CLOSED,
        (S.DISPUTED, T.FORCE_CLOSE): S.CLOSED,
        (S.DEFERRED, T.FORCE_CLOSE): S.CLOSED,
        (S.SHELVED, T.FORCE_CLOSE): S.CLOSED,
        (S.HANDLED, T.FORCE_CLOSE): S.CLOSED,
        (S.READY_TO_CLOSE, T.FORCE_CLOSE): S.CLOSED,
        (S.HANDED_DOWN, T.FORCE_VOID): S.VOIDED,
        (S.DISPATCHED, T.FORCE_VOID): S.VOIDED,
        (S.HANDLING, T.FORCE_VOID): S.VOIDED,
        (S.DISPUTED, T.FORCE_VOID): S.VOIDED,
        (S.DEFERRED, T.FORCE_VOID): S.VOIDED,
        (S.SHELVED, T.FORCE_VOID): S.VOIDED,
        (S.HANDLED, T.FORCE_VOID): S.VOIDED,
        (S.READY_TO_CLOSE, T.FORCE_VOID): S.VOIDED,
        # What changes data, but no state.
        (S.DISPATCHED, T.GUARD): S.DISPATCHED,  # 004 a19
        (S.HANDLING, T.GUARD): S.HANDLING,
        (S.DISPUTED, T.MEET): S.DISPUTED,
        (S.DISPATCHED, T.EXTEND): S.DISPATCHED,  # 003 a27
        (S.HANDLING, T.EXTEND): S.HANDLING,
        (S.DISPATCHED, T.URGE): S.DISPATCHED,
        (S.HANDLING, T.URGE): S.HANDLING,
        (S.DISPATCHED, T.SUPERVISE): S.DISPATCHED,
        (S.HANDLING, T.SUPERVISE): S.HANDLING,
        (S.HANDED_DOWN, T.SUPERVISE): S.HANDED_DOWN,
        (S.HANDLED, T.SUPERVISE): S.HANDLED,
        (S.RETURNED, T.SUPERVISE): S.RETURNED,
        (S.DISPUTED, T.SUPERVISE): S.DISPUTED,
        (S.DEFERRED, T.SUPERVISE): S.DEFERRED,
        (S.SHELVED, T.SUPERVISE): S.SHELVED,
        (S.DISPATCHED, T.ORDER): S.DISPATCHED,  # 004 a20
        (S.HANDLING, T.ORDER): S.HANDLING,
        (S.DISPATCHED, T.CIRCULATE): S.DISPATCHED,
        (S.HANDLING, T.CIRCULATE): S.HANDLING,
        (S.DISPATCHED, T.RECKON): S.DISPATCHED,
        (S.HANDLING, T.RECKON): S.HANDLING,
        (S.RETURNED, T.RECKON): S.RETURNED,
        (S.DISPUTED, T.RECKON): S.DISPUTED,
        (S.HANDED_DOWN, T.RECKON): S.HANDED_DOWN,
        (S.HANDLED, T.RECKON): S.HANDLED,
        (S.INSPECTING, T.RECKON): S.INSPECTING,
        (S.READY_TO_CLOSE, T.RECKON): S.READY_TO_CLOSE,  # judged by the published calendar too
        (S.CLOSED, T.RECKON): S.CLOSED,
        (S.FILED, T.REFER): S.FILED,  # 000 a29
        (S.HANDED_DOWN, T.REFER): S.HANDED_DOWN,
        (S.DISPATCHED, T.REFER): S.DISPATCHED,
        (S.HANDLING, T.REFER): S.HANDLING,
        (S.RETURNED, T.REFER): S.RETURNED,
        (S.READY_TO_CLOSE, T.REFER): S.READY_TO_CLOSE,
        (S.CLOSED, T.REFER): S.CLOSED,
    },
)

"""The life of an application for more time (003 a21, a27; 002i a8)."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class RequestState(StrEnum):
    """Where an application stands."""

    APPLIED = "applied"  # 已申请
    VERIFIED = "verified"  # 中心已核实
    APPROVED = "approved"  # 已批准
    REFUSED = "refused"  # 未批准
    WITHDRAWN = "withdrawn"  # 已撤回


class RequestTrigger(StrEnum):
    """What moves an application."""

    VERIFY = "verify"  # 核实
    APPROVE = "approve"  # 批准
    REFUSE = "refuse"  # 不批准
    WITHDRAW = "withdraw"  # 撤回


REQUEST: Machine[RequestState, RequestTrigger] = Machine(
    "later_request",
    RequestState.APPLIED,
    {
        (RequestState.APPLIED, RequestTrigger.VERIFY): RequestState.VERIFIED,
        (RequestState.APPLIED, RequestTrigger.APPROVE): RequestState.APPROVED,
        (RequestState.APPLIED, RequestTrigger.REFUSE): RequestState.REFUSED,
        (RequestState.APPLIED, RequestTrigger.WITHDRAW): RequestState.WITHDRAWN,
        (RequestState.VERIFIED, RequestTrigger.APPROVE): RequestState.APPROVED,
        (RequestState.VERIFIED, RequestTrigger.REFUSE): RequestState.REFUSED,
        (RequestState.VERIFIED, RequestTrigger.WITHDRAW): RequestState.WITHDRAWN,
    },
)
"""Shelving is verified by the centre before it is approved; a guard asks for it."""

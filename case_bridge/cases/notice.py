"""The values of urging: what is written to a unit or to the centre about a case."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """Why somebody is written to."""

    NEAR_DUE = "near_due"  # 临期预警
    URGE = "urge"  # 催办
    SUPERVISE = "supervise"  # 督办
    ORDER = "order"  # 责令限期处置
    CIRCULATE = "circulate"  # 通报
    INFORM = "inform"  # 告知主管部门 (R33)
    PHONE = "phone"  # 电话通知 (R38)
    SUPERIOR_ENDED = "superior_ended"  # 上级结案告知: a case goes on here that ended above
    MERGED = "merged"  # 并案告知: the unit works on it no longer


class PauseKind(StrEnum):
    """Why a clock stands still."""

    DEFERRAL = "deferral"  # 缓办
    SHELVING = "shelving"  # 挂账
    MERGING = "merging"  # 并案


class Ground(StrEnum):
    """Why a late case is circulated (R48: 004 a20)."""

    DANGER = "danger"  # 可能危害公共安全
    INFLUENCE = "influence"  # 造成较大影响


class DecisionKind(StrEnum):
    """How a dispute about responsibility ends (R57, R58, R61)."""

    AGREED = "agreed"  # 协商一致，明确责任单位
    SUBSTITUTE = "substitute"  # 指定单位代为整改
    SPECIALIST = "specialist"  # 指定专业单位代为整改
    OWNERLESS = "ownerless"  # 无责任主体，属地办理

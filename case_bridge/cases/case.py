"""The values of a case: where it came from, what it is about, who acts on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from hotline.accounts.roles import Role
from hotline.kernel.ids import CaseId, TicketId, UnitId, UserId


class CaseSource(StrEnum):
    """Where a case came from; kept with every case (R8: 003 a13, 002i a3(4))."""

    HOTLINE = "hotline"  # 热线
    INSPECTOR = "inspector"  # 监督员上报
    VIDEO = "video"  # 视频监控
    MEDIA = "media"  # 媒体曝光
    SUPERIOR = "superior"  # 上级交办
    TRANSFER = "transfer"  # 部门移送
    LEADER = "leader"  # 领导批示
    WEB = "web"  # 网站
    VISIT = "visit"  # 市民来访


class EvidenceOrigin(StrEnum):
    """Who brought a piece of evidence (R15: 000 a18)."""

    REPORT = "report"  # 诉求人
    UNIT = "unit"  # 责任单位
    INSPECTOR = "inspector"  # 监督员
    CENTRE = "centre"  # 中心


class DeclineReason(StrEnum):
    """Why a report is not filed (R17: 004 a16 asks for reasons)."""

    NOT_TRUE = "not_true"  # 核实不属实
    OUT_OF_SCOPE = "out_of_scope"  # 不属于受理范围
    BELOW_STANDARD = "below_standard"  # 未达到立案标准
    DUPLICATE = "duplicate"  # 重复上报
    ALREADY_SOLVED = "already_solved"  # 问题已解决
    UNCLEAR_PLACE = "unclear_place"  # 位置不明且无法核实
    IN_COURT = "in_court"  # 已进入诉讼、仲裁、复议
    OTHER = "other"  # 其他，须详细说明


DECLINE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        DeclineReason.NOT_TRUE: "经现场核实，情况不属实",
        DeclineReason.OUT_OF_SCOPE: "不属于城市管理受理范围",
        DeclineReason.BELOW_STANDARD: "未达到立案标准",
        DeclineReason.DUPLICATE: "与已办案卷重复",
        DeclineReason.ALREADY_SOLVED: "问题已经解决",
        DeclineReason.UNCLEAR_PLACE: "位置不明且无法核实",
        DeclineReason.IN_COURT: "已进入诉讼、仲裁或行政复议程序",
        DeclineReason.OTHER: "其他",
    }
)
"""Reason to its words, as the citizen is told them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who moves a case; without roles it is the house itself (the bridge, a rule)."""

    name: str
    """Shown in the history."""
    user_id: UserId | None = None
    login: str = ""
    """Empty for the house, and for whoever tells by telephone."""
    roles: frozenset[Role] = frozenset()
    unit_id: UnitId | None = None
    district_id: UnitId | None = None
    """The second-level platform for which they act; None at the first level."""


HOUSE = Actor(name="系统")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A photo or paper handed in with a report, a feedback or a field result."""

    name: str
    media_type: str
    content: bytes
    longitude: float | None = None
    latitude: float | None = None
    received_at: datetime | None = None
    """When it came in, if that was before it was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody asks the case system to take up; nothing in it says who they are (R88)."""

    source: CaseSource
    subject: str
    body: str
    place: str
    channel: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    """Degrees in WGS 84; both or neither."""
    category: str | None = None
    """The key of a category, as `hotline.tickets.category` writes it."""
    condition: str | None = None
    ticket_id: TicketId | None = None
    ticket_number: str | None = None
    round: int = 1
    """The ticket's round, which is not the case's when several tickets share one."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """Where a report ended up."""

    case_id: CaseId
    number: str
    round: int

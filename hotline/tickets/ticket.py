"""The values of a ticket: what a draft holds, and the words on it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallId, CitizenId, ContactId, TicketId


class RequestKind(StrEnum):
    """What the citizen wants (DB12/T 1438; domain notes 6.4)."""

    INQUIRY = "inquiry"  # 咨询
    ASSISTANCE = "assistance"  # 求助
    COMPLAINT = "complaint"  # 投诉
    REPORT = "report"  # 举报
    SUGGESTION = "suggestion"  # 建议
    PRAISE = "praise"  # 表扬
    OTHER = "other"  # 其他


class Urgency(StrEnum):
    """How soon somebody must look (domain notes 6.4)."""

    NORMAL = "normal"  # 一般
    URGENT = "urgent"  # 紧急
    CRITICAL = "critical"  # 特急


class Outcome(StrEnum):
    """How the matter ended."""

    SOLVED = "solved"  # 已解决
    DECLINED = "declined"  # 不予立案 / 不予受理，必须说明理由 (R17)
    ANSWERED = "answered"  # 已答复


class CloseReason(StrEnum):
    """Why a ticket went to the archive."""

    CONFIRMED = "confirmed"  # 回访确认
    NOT_REACHED = "not_reached"  # 回访未联系上
    ANSWERED = "answered"  # 直接答复


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """Everything known when a ticket is opened."""

    channel: Channel
    request_kind: RequestKind
    subject: str
    body: str
    reply_channel: Channel
    reply_to: str | None
    """Phone number or mail address; None when only the status page can tell."""
    contact_id: ContactId | None = None
    call_id: CallId | None = None
    citizen_id: CitizenId | None = None
    category_code: str | None = None
    """A category key such as `CJ/T214-2007:component:0101`, or a bare code if only one fits."""
    condition: str | None = None
    """A condition of the category that names its own limit, such as `HAZARD`."""
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    """Degrees in WGS 84 (= CGCS2000 for our purposes); both or neither."""
    anonymous: bool = False
    confidential: bool = False
    urgency: Urgency = Urgency.NORMAL
    related_ticket_id: TicketId | None = None
    """An earlier ticket that looks like the same matter; a person decides."""
    origin_key: str | None = None
    """Makes opening idempotent: a second draft with the same key is the same ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAmendment:
    """What changes; None means unchanged."""

    request_kind: RequestKind | None = None
    category_code: str | None = None
    condition: str | None = None
    subject: str | None = None
    body: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    drops_position: bool = False
    """The position belonged to an address that is no longer the ticket's."""
    urgency: Urgency | None = None
    reply_channel: Channel | None = None
    reply_to: str | None = None
    confidential: bool | None = None


Actor = str
"""Who acted: `user:<uuid>`, `citizen:link`, `citizen:phone`, `platform:<name>`, `system`."""


def user_actor(user_id: UUID) -> Actor:
    """Return the actor of a logged-in person."""
    return f"user:{user_id}"


SYSTEM: Actor = "system"

"""The values that cross between channels and the hotline, and the port to send."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from hotline.kernel.errors import HotlineError


class Channel(StrEnum):
    """How a citizen reaches us, or we them (R4, R8)."""

    VOICE = "voice"  # 电话
    WEB = "web"  # 网页
    MAIL = "mail"  # 电子邮件
    SMS = "sms"  # 短信
    TELEGRAM = "telegram"
    WECHAT = "wechat"  # 微信
    OPEN311 = "open311"
    CHAT = "chat"  # 在线客服


LIVE_CHANNELS = frozenset({Channel.VOICE})
"""A person talks to the citizen at once; nothing is parsed, a seat writes the ticket."""


class ContactState(StrEnum):
    """How far a stored contact has been understood."""

    STORED = "stored"  # 已收，未解析
    LIVE = "live"  # 实时通话，由坐席处理
    PARSED = "parsed"  # 已解析
    AUTOMATIC = "automatic"  # 自动邮件（退信、自动回复），只存不办
    UNPARSABLE = "unparsable"  # 无法解析，转人工


class MessageState(StrEnum):
    """Whether an outbound message has left."""

    QUEUED = "queued"  # 待发送
    SENDING = "sending"  # 发送中
    SENT = "sent"  # 已发送
    FAILED = "failed"  # 被拒收
    UNKNOWN = "unknown"  # 不知是否送达
    LOST = "lost"  # 重发后仍不知是否送达
    RETURNED = "returned"  # 发出后被退回
    WITHDRAWN = "withdrawn"  # 未发出，已收回


@dataclass(frozen=True, slots=True)
class InboundContact:
    """One thing that a citizen sent, as it came in.

    `provider_id` is unique within the channel: the Message-ID of a mail, the nonce of a web
    form. A second contact with the same id is the same contact. `raw` is the whole of it.
    `sender` is the address as the channel gives it (phone number, mail address), unverified.
    """

    channel: Channel
    provider_id: str
    received_at: datetime
    raw: bytes
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a contact; `sha256` is the evidence that it is unchanged (R15)."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to a citizen.

    `key` makes it unique for ever: the same key is sent once. `reference` names what it is
    about (`ticket:<id>`, `callback:<id>:<attempt>`) and comes back in MessageSent/MessageFailed.
    `secret` replaces `SECRET_MARK` in the body at the moment of sending, and is erased from the
    database when the message has left.
    """

    channel: Channel
    to: str
    subject: str
    body: str
    reference: str
    key: str
    secret: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Only `In-Reply-To` and `References` have a meaning, and only in mail."""


@dataclass(frozen=True, slots=True)
class ReturnedLetter:
    """What a bounce, or a report of delivery, says: which message failed for good, and for whom."""

    trace: str
    """What the letter was recognised by (`trace_of` its key)."""
    addresses: frozenset[str] | None
    """Whom it could not reach, in lower case; None if who says so has proven who they are."""
    code: str
    """Why, as RFC 3463 (`5.1.1`) or the operator numbers it; empty if it does not say."""


def trace_of(key: str) -> str:
    """Return what a message is recognised by when it comes back: 40 hexadecimal digits.

    Only whoever held the message can know it, for keys hold ids that nobody guesses.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:40]


SECRET_MARK = "{{secret}}"  # noqa: S105 - a placeholder


class Undeliverable(HotlineError):
    """The other side refuses this message for good; a repeat would be refused again."""

    def __init__(self, channel: Channel, code: str) -> None:
        super().__init__(f"{channel} message refused: {code}")
        self.channel = channel
        self.code = code


class DeliveryUnknown(HotlineError):
    """The connection broke after the message may have been accepted."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(f"nobody knows whether the {channel} message left")
        self.channel = channel


class Outbound(Protocol):
    """Sends messages. Implemented by `channels.outbound` and in memory."""

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that are configured; a message to another one is never asked for."""

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:
        """Return when the other side has accepted the message.

        Raises:
            Unavailable: if it certainly has not left and may be tried again later.
            Undeliverable: if it is refused for good.
            DeliveryUnknown: if it may or may not have left.
        """


SEND_LIMIT = timedelta(seconds=40)
"""How long one sending may take; after that its fate is unknown."""

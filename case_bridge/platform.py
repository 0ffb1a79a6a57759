"""The port to a case system (案卷): what we hand over, what we get back, what we may ask."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from hotline.kernel.errors import HotlineError, Unavailable
from hotline.kernel.ids import TicketId


class ProgressKind(StrEnum):
    """What a platform tells us about a case."""

    FILED = "filed"  # 立案
    DECLINED = "declined"  # 不予立案
    DISPATCHED = "dispatched"  # 派遣
    RETURNED = "returned"  # 责任单位退回
    HANDLED = "handled"  # 处置反馈
    REWORKED = "reworked"  # 返工
    CLOSED = "closed"  # 结案
    VOIDED = "voided"  # 作废


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingAttachment:
    """A file that a complainant sent, as evidence (R15)."""

    name: str
    """Ours: what the complainant called it may hold a name or a number."""
    media_type: str
    """By what is inside."""
    sha256: str
    received_at: datetime
    """When it reached the hotline."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiling:
    """One round of one ticket, as a case system gets it: the matter, never the person (R88)."""

    ticket_id: TicketId
    round: int
    ticket_number: str
    channel: str
    """How it came: `web`, `mail`, or `voice:12369` with the line that was called (R7)."""
    subject: str
    body: str
    place: str
    longitude: float | None
    latitude: float | None
    """Degrees in WGS 84; both or neither."""
    category: str | None
    """The key of a category, as `hotline.tickets.category` writes it."""
    condition: str | None
    submitted_at: datetime
    attachments: tuple[FilingAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseReference:
    """The case that a filing became, or joined."""

    case_key: str
    """The platform's own name for the case, never shown."""
    number: str
    """案卷编号, as people say it."""
    round: int
    """The case's round, which is not the ticket's when several tickets share one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProgress:
    """One message of a platform; may come twice, late, or not at all."""

    message_id: str
    """The same for every repetition of the same message."""
    case_key: str
    round: int
    sequence: int
    """Counts the messages of one case upwards, with gaps: tells late ones from fresh ones."""
    kind: ProgressKind
    text: str
    """The reason or the result in plain words."""
    reason_code: str | None = None
    occurred_at: datetime


class FilingRefused(HotlineError):
    """The platform will not take a filing as it is; repeating it changes nothing."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class PlatformUnavailable(Unavailable):
    """The case system does not answer; the same call may work later."""

    def __init__(self, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__("the case platform", retry_after)


class CasePlatform(Protocol):
    """A case system. Every call may be repeated: the second one changes nothing."""

    @property
    def name(self) -> str:
        """The name of the platform in logs and alarms."""
        ...

    async def submit(self, filing: CaseFiling) -> CaseReference:
        """Hand over a filing, once for each (ticket, round); return the case it became.

        A case that was voided does not count: the filing becomes another one.

        Raises:
            FilingRefused: if the platform will not take it as it is.
            PlatformUnavailable: if it does not answer.
        """
        ...

    async def reopen(self, case_key: str, filing: CaseFiling, reason: str) -> CaseReference:
        """Ask to work on a finished case again, once for each (ticket, round).

        A case that somebody else had reopened already is joined as it is.

        Raises:
            FilingRefused: if there is no such case, or it cannot be worked on again.
            PlatformUnavailable: if it does not answer.
        """
        ...

    def progress_since(self, since: datetime) -> AsyncIterator[CaseProgress]:
        """Yield every message from `since` on, those of one case in their order.

        Raises:
            PlatformUnavailable: if it does not answer.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...

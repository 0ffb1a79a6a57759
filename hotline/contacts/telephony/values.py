"""How lines and trunks stand, as a voice process tells it, and why calls were refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hotline.contacts.calls.states import CallDirection


class RefusalReason(StrEnum):
    """Why a call came to nothing before anybody wrote it down."""

    LINE_FULL = "line_full"  # 线路已满
    HOUSE_FULL = "house_full"  # 全部通路已满
    NO_SUCH_LINE = "no_such_line"  # 无此号码
    NOT_ALLOWED = "not_allowed"  # 来源不是中继
    CLOSING = "closing"  # 正在停机
    NO_WAY = "no_way"  # 中继无法接续


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """One line in one voice process."""

    number: str
    calls: int
    limit: int
    is_night: bool
    taken: int
    """Calls taken since the process began."""
    refused: int
    """Calls refused since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkReport:
    """One trunk as one voice process sees it."""

    name: str
    host: str
    transport: str
    is_up: bool
    changed_at: datetime | None
    """When it went up or down; None: it has been up since the process began."""
    probe_status: int
    """Of the last OPTIONS; 0 before the first."""
    registration: str | None
    """`registered`, `failed` or `removed`; None: it is not registered with."""
    registration_status: int
    registered_at: datetime | None
    calls: int
    """Calls of ours through it now."""
    refusals: int
    """Calls of ours since the process began for which it had no way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisySource:
    """An address whose messages were thrown away."""

    host: str
    kind: str
    """What it is to us: trunk, seat, guest or stranger."""
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """A histogram of lengths of time."""

    at_most: Mapping[str, int] = field(default_factory=dict)
    """How many were at most so many seconds long."""
    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counters of one voice process since it began; `…_now` are of this moment."""

    sip_calls_now: int = 0
    sip_transactions_now: int = 0
    sip_requests: Mapping[str, int] = field(default_factory=dict)
    """Received, by method, repetitions left out."""
    sip_responses: Mapping[str, int] = field(default_factory=dict)
    """Sent, by class: `2xx`."""
    over_rate: int = 0
    """Messages that were not read, because their sender sent too many."""
    not_allowed: int = 0
    """Requests whose sender may not ask for that."""
    unconfirmed: int = 0
    """Messages that were not sent to an address that has not shown that it hears us."""
    sound_legs_now: int = 0
    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_malformed: int = 0
    packets_rejected: int = 0
    sound_work: Lengths = Lengths()
    """CPU time that each 20 ms of sound took the process."""
    sound_late: Lengths = Lengths()
    """How late each turn of 5 ms began in which packets leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one voice process tells."""

    lines: tuple[LineReport, ...]
    trunks: tuple[TrunkReport, ...]
    noisy: tuple[NoisySource, ...] = ()
    figures: Figures = Figures()
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """The last report of a voice process that lives."""

    process_id: UUID
    name: str
    reported_at: datetime
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One call that was refused; by which number it was told to nobody."""

    at: datetime
    direction: CallDirection
    place: str
    """The number dialled, or the trunk."""
    source: str
    """The address it came from, or went to."""
    reason: RefusalReason
    status: int

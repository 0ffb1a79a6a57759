"""What every call in one voice process shares."""

from dataclasses import dataclass, field
from uuid import UUID

from channels.voice.distribution import Distribution
from channels.voice.ledger import Ledger
from channels.voice.leg import Leg
from channels.voice.lines import Lines
from channels.voice.media.engine import MediaEngine
from channels.voice.media.pages import PageEngine
from channels.voice.options import VoiceOptions
from channels.voice.page_ring import PageRing
from channels.voice.switchboard import Switchboard
from channels.voice.talk import Parked, Talk
from channels.voice.telling import RefusalBook
from channels.voice.trunks import TrunkRegistrations
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.ids import CallId


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The parts of a voice process that its calls use."""

    options: VoiceOptions
    database: Database
    clock: Clock
    media: MediaEngine
    lines: Lines
    switchboard: Switchboard
    distribution: Distribution
    trunks: TrunkRegistrations
    refusals: RefusalBook
    process_id: UUID
    """The present life of this process; another one after the database gave it up."""
    alive: set[CallId] = field(default_factory=set)
    """The calls that this process carries."""
    pages: PageEngine | None = None
    """The engine for the legs of pages; None: it has none, and seats use SIP phones."""
    conversations: dict[CallId, Talk] = field(default_factory=dict)
    """Who talks, by call."""
    page_rings: dict[UUID, PageRing] = field(default_factory=dict)
    """What rings in pages, by offer."""
    parked: dict[CallId, Parked] = field(default_factory=dict)
    """Who hears music until a seat picks the call up."""
    far_legs: dict[CallId, list[Leg]] = field(default_factory=dict)
    """Whoever has answered for a call: in the end none of them is left connected with nobody."""
    ledger: Ledger = field(init=False)
    """Where calls write down what happens to them."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.database)

    def keep(self, call_id: CallId, leg: Leg) -> None:
        """Note that a leg was answered for a call; it is dropped with the call at the latest."""
        self.far_legs.setdefault(call_id, []).append(leg)

"""Everything an installation chooses about its telephone side."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from channels.voice.media.sdes import Srtp
from channels.voice.sip.auth import Credentials
from channels.voice.sockets import TlsOptions
from channels.voice.websockets import WebSocketOptions
from hotline.kernel.db import Database
from hotline.people.citizen import PeopleOptions
from hotline.queues.values import QueuePolicy
from hotline.sla.calendar import WorkingCalendar
from hotline.tickets.query_code import QueryCodeOptions
from ivr.flow import Flow

LookUp: TypeAlias = Callable[
    [Database, Sequence[str], datetime], Awaitable[Mapping[str, str] | None]
]
"""What a flow's `lookup` asks: by keys, at a time; None if nothing is known under them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightHours:
    """Wall-clock hours in Shanghai in which a line is in its night service; over midnight is fine.

    Equal times mean: never.
    """

    begins: time = time(0)
    ends: time = time(0)

    def holds(self, at: time) -> bool:
        """Say whether `at` is within the hours; the end is outside."""
        if self.begins <= self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


NO_HOLIDAY = "no"
"""What flows are told on any other day."""


class HolidayService(StrEnum):
    """Who answers on a public holiday."""

    NIGHT = "night"  # 值班服务: the duty seats, all day long
    QUEUE = "queue"  # 照常排队: as on any other day


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """One number that citizens dial."""

    number: str
    flow: str = "main"
    night_flow: str = ""
    """The flow at night; `flow` if empty."""
    queues: Mapping[str, str] = field(default_factory=dict)
    """Queue of the flow to queue of the house, where they differ."""
    night: NightHours = NightHours()
    hours: tuple[tuple[time, time], ...] = ()
    """Stretches in which the whole hall works; outside them is night. Empty: always."""
    holiday: HolidayService | None = None
    """What flows are told on a public holiday; None: that it is a day like any other."""
    language: str = ""
    """Of the prompts; the flow's if empty."""
    prompts: Path | None = None
    """A folder of prompts of its own: `<language>/<name>.wav`; None: those of the house."""
    max_calls: int = 200
    """Calls at once; the next one is answered 486 with Retry-After."""
    retry_after: int = 5
    """Seconds in the Retry-After of that 486."""
    identity: str = ""
    """What we assert to trunks when we ring in this line's name: a number or a SIP address."""
    is_private: bool = False
    """Whether those whom we ring in its name are to see no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkOptions:
    """One way to and from the telephone network."""

    name: str
    host: str
    port: int = 5060
    transport: str = "udp"
    number: str = "12345"
    """Our number towards it: the caller of outbound calls."""
    domain: str = ""
    """The provider's domain in our address; `host` if empty."""
    peers: tuple[str, ...] = ()
    """Further addresses or names that calls may come from."""
    allowed: tuple[re.Pattern[str], ...] = ()
    """A number is dialled by it only if one of these matches the whole; empty: any number that
    may be dialled at all."""
    credentials: Credentials | None = None
    registers: bool = False
    """Register with the provider, instead of being a fixed address to it."""
    srtp: Srtp = Srtp.OPTIONAL
    """Whether the sound of its calls is encrypted; only ever over TLS."""
    uses_srv: bool = False
    """`host` is a domain: where its calls go is asked for (SRV), `port` counts without records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundOptions:
    """Whom we may ring, and how much."""

    allowed: tuple[re.Pattern[str], ...] = ()
    """A number is dialled only if one of these matches the whole of it."""
    max_calls: int = 10
    """Calls at once by all trunks, those that seats dial among them; emergencies always go."""
    calls_an_hour: int = 600
    calls_to_one: int = 6
    """To one number within an hour."""
    trunk_patience: timedelta = timedelta(seconds=4)
    """A trunk that has not said a word after so long is given up for the next one."""
    ring_limit: timedelta = timedelta(seconds=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLimits:
    """How long things may take."""

    announce_first: timedelta = timedelta(seconds=4)
    """Until a caller who waits hears the place in the queue."""
    announce_every: timedelta = timedelta(seconds=30)
    """Between two announcements of it."""
    max_wait: timedelta = timedelta(minutes=15)
    """After that a waiting caller goes on in the flow (overflow)."""
    max_talk: timedelta = timedelta(hours=2)
    silence: timedelta = timedelta(seconds=40)
    """Without a packet for so long a call is dead."""
    page_returns: timedelta = timedelta(seconds=30)
    """A seat's page that was lost in a talk has so long to come back; the citizen hears music."""
    park: timedelta = timedelta(minutes=2)
    """A parked caller who is not picked up by then goes back to the seat that parked."""
    goodbye: timedelta = timedelta(seconds=5)
    """At a shutdown, callers hear so much of the goodbye."""
    drain: timedelta = timedelta(0)
    """At a shutdown, calls may so long end by themselves before that."""
    retry_after: int = 5
    """Seconds in the Retry-After of a 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOptions:
    """The options of one voice process."""

    name: str = "voice"
    """Unique among the voice processes that run at the same time."""
    host: str = "127.0.0.1"
    port: int = 5060
    public_host: str = ""
    """What Via, Contact and SDP say; `host` if empty."""
    tls: TlsOptions | None = None
    """Our certificate; without one there is no TLS."""
    websocket: WebSocketOptions | None = None
    """Where phones in browsers connect; None: nowhere."""
    realm: str = "hotline"
    """Of the seats' phones."""
    srtp: Srtp = Srtp.OPTIONAL
    """Whether the sound of seats' phones, and of callers without a trunk, is encrypted."""
    max_calls: int = 200
    lines: tuple[LineOptions, ...]
    trunks: tuple[TrunkOptions, ...] = ()
    """In the order in which they are tried; with none, anybody may call the lines."""
    outbound: OutboundOptions = OutboundOptions()
    queue_policy: QueuePolicy = field(default_factory=QueuePolicy)
    limits: VoiceLimits = VoiceLimits()
    name_servers: tuple[tuple[str, int], ...] = ()
    """Who is asked for SRV records; those of the system if empty."""
    flows: Mapping[str, Flow]
    prompts: Path
    """Folder of prompts: `<language>/<name>.wav`."""
    recordings: Path
    """Folder of recordings."""
    people: PeopleOptions = field(repr=False)
    """How a caller's number is recognised."""
    query_codes: QueryCodeOptions = field(repr=False)
    """How the code is made that is told to whoever has left a message."""
    calendar: WorkingCalendar | None = None
    """Tells flows what kind of day it is (`day`)."""
    lookups: Mapping[str, LookUp] = field(default_factory=dict)
    """What flows may look up, by name."""

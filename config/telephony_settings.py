"""The settings of the telephone side: where SIP listens, the trunks, and the lines."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from channels.voice.media.sdes import Srtp
from channels.voice.options import HolidayService
from config.addresses import Address
from config.media_settings import Addresses
from config.setting_kinds import AddressField, Hours, Night, Part, Patterns, Words, read_patterns

ALLOWED = read_patterns((r"1[3-9]\d{9}", r"0[1-9]\d{8,10}"))
"""Chinese mobile and landline numbers, none abroad."""

Seconds = Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=2))]
Hour = Annotated[timedelta, Field(ge=timedelta(seconds=5), le=timedelta(hours=1))]
Drain = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=2))]
Day = Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=1))]

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class TlsSettings(Part):
    """TLS 1.2 or later for SIP; without it there is none, neither to us nor from us."""

    certificate: Path
    """PEM: our certificate and the chain above it."""
    key: Path
    """PEM: its key."""
    address: AddressField | None = None
    """Where we listen; default: the host of `HOTLINE_SIP__ADDRESS`, port 5061."""
    authorities: Path | None = None
    """PEM: who signs the certificates of our trunks; default: the system's list."""
    wants_certificates: bool = False
    """Whether who connects to us must show a certificate that one of `authorities` signed."""

    @model_validator(mode="after")
    def _knows_whom_to_believe(self) -> Self:
        if self.wants_certificates and self.authorities is None:
            raise ValueError("wants_certificates needs authorities: who signs them")
        return self


class WebSocketSettings(Part):
    """SIP over WebSocket, for phones in browsers of others."""

    address: AddressField
    path: str = Field(default="/sip", pattern=r"^/")
    secure: bool = True
    """`wss` with the certificate of `HOTLINE_SIP__TLS__…`; `false`: a proxy in front does TLS."""
    origins: Words = ()
    """Pages that may connect, as in `https://phone.example.org`; default: any, and no page."""


class SipSettings(Part):
    """The SIP endpoint, UDP and TCP on one address."""

    address: AddressField = Address("127.0.0.1", 5060)
    name: str = "voice"
    """Unique among the voice processes that run at the same time."""
    public_host: str = ""
    """How others reach us: in Via, Contact and SDP. Needed with a wildcard address."""
    realm: str = "hotline"
    max_calls: int = Field(default=200, ge=1, le=20_000)
    """Calls at once; the next one is answered 503 with Retry-After."""
    tls: TlsSettings | None = None
    websocket: WebSocketSettings | None = None
    name_servers: Addresses = ()
    """HOST:PORT of who is asked for the SRV records of trunks; default: those of the system."""
    srtp: Srtp = Srtp.OPTIONAL
    """Whether the sound of seats' phones is encrypted (SRTP): `off`, `optional` or `required`.
    Only ever over TLS, because the keys travel with the signalling."""

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.address.is_wildcard and not self.public_host:
            raise ValueError("public_host is needed when address is a wildcard")
        if self.websocket is not None and self.websocket.secure and self.tls is None:
            raise ValueError("a secure websocket needs tls: a certificate and its key")
        return self

    @property
    def advertised_host(self) -> str:
        """The host that peers are told."""
        return self.public_host or self.address.host

    @property
    def tls_address(self) -> Address | None:
        """Where TLS listens; None: nowhere."""
        if self.tls is None:
            return None
        return self.tls.address or Address(self.address.host, 5061)


class TrunkSettings(Part):
    """A line to the telephone network."""

    address: AddressField
    """Where our outbound calls go; the host may be a name."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    number: str = ""
    """Our number, as those see it whom we ring; default: the first of the lines'."""
    peers: Words = ()
    """Further addresses or names that calls may come from."""
    username: str = ""
    password: SecretStr | None = None
    realm: str = ""
    """The provider's realm: no other is told anything of the password; default: any, but only
    from the trunk's own address."""
    registers: bool = False
    """Register with the provider instead of being a fixed address to it."""
    srv: bool = False
    """The host of `address` is a domain whose SRV records say where calls go (`_sip._udp.…`,
    `_sip._tcp.…`); its port counts when there are none. Not with TLS: a certificate would have to
    name the domain."""
    srtp: Srtp = Srtp.OPTIONAL
    """Whether the sound is encrypted (SRTP): `off`, `optional` or `required`; over TLS alone."""
    domain: str = ""
    """The provider's domain in our SIP address; default: the host of `address`."""
    allowed: Patterns = ALLOWED
    """Numbers that may be rung: Chinese mobile and landline ones, none abroad."""
    max_calls: int = Field(default=10, ge=1, le=1000)
    """Our calls at once, automatic ones and those that seats dial; emergency calls always go."""
    calls_an_hour: int = Field(default=600, ge=1)
    """Such calls within any hour."""
    calls_to_one: int = Field(default=6, ge=1)
    """Such calls to one number within any hour."""

    @model_validator(mode="after")
    def _is_found(self) -> Self:
        if self.srv and self.transport == "tls":
            raise ValueError("srv cannot be used with transport tls: name the host itself")
        return self


class CallSettings(Part):
    """How long things of a call may take; each as `PT30S`, `PT2M`, `PT1H30M`."""

    announce_first: Seconds = timedelta(seconds=4)
    """Until a caller who waits hears the place in the queue."""
    announce_every: Seconds = timedelta(seconds=30)
    """Between two announcements of it."""
    max_wait: Hour = timedelta(minutes=15)
    """After that a waiting caller goes on in the flow (overflow)."""
    max_talk: Day = timedelta(hours=2)
    """Any call ends by then."""
    silence: Hour = timedelta(seconds=40)
    """A call from which no packet came for so long is dead."""
    page_returns: Hour = timedelta(seconds=30)
    """A seat's page that was lost in a talk has so long to come back; the citizen hears music."""
    park: Hour = timedelta(minutes=2)
    """A parked caller who is not picked up by then goes back to the seat that parked."""
    goodbye: Seconds = timedelta(seconds=5)
    """At a shutdown, callers hear so much of the goodbye."""
    drain: Drain = timedelta(0)
    """At a shutdown, calls may so long end by themselves before that; new ones are refused."""
    retry_after: int = Field(default=5, ge=1, le=86_400)
    """Seconds in the Retry-After of who is refused because the house is full."""
    ring_limit: Seconds = timedelta(seconds=45)
    """Whom we ring, we ring so long."""
    trunk_patience: Seconds = timedelta(seconds=4)
    """A trunk that has not said a word after so long is given up for the next one."""


class OwnLineSettings(Part):
    """One line that differs from the others; what is not set is as `HOTLINE_LINE__…` says."""

    flow: str | None = None
    night_flow: str | None = None
    hours: Hours | None = None
    night: Night | None = None
    duty_queue: str | None = None
    holiday: HolidayService | None = None
    queue: str | None = None
    """The queue whose seats answer; default: the one that the flow names."""
    language: Annotated[str, Field(pattern=LANGUAGE)] | None = None
    prompts: Path | None = None
    max_calls: Annotated[int, Field(ge=1, le=20_000)] | None = None
    retry_after: Annotated[int, Field(ge=1, le=86_400)] | None = None
    identity: str | None = None
    private: bool | None = None


class LineSettings(Part):
    """The numbers that citizens dial."""

    numbers: Words = Field(default=("12319", "12345"), min_length=1)
    flow: str = "main"
    """The menu that answers."""
    night_flow: str = ""
    """The menu that answers at night; default: `flow`, which is told that it is night."""
    hours: Hours = ()
    """The hours of the whole hall, `08:30-12:00 14:00-18:00`; outside it is night."""
    night: Night | None = None
    """The hours of the duty seat, over midnight if need be: `20:00-08:00`."""
    duty_queue: str = "hotline"
    """The queue whose seats answer in those hours."""
    holiday: HolidayService | None = None
    """On public holidays: `night` (a word about the day, then the duty seats), or `queue` (the same
    word, then as on any day); default: a day like any other."""
    language: str = Field(default="", pattern=f"{LANGUAGE}|^$")
    """Of the prompts; default: the flow's."""
    prompts: Path | None = None
    """A folder of prompts of the line's own; default: those of the house."""
    max_calls: int | None = Field(default=None, ge=1, le=20_000)
    """Calls at once on each line; default: `HOTLINE_SIP__MAX_CALLS`."""
    retry_after: int = Field(default=5, ge=1, le=86_400)
    """Seconds in the Retry-After of who is refused because the line is full."""
    identity: str = ""
    """The number or SIP address that we assert to a trunk (P-Asserted-Identity); default: none."""
    private: bool = False
    """Whether those whom we ring see no number of ours (Privacy: id)."""
    area_code: str | None = Field(default=None, pattern=r"^0\d{2,3}$")
    """Of the city: landline numbers without one are local."""

"""From settings and secrets to the options of each part; each part defines its own."""

from collections.abc import Mapping, Sequence
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aiohttp
from redis.asyncio import Redis

from case_bridge.web.case_export import CaseExport
from case_bridge.web.places_options import SEARCH, MapOptions
from channels.mail.adapter import MailServerOptions
from channels.mail.client import MailRelay, RelayOptions
from channels.mail.compose import Sender as MailSender
from channels.mail.parse import read_mail
from channels.outbound import OutboundByChannel, Sender
from channels.sms.gateway import GatewayOptions, SmsGateway
from channels.sms.reports import read_report
from channels.voice.media.embedded import EmbeddedMediaOptions
from channels.voice.options import LookUp, VoiceOptions
from channels.voice.rtp.codec import Codec
from channels.voice.ticket_status import TicketStatus
from channels.web.options import ALL_GUESSES, GUESSES, REPORTS, PublicOptions
from config import telephony
from config.queue_rules import queue_rules
from config.secrets import Secrets
from config.settings import RelaySettings, Settings
from config.shared_limits import SharedLimit
from hotline.callbacks.hours import Window
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy
from hotline.contacts.contact import Channel
from hotline.intake.form import read_form
from hotline.intake.receipts import ReceiptOptions
from hotline.intake.request import Readers
from hotline.intake.service import IntakeOptions
from hotline.people.citizen import PeopleOptions
from hotline.queues.values import QueuePolicy
from hotline.recordings.retention import RetentionPolicy
from hotline.recordings.states import RecordingClass
from hotline.reports.exports.lists import ExportedList
from hotline.reports.exports.service import ExportOptions
from hotline.reports.exports.tickets import TicketExport
from hotline.sla.calendar import WorkingCalendar
from hotline.tickets.query_code import QueryCodeOptions
from hotline.web.desk.options import DeskOptions, DeskPlaces
from hotline.web.keys import WebOptions
from hotline.web.labels import label
from hotline.web.rates import Limit
from hotline.web.recordings.options import RecordingsOptions
from hotline.web.refusals import DOORS, PEOPLE, RefusalLimits
from hotline.web.sign_ins import LOCKS, NAMES, PAIRS, PLACES, SignInLimits
from hotline.web.tickets.options import TicketListOptions
from ivr.flow import Flow

READERS: Final[Readers] = MappingProxyType(
    {Channel.WEB: read_form, Channel.MAIL: read_mail, Channel.SMS: read_report}
)
"""Who understands the raw contacts of each channel."""

HOTLINE_NAME: Final = "城市管理服务热线"


def people_options(settings: Settings, secrets: Secrets) -> PeopleOptions:
    """How citizens are recognised."""
    return PeopleOptions(index_key=secrets.blind_index, home_area_code=settings.line.area_code)


def query_code_options(secrets: Secrets) -> QueryCodeOptions:
    """How the codes of the status page are made."""
    return QueryCodeOptions(secret=secrets.query_code)


def intake_options(people: PeopleOptions) -> IntakeOptions:
    """How contacts become tickets."""
    return IntakeOptions(readers=READERS, people=people)


def receipt_options(
    settings: Settings, codes: QueryCodeOptions, channels: frozenset[Channel]
) -> ReceiptOptions:
    """How citizens are told their number and code."""
    return ReceiptOptions(
        codes=codes,
        public_url=settings.http.base_url,
        channels=channels,
        hotline=settings.numbers[0],
    )


def link_options(settings: Settings, secrets: Secrets) -> LinkOptions:
    """How the links to a callback's questions are signed."""
    return LinkOptions(secret=secrets.callback_link, public_url=settings.http.base_url)


def callback_options(
    settings: Settings, secrets: Secrets, written: frozenset[Channel]
) -> CallbackOptions:
    """When and how complainants are asked; `written` are the channels that letters leave by."""
    spoken = {Channel.VOICE} if settings.all_trunks else set()
    return CallbackOptions(
        links=link_options(settings, secrets),
        policy=CallbackPolicy.for_demo() if settings.demo else _callback_policy(settings),
        channels=written | spoken,
        home_area_code=settings.line.area_code,
        hotline=settings.numbers[0],
    )


def _callback_policy(settings: Settings) -> CallbackPolicy:
    chosen = settings.callback
    return CallbackPolicy(
        windows=_windows(chosen.hours),
        holiday_windows=_windows(chosen.holiday_hours),
        phone_attempts=chosen.phone_attempts,
        gap=chosen.gap,
        answer_within=chosen.answer_within,
    )


def _windows(hours: Sequence[tuple[time, time]]) -> tuple[Window, ...]:
    return tuple(Window(opens, None if closes == time(0) else closes) for opens, closes in hours)


def outbound_channels(settings: Settings, http: aiohttp.ClientSession) -> OutboundByChannel:
    """What letters leave by: only what is configured."""
    senders: dict[Channel, Sender] = {}
    if settings.relay:
        senders[Channel.MAIL] = MailRelay(_relay_options(settings.relay, settings.smtp.mailbox))
    gateway = gateway_options(settings)
    if gateway:
        senders[Channel.SMS] = SmsGateway(gateway, http)
    return OutboundByChannel(senders)


def _relay_options(relay: RelaySettings, mailbox: str) -> RelayOptions:
    return RelayOptions(
        host=relay.host,
        port=relay.port,
        sender=MailSender(HOTLINE_NAME, mailbox),
        username=relay.username or None,
        password=relay.password.get_secret_value() if relay.password else None,
        tls=relay.security == "tls",
        start_tls=relay.security == "starttls",
    )


def gateway_options(settings: Settings) -> GatewayOptions | None:
    """Where text messages leave, and who reports of them; None without a gateway."""
    if settings.sms is None:
        return None
    secret = settings.sms.secret.get_secret_value().encode()
    return GatewayOptions(url=settings.sms.url, secret=secret)


def mail_server_options(settings: Settings) -> MailServerOptions:
    """Where mail comes in."""
    smtp = settings.smtp
    return MailServerOptions(
        host=smtp.address.host,
        port=smtp.address.port,
        hostname=smtp.mailbox.partition("@")[2],
        mailboxes=frozenset({smtp.mailbox.lower()}),
        max_size=smtp.max_message_bytes,
    )


def web_options(settings: Settings, secrets: Secrets, redis: Redis) -> WebOptions:
    """How the pages present themselves, and how often a password may be tried."""
    token = settings.http.metrics_token
    limits = {"pairs": PAIRS, "places": PLACES, "names": NAMES, "locks": LOCKS}
    refusals = {"doors": DOORS, "people": PEOPLE}
    shared: dict[str, Limit] = {}
    shared_refusals: dict[str, Limit] = {}
    if settings.http.processes > 1:
        shared = {
            name: SharedLimit(redis, f"sign_in_{name}", *each) for name, each in limits.items()
        }
        shared_refusals = {
            name: SharedLimit(redis, f"refused_{name}", *each) for name, each in refusals.items()
        }
    return WebOptions(
        secret=secrets.session,
        https=settings.http.https,
        trusted_proxies=settings.http.trusted_proxies,
        metrics_token=token.get_secret_value() if token else None,
        hotline_name=HOTLINE_NAME,
        numbers=settings.numbers,
        sign_ins=SignInLimits(**shared),
        administrators_idle=settings.http.administrators_idle,
        refusals=RefusalLimits(**shared_refusals),
    )


def public_options(
    settings: Settings, secrets: Secrets, intake: IntakeOptions, redis: Redis
) -> PublicOptions:
    """What the pages for citizens need; several web processes count a source's tries together."""
    shared: dict[str, Limit] = {}
    if settings.http.processes > 1:
        shared = {
            "reports": SharedLimit(redis, "reports", *REPORTS),
            "guesses": SharedLimit(redis, "guesses", *GUESSES),
            "all_guesses": SharedLimit(redis, "all_guesses", *ALL_GUESSES),
        }
    return PublicOptions(
        **shared,
        intake=intake,
        query_codes=query_code_options(secrets),
        links=link_options(settings, secrets),
        receipt_secret=secrets.receipt,
    )


def desk_options(settings: Settings, people: PeopleOptions, codes: QueryCodeOptions) -> DeskOptions:
    """What the seats' desk needs; addresses are looked up where the map's are."""
    base = map_options(settings)
    places = DeskPlaces(SEARCH, base.tiles, base.attribution, base.tile_host)
    return DeskOptions(query_codes=codes, people=people, places=places)


def export_options(settings: Settings) -> ExportOptions:
    """Where lists lie that were taken away as files, and which lists there are."""
    lists: tuple[ExportedList, ...] = (TicketExport(label), CaseExport())
    return ExportOptions(settings.data / "exports", {each.name: each for each in lists})


def ticket_list_options(people: PeopleOptions, exports: ExportOptions) -> TicketListOptions:
    """What the lists of tickets need."""
    return TicketListOptions(people=people, exports=exports)


def map_options(settings: Settings) -> MapOptions:
    """The base map, if there is one."""
    chosen = settings.map
    return MapOptions(
        tiles=chosen.tiles,
        attribution=chosen.attribution,
        crs=chosen.crs,
        county=chosen.county,
    )


def voice_options(
    settings: Settings,
    people: PeopleOptions,
    codes: QueryCodeOptions,
    flows: Mapping[str, Flow],
    prompts: Path,
    *,
    calendar: WorkingCalendar | None = None,
) -> VoiceOptions:
    """Everything about calls."""
    sip = settings.sip
    return VoiceOptions(
        name=sip.name,
        host=sip.address.host,
        port=sip.address.port,
        public_host=sip.public_host,
        tls=telephony.tls_options(sip),
        websocket=telephony.websocket_options(sip),
        realm=sip.realm,
        srtp=sip.srtp,
        name_servers=tuple((server.host, server.port) for server in sip.name_servers),
        max_calls=sip.max_calls,
        lines=telephony.line_options(settings),
        trunks=telephony.trunk_options(settings),
        outbound=telephony.outbound_options(settings.all_trunks, settings.call),
        limits=telephony.voice_limits(settings.call),
        queue_policy=queue_policy(settings),
        flows=flows,
        prompts=prompts,
        recordings=recordings_folder(settings),
        people=people,
        query_codes=codes,
        calendar=calendar,
        lookups=lookups(codes),
    )


def lookups(codes: QueryCodeOptions) -> Mapping[str, LookUp]:
    """What flows may look up; `config.flow_checks` knows the names and what each gives."""
    return MappingProxyType({"ticket": TicketStatus(codes)})


def queue_policy(settings: Settings) -> QueuePolicy:
    """The limits of offers and of the work after a call, and the rules of each queue."""
    seat = settings.seat
    return QueuePolicy(
        offer_limit=seat.offer_limit, wrap_up_limit=seat.wrap_up_limit, queues=queue_rules()
    )


def recordings_options(settings: Settings) -> RecordingsOptions:
    """What the pages of recordings need."""
    return RecordingsOptions(folder=recordings_folder(settings))


def retention_policy(settings: Settings) -> RetentionPolicy:
    """For how long recordings are kept, by class."""
    kept = settings.recording
    return RetentionPolicy(
        MappingProxyType(
            {
                RecordingClass.INBOUND: kept.inbound_kept,
                RecordingClass.OUTBOUND: kept.outbound_kept,
                RecordingClass.MESSAGE: kept.inbound_kept,
            }
        )
    )


def recordings_folder(settings: Settings) -> Path:
    """Where calls are recorded."""
    return settings.data / "recordings"


def media_options(settings: Settings) -> EmbeddedMediaOptions:
    """Where sound is received."""
    ports = settings.rtp.ports
    return EmbeddedMediaOptions(
        host=settings.rtp.host or settings.sip.address.host,
        first_port=ports.first,
        last_port=ports.last,
        advertised_host=settings.rtp.host or settings.sip.public_host or None,
        codecs=tuple(Codec(name.upper()) for name in settings.media.codecs),
        page_codecs=tuple(Codec(name.upper()) for name in settings.media.page_codecs),
    )

"""From the settings of the telephone side to the options of its parts."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from channels.voice.options import (
    LineOptions,
    NightHours,
    OutboundOptions,
    TrunkOptions,
    VoiceLimits,
)
from channels.voice.sip.auth import Credentials
from channels.voice.sockets import TlsOptions
from channels.voice.websockets import WebSocketOptions
from config.settings import Settings
from config.telephony_settings import (
    CallSettings,
    OwnLineSettings,
    SipSettings,
    TrunkSettings,
)

DUTY = "duty"
"""What flows call the queue of the duty seat."""
HALL = "hotline"
"""What flows call the queue of the whole hall."""


def line_options(settings: Settings) -> tuple[LineOptions, ...]:
    """Every line, with what is its own before what all have."""
    return tuple(
        _line(settings, number, settings.lines.get(number, OwnLineSettings()))
        for number in settings.numbers
    )


def hall_queues(settings: Settings) -> dict[str, str]:
    """Return the queue of the whole hall for each line."""
    return {line.number: line.queues.get(HALL, HALL) for line in line_options(settings)}


def _line(settings: Settings, number: str, own: OwnLineSettings) -> LineOptions:
    shared = settings.line
    chosen = shared.model_copy(update=own.model_dump(exclude_none=True, exclude={"queue"}))
    if own.hours is not None or own.night is not None:
        # Whoever says when a line is open says it whole.
        chosen = chosen.model_copy(update={"hours": own.hours or (), "night": own.night})
    queues = {DUTY: chosen.duty_queue}
    if own.queue is not None:
        queues[HALL] = own.queue
    return LineOptions(
        number=number,
        flow=chosen.flow,
        night_flow=chosen.night_flow,
        queues=MappingProxyType(queues),
        night=NightHours(begins=chosen.night[0], ends=chosen.night[1])
        if chosen.night
        else NightHours(),
        hours=chosen.hours,
        holiday=chosen.holiday,
        language=chosen.language,
        prompts=chosen.prompts,
        max_calls=chosen.max_calls or settings.sip.max_calls,
        retry_after=chosen.retry_after,
        identity=chosen.identity,
        is_private=chosen.private,
    )


def trunk_options(settings: Settings) -> tuple[TrunkOptions, ...]:
    """Every trunk, in the order in which they are tried."""
    return tuple(
        _trunk(name, trunk, settings.numbers[0]) for name, trunk in settings.all_trunks.items()
    )


def _trunk(name: str, trunk: TrunkSettings, number: str) -> TrunkOptions:
    credentials = None
    if trunk.username and trunk.password:
        credentials = Credentials(
            trunk.username, trunk.password.get_secret_value(), trunk.realm or None
        )
    return TrunkOptions(
        name=name,
        host=trunk.address.host,
        port=trunk.address.port,
        transport=trunk.transport,
        number=trunk.number or number,
        domain=trunk.domain,
        peers=trunk.peers,
        allowed=trunk.allowed,
        credentials=credentials,
        registers=trunk.registers,
        srtp=trunk.srtp,
        uses_srv=trunk.srv,
    )


def voice_limits(call: CallSettings) -> VoiceLimits:
    """How long things may take."""
    return VoiceLimits(**call.model_dump(exclude={"ring_limit", "trunk_patience"}))


def outbound_options(trunks: Mapping[str, TrunkSettings], call: CallSettings) -> OutboundOptions:
    """Whom we may ring, and how much: what the trunks may do together."""
    limits = OutboundOptions(ring_limit=call.ring_limit, trunk_patience=call.trunk_patience)
    if not trunks:
        return limits
    each = tuple(trunks.values())
    return replace(
        limits,
        allowed=tuple(dict.fromkeys(pattern for trunk in each for pattern in trunk.allowed)),
        max_calls=sum(trunk.max_calls for trunk in each),
        calls_an_hour=sum(trunk.calls_an_hour for trunk in each),
        calls_to_one=max(trunk.calls_to_one for trunk in each),
    )


def tls_options(sip: SipSettings) -> TlsOptions | None:
    """Our certificate, and where it is shown; None without one."""
    address = sip.tls_address
    if sip.tls is None or address is None:
        return None
    return TlsOptions(
        certificate=sip.tls.certificate,
        key=sip.tls.key,
        host=address.host,
        port=address.port,
        authorities=sip.tls.authorities,
        wants_certificates=sip.tls.wants_certificates,
    )


def websocket_options(sip: SipSettings) -> WebSocketOptions | None:
    """Where phones in browsers connect; None: nowhere."""
    chosen = sip.websocket
    if chosen is None:
        return None
    return WebSocketOptions(
        host=chosen.address.host,
        port=chosen.address.port,
        path=chosen.path,
        is_secure=chosen.secure,
        origins=frozenset(chosen.origins),
    )

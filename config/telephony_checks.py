"""What `hotline check` says of the telephone side: names, certificates, flows and prompts."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from channels.voice.media.sdes import Srtp
from channels.voice.options import LineOptions
from channels.voice.sockets import client_context, server_context
from config.addresses import Address
from config.catalogue import load_flows
from config.directory_table import load_directory
from config.prompts import prompt_names
from config.settings import FIRST_TRUNK, Settings
from config.telephony import line_options, tls_options
from config.telephony_settings import SipSettings, TlsSettings
from hotline.kernel.clock import SHANGHAI
from ivr.errors import FlowError
from ivr.flow import Flow
from ivr.loader import load_flow

RENEW_BEFORE = timedelta(days=30)
"""A certificate that ends sooner is a problem: somebody has to renew it."""

CERTIFICATE = "HOTLINE_SIP__TLS__CERTIFICATE"
KEY = "HOTLINE_SIP__TLS__KEY"
AUTHORITIES = "HOTLINE_SIP__TLS__AUTHORITIES"


def telephony_addresses(sip: SipSettings) -> Iterator[tuple[str, Address]]:
    """Yield where else than at the SIP address TCP is listened for, with its variable."""
    if sip.tls_address is not None:
        yield "HOTLINE_SIP__TLS__ADDRESS", sip.tls_address
    if sip.websocket is not None:
        yield "HOTLINE_SIP__WEBSOCKET__ADDRESS", sip.websocket.address


def telephony_problems(settings: Settings, data: Path, now: datetime) -> Iterator[str]:
    """Yield every problem, each a sentence that says where it is and what to do."""
    yield from _trunk_problems(settings)
    yield from _srtp_problems(settings)
    if settings.sip.tls is not None:
        yield from _tls_problems(settings.sip, settings.sip.tls, now)
    flows = load_flows(data / "flows", data / "prompts", load_directory(data, []), [])
    for line in line_options(settings):
        yield from _line_problems(line, flows, data)


def _trunk_problems(settings: Settings) -> Iterator[str]:
    for name, trunk in settings.all_trunks.items():
        prefix = _prefix_of(settings, name)
        # A domain with SRV records needs no address of its own.
        hosts = [] if trunk.srv else [(f"{prefix}__ADDRESS", trunk.address.host)]
        for variable, host in (*hosts, *((f"{prefix}__PEERS", peer) for peer in trunk.peers)):
            try:
                socket.getaddrinfo(host, None)
            except (OSError, UnicodeError):
                yield f"{variable}: the host {host} is not known"
        if trunk.transport == "tls" and settings.sip.tls is None:
            yield f"{prefix}__TRANSPORT: tls needs a certificate: set {CERTIFICATE} and {KEY}"
        if trunk.registers and not (trunk.username and trunk.password):
            yield f"{prefix}__REGISTERS: set {prefix}__USERNAME and {prefix}__PASSWORD, too"


def _srtp_problems(settings: Settings) -> Iterator[str]:
    """What is required and cannot be: every call would be refused."""
    wishes = {"HOTLINE_SIP__SRTP": (settings.sip.srtp, settings.sip.tls is not None)}
    for name, trunk in settings.all_trunks.items():
        wishes[f"{_prefix_of(settings, name)}__SRTP"] = (trunk.srtp, trunk.transport == "tls")
    for variable, (srtp, is_encrypted) in wishes.items():
        if srtp is not Srtp.REQUIRED:
            continue
        if not is_encrypted:
            yield f"{variable}: required needs TLS, because the keys travel with the signalling"
        if settings.media.engine == "rtpengine":
            yield f"{variable}: required needs HOTLINE_MEDIA__ENGINE=embedded"


def _prefix_of(settings: Settings, name: str) -> str:
    is_first = name == FIRST_TRUNK and settings.trunk is settings.all_trunks[name]
    return "HOTLINE_TRUNK" if is_first else f"HOTLINE_TRUNKS__{name.upper()}"


def _tls_problems(sip: SipSettings, tls: TlsSettings, now: datetime) -> Iterator[str]:
    missing = False
    files = {CERTIFICATE: tls.certificate, KEY: tls.key, AUTHORITIES: tls.authorities}
    for variable, file in files.items():
        if file is not None and not _is_readable(file):
            missing = True
            yield f"{variable}: {file} cannot be read: name a PEM file, readable for this user"
    if missing:
        return
    options = tls_options(sip)
    assert options is not None
    try:
        server_context(options)
        client_context(options)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or str(error)
        yield f"{CERTIFICATE}, {KEY}: they cannot be used together: {reason}"
    else:
        yield from _certificate_problems(sip, tls.certificate, now)
    if tls.key.stat().st_mode & 0o007:
        yield f"{KEY}: {tls.key} may be read by everybody: chmod 600"


def _is_readable(file: Path) -> bool:
    try:
        with file.open("rb"):
            return True
    except OSError:
        return False


def _certificate_problems(sip: SipSettings, file: Path, now: datetime) -> Iterator[str]:
    own, *chain = x509.load_pem_x509_certificates(file.read_bytes())
    for number, certificate in enumerate((own, *chain)):
        which = str(file) if number == 0 else f"certificate {number + 1} of {file}"
        ends = certificate.not_valid_after_utc
        day = f"{ends.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        if ends <= now:
            yield f"{CERTIFICATE}: {which} ended at {day}: renew it"
        elif ends - now < RENEW_BEFORE:
            yield f"{CERTIFICATE}: {which} ends at {day}: renew it before"
        if certificate.not_valid_before_utc > now:
            begins = certificate.not_valid_before_utc.astimezone(SHANGHAI)
            yield f"{CERTIFICATE}: {which} begins at {begins:%Y-%m-%d %H:%M} only"
    host = sip.advertised_host
    if not _names(own, host):
        yield f"{CERTIFICATE}: {file} is not for {host}, which is what our peers are told"


def _names(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    known = [str(each).lower() for each in names.get_values_for_type(x509.IPAddress)]
    known += [each.lower() for each in names.get_values_for_type(x509.DNSName)]
    wildcard = f"*.{host.lower().partition('.')[2]}"
    return host.lower() in known or wildcard in known


def _line_problems(line: LineOptions, flows: dict[str, Flow], data: Path) -> Iterator[str]:
    for name in dict.fromkeys(filter(None, (line.flow, line.night_flow))):
        if name not in flows:
            known = ", ".join(sorted(flows))
            yield f"line {line.number}: there is no flow {name}: choose one of {known}"
        elif line.language or line.prompts:
            yield from _prompt_problems(line, flows[name], data)


def _prompt_problems(line: LineOptions, flow: Flow, data: Path) -> Iterator[str]:
    """Read the flow again with the prompts that this line has for it."""
    folder = line.prompts or data / "prompts"
    language = line.language or flow.language
    file = data / "flows" / f"{flow.name}.yaml"
    try:
        load_flow(file.read_text(encoding="utf-8"), file.name, prompt_names(folder, language))
    except FlowError as error:
        for problem in error.problems:
            yield f"line {line.number}: with the prompts of {folder / language}: {problem}"

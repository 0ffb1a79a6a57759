"""`hotline alive`: does each role that runs here answer?"""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from config.addresses import Address
from config.rundir import running
from config.settings import Settings

ANSWER_SECONDS = 3.0


def probe_roles(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Yield each role that runs in the data directory, and what is wrong with it or None.

    A role without an address is fine while its process lives.
    """
    for role, _ in running(settings.data):
        probe = PROBES.get(role)
        try:
            yield role, probe(settings) if probe else None
        except (OSError, http.client.HTTPException) as error:
            yield role, f"does not answer: {str(error) or type(error).__name__}"


def _probe_web(settings: Settings) -> str | None:
    host, port = _reachable(settings.http.address)
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    finally:
        connection.close()
    return None if status == 200 else f"is not ready: status {status}"


def _probe_mail(settings: Settings) -> str | None:
    address = _reachable(settings.smtp.address)
    with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
        greeting = connection.recv(200)
    return None if greeting.startswith(b"220") else "does not greet (RFC 5321 4.2)"


def _probe_voice(settings: Settings) -> str | None:
    host, port = _reachable(settings.sip.address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(ANSWER_SECONDS)
        phone.connect((host, port))
        own = "{}:{}".format(*phone.getsockname())
        phone.send(
            f"OPTIONS sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKalive\r\n"
            f"From: <sip:alive@{own}>;tag=1\r\nTo: <sip:{host}:{port}>\r\nCall-ID: {own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )
        answer = phone.recv(2048)
    return None if answer.startswith(b"SIP/2.0 200") else "does not answer OPTIONS with 200"


def _reachable(address: Address) -> tuple[str, int]:
    return ("127.0.0.1" if address.is_wildcard else address.host), address.port


PROBES: Mapping[str, Callable[[Settings], str | None]] = MappingProxyType(
    {"web": _probe_web, "mail": _probe_mail, "voice": _probe_voice}
)

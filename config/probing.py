"""`hotline alive`: does each role that runs here answer?"""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from config.addresses import Address
from config.rundir import running

ANSWER_SECONDS = 3.0


def probe_roles(data: Path) -> Iterator[tuple[str, str | None]]:
    """Yield each role that runs in the data directory, and what is wrong with it or None.

    A role without an address is fine while its process lives.
    """
    for each in running(data):
        problem = None
        try:
            for protocol, address in each.addresses.items():
                problem = problem or PROBES[protocol](_reachable(Address.parse(address)))
        except (OSError, http.client.HTTPException) as error:
            problem = f"does not answer: {str(error) or type(error).__name__}"
        yield each.role, problem


def _probe_web(address: Address) -> str | None:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    finally:
        connection.close()
    return None if status == 200 else f"is not ready: status {status}"


def _probe_mail(address: Address) -> str | None:
    where = (address.host, address.port)
    with socket.create_connection(where, timeout=ANSWER_SECONDS) as connection:
        greeting = connection.recv(200)
    return None if greeting.startswith(b"220") else "does not greet (RFC 5321 4.2)"


def _probe_voice(address: Address) -> str | None:
    host, port = address.host, address.port
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


def _reachable(address: Address) -> Address:
    return Address("127.0.0.1", address.port) if address.is_wildcard else address


PROBES: Mapping[str, Callable[[Address], str | None]] = MappingProxyType(
    {"http": _probe_web, "smtp": _probe_mail, "sip": _probe_voice}
)

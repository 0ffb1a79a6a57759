"""`hotline alive` asks every role in its own language."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.addresses import Address
from config.probing import probe_roles
from config.rundir import registered
from config.settings import Settings, load_settings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DOWN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"


@pytest.fixture
def serve() -> Iterator[Callable[..., Address]]:
    """Start a server that says one thing to everybody."""
    with ExitStack() as stack:

        def tcp(answer: bytes, *, hears_first: bool = False) -> Address:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def run() -> None:
                connection, _ = listener.accept()
                with connection:
                    if hears_first:
                        connection.recv(4096)
                    connection.sendall(answer)

            thread = threading.Thread(target=run)
            thread.start()
            stack.callback(thread.join)
            return Address(*listener.getsockname())

        yield tcp


def udp_server(answer: bytes) -> tuple[Address, threading.Thread]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def run() -> None:
        with server:
            heard, source = server.recvfrom(4096)
            assert heard.startswith(b"OPTIONS sip:127.0.0.1:")
            server.sendto(answer, source)

    thread = threading.Thread(target=run)
    address = Address(*server.getsockname())
    thread.start()
    return address, thread


def probe(settings: Settings, *roles: str) -> dict[str, str | None]:
    with ExitStack() as stack:
        for role in roles:
            stack.enter_context(registered(settings.data, role))
        return dict(probe_roles(settings))


@pytest.mark.parametrize(("answer", "problem"), [(OK, None), (DOWN, "is not ready: status 503")])
def test_the_pages_are_asked_whether_they_are_ready(
    tmp_path: Path, serve: Callable[..., Address], answer: bytes, problem: str | None
) -> None:
    address = serve(answer, hears_first=True)

    settings = load_settings({"data": tmp_path, "http": {"address": address}})

    assert probe(settings, "web") == {"web": problem}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(b"220 hello\r\n", None), (b"421 no\r\n", "does not greet (RFC 5321 4.2)")],
)
def test_mail_must_greet(
    tmp_path: Path, serve: Callable[..., Address], answer: bytes, problem: str | None
) -> None:
    settings = load_settings({"data": tmp_path, "smtp": {"address": serve(answer)}})

    assert probe(settings, "mail") == {"mail": problem}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"SIP/2.0 200 OK\r\n\r\n", None),
        (b"SIP/2.0 503 No\r\n\r\n", "does not answer OPTIONS with 200"),
    ],
)
async def test_voice_is_asked_for_its_options(
    tmp_path: Path, answer: bytes, problem: str | None
) -> None:
    address, thread = udp_server(answer)
    settings = load_settings({"data": tmp_path, "sip": {"address": address}})

    answered = await asyncio.to_thread(probe, settings, "voice")

    thread.join()
    assert answered == {"voice": problem}


def test_a_closed_port_is_a_problem_of_its_role(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = Address(*taken.getsockname())
    settings = load_settings({"data": tmp_path, "smtp": {"address": closed}})

    answers = probe(settings, "mail", "worker")

    assert answers["worker"] is None
    assert "does not answer: " in str(answers["mail"])


def test_only_roles_that_run_are_asked(tmp_path: Path) -> None:
    assert probe(load_settings({"data": tmp_path})) == {}

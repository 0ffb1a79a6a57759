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


def probe(data: Path, role: str, **addresses: Address) -> str | None:
    with registered(data, role) as note:
        note({protocol: str(address) for protocol, address in addresses.items()})
        return dict(probe_roles(data))[role]


@pytest.mark.parametrize(("answer", "problem"), [(OK, None), (DOWN, "is not ready: status 503")])
def test_the_pages_are_asked_whether_they_are_ready(
    tmp_path: Path, serve: Callable[..., Address], answer: bytes, problem: str | None
) -> None:
    address = serve(answer, hears_first=True)

    assert probe(tmp_path, "web", http=address) == problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(b"220 hello\r\n", None), (b"421 no\r\n", "does not greet (RFC 5321 4.2)")],
)
def test_mail_must_greet(
    tmp_path: Path, serve: Callable[..., Address], answer: bytes, problem: str | None
) -> None:
    assert probe(tmp_path, "mail", smtp=serve(answer)) == problem


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

    answered = await asyncio.to_thread(
        probe, tmp_path, "voice", sip=Address("0.0.0.0", address.port)
    )

    thread.join()
    assert answered == problem


def test_a_closed_port_is_a_problem_of_its_role(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = Address(*taken.getsockname())

    assert "does not answer: " in str(probe(tmp_path, "mail", smtp=closed))


def test_a_role_without_an_address_is_fine_while_it_lives(tmp_path: Path) -> None:
    assert probe(tmp_path, "worker") is None


def test_only_roles_that_run_are_asked(tmp_path: Path) -> None:
    assert dict(probe_roles(tmp_path)) == {}

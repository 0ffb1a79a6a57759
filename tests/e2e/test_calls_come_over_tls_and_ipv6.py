"""TLS judged by OpenSSL and baresip, IPv6 by SIPp: programs of others."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.options import LineOptions
from channels.voice.sip.address import Transport
from channels.voice.sockets import TlsOptions
from channels.voice.tones import hears_tone, write_tone
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from tests.e2e.baresip import baresip
from tests.e2e.test_sip_endpoint_answers_sipp import Application
from tests.fakes.certificates import Certificates, make_certificates
from tests.fakes.ports import free_port
from tests.integration.channels.voice.hall import Hall, open_hall

THANKS_HZ = 1100.0
OPTIONS = (
    "OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 127.0.0.1:5099;branch=z9hG4bKs{0}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:judge@127.0.0.1>;tag=j\r\nTo: <sip:12345@127.0.0.1>\r\n"
    "Call-ID: judge-{0}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not installed (Debian: openssl)"
)
needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="sipp is not installed (Debian: sip-tester)"
)
needs_baresip = pytest.mark.skipif(
    shutil.which("baresip") is None, reason="baresip is not installed (Debian: baresip)"
)


@pytest.fixture(name="certificates")
def make(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


def tls(certificates: Certificates, *, wants_certificates: bool = False) -> TlsOptions:
    return TlsOptions(
        certificate=certificates.certificate,
        key=certificates.key,
        authorities=certificates.authority,
        port=0,
        wants_certificates=wants_certificates,
    )


async def s_client(port: int, authority: Path, *arguments: str) -> str:
    """Send one OPTIONS by OpenSSL; return all that it says, the answer among it."""
    process = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(authority),
        "-verify_return_error", "-ign_eof", *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(OPTIONS.format(port).encode())
    said = b""
    try:
        async with asyncio.timeout(20):
            while b"Content-Length: 0\r\n\r\n" not in said:
                part = await process.stdout.read(4096)
                if not part:
                    break
                said += part
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return said.decode(errors="replace")


@needs_openssl
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_openssl_is_answered_over_tls(certificates: Certificates, version: str) -> None:
    options = EndpointOptions(port=0, tls=tls(certificates))
    async with Endpoint.open(options, Application().receive) as endpoint:
        said = await s_client(
            endpoint.port_of(Transport.TLS), certificates.authority, version,
            "-verify_ip", "127.0.0.1",
        )  # fmt: skip

    assert "Verify return code: 0 (ok)" in said
    assert "SIP/2.0 200 OK" in said
    assert version.removeprefix("-tls").replace("_", ".") in said


@needs_openssl
async def test_an_older_tls_is_refused(certificates: Certificates) -> None:
    """Issue B 1: TLS of at least 1.2."""
    options = EndpointOptions(port=0, tls=tls(certificates))
    async with Endpoint.open(options, Application().receive) as endpoint:
        said = await s_client(
            endpoint.port_of(Transport.TLS), certificates.authority,
            "-tls1_1", "-cipher", "ALL:@SECLEVEL=0",
        )  # fmt: skip

    assert "SIP/2.0" not in said
    assert "Cipher is (NONE)" in said


@needs_openssl
async def test_who_must_show_a_certificate_and_has_none_is_not_read(
    certificates: Certificates,
) -> None:
    options = EndpointOptions(port=0, tls=tls(certificates, wants_certificates=True))
    async with Endpoint.open(options, Application().receive) as endpoint:
        port = endpoint.port_of(Transport.TLS)
        without = await s_client(port, certificates.authority)
        with_one = await s_client(
            port, certificates.authority,
            "-cert", str(certificates.certificate), "-key", str(certificates.key),
        )  # fmt: skip

    assert "SIP/2.0" not in without
    assert "SIP/2.0 200 OK" in with_one


@pytest.fixture
async def hall(
    database_url: str, tmp_path: Path, certificates: Certificates
) -> AsyncGenerator[Hall, None]:
    database = Database.connect(database_url, clock=system_clock)
    lines = (LineOptions(number="12345", flow="menu"),)
    async with open_hall(database, tmp_path, lines=lines, tls=tls(certificates)) as hall:
        yield hall
    await database.close()


@pytest.mark.audio
@needs_baresip
async def test_baresip_calls_a_line_over_tls_and_hears_it(
    hall: Hall, tmp_path: Path, certificates: Certificates
) -> None:
    voice = write_tone(tmp_path / "voice.wav", 440.0, seconds=5)
    account = "<sip:13800001234@127.0.0.1;transport=tls>;regint=0"
    port = hall.voice._switchboard.endpoint.port_of(Transport.TLS)
    cafile = f"sip_cafile {certificates.authority}\n"
    async with baresip(tmp_path / "citizen", account, voice, cafile) as citizen:
        await citizen.command("dial", f"sip:12345@127.0.0.1:{port};transport=tls")
        await citizen.event("CALL_ESTABLISHED")
        await citizen.command("sndcode", "1")
        await citizen.event("CALL_CLOSED")
        row = await hall.ended_call()

    assert row.end is CallEnd.FLOW_ENDED
    assert hears_tone(citizen.heard(), THANKS_HZ, seconds=0.2)


@needs_sipp
@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_over_ipv6(tmp_path: Path, transport: str) -> None:
    application = Application()
    async with Endpoint.open(EndpointOptions(host="::1", port=0), application.receive) as endpoint:
        application.endpoint = endpoint
        process = await asyncio.create_subprocess_exec(
            "sipp", "-sn", "uac", "-t", transport, "-m", "100", "-r", "50", "-i", "[::1]",
            "-p", str(free_port("::1")), "-nostdin", "-timeout", "45", "-timeout_error",
            f"[::1]:{endpoint.address[1]}",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 60)
        finally:
            if process.returncode is None:
                process.kill()

    assert process.returncode == 0, output.decode(errors="replace")[-2000:]
    assert application.counts == {"CallOffered": 100, "CallConfirmed": 100, "CallEnded": 100}

"""SRTP with keys in SDP over TLS, judged by baresip: its protocol, its keys, its ciphers."""

import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from channels.voice.media.sdes import Srtp
from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.sip.address import Transport
from channels.voice.tones import hears_tone, write_tone
from hotline.contacts.calls.states import CallEnd
from hotline.contacts.model import ContactRow
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.states import SeatState
from tests.e2e.baresip import Baresip, baresip
from tests.e2e.test_calls_come_over_tls_and_ipv6 import tls
from tests.fakes.certificates import Certificates, make_certificates
from tests.integration.channels.voice.hall import (
    PASSWORD,
    Hall,
    eventually,
    hears,
    open_hall,
)

pytestmark = pytest.mark.skipif(
    shutil.which("baresip") is None, reason="baresip is not installed (Debian: baresip)"
)

THANKS_HZ, CITIZEN_HZ, SEAT_HZ = 1100.0, 440.0, 650.0
NOT_ACCEPTABLE = "488"

OpenHall = Callable[..., AbstractAsyncContextManager[Hall]]


@pytest.fixture(name="certificates")
def make(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture(name="open_house")
async def opener(
    database_url: str, tmp_path: Path, certificates: Certificates
) -> AsyncGenerator[OpenHall, None]:
    database = Database.connect(database_url, clock=system_clock)
    lines = (LineOptions(number="12345", flow="menu"), LineOptions(number="12319"))
    yield partial(open_hall, database, tmp_path, lines=lines, tls=tls(certificates))
    await database.close()


@asynccontextmanager
async def phone_of_a_citizen(
    folder: Path, certificates: Certificates, mediaenc: str, transport: Transport
) -> AsyncGenerator[Baresip, None]:
    voice = write_tone(folder / "voice.wav", CITIZEN_HZ, seconds=5)
    account = f"<sip:13800001234@127.0.0.1;transport={transport}>;regint=0{mediaenc}"
    extra = f"sip_cafile {certificates.authority}\nmodule srtp.so\n"
    async with baresip(folder / "citizen", account, voice, extra) as citizen:
        yield citizen


def uri(hall: Hall, transport: Transport) -> str:
    port = hall.voice._switchboard.endpoint.port_of(transport)
    return f"sip:12345@127.0.0.1:{port};transport={transport}"


async def raw_contacts(hall: Hall) -> bytes:
    async with hall.database.read() as session:
        rows = await session.scalars(select(ContactRow).options(undefer(ContactRow.raw)))
        return b"".join(row.raw for row in rows)


@pytest.mark.audio
@pytest.mark.parametrize("mediaenc", [";mediaenc=srtp", ";mediaenc=srtp-mand"])
@pytest.mark.parametrize("srtp", [Srtp.OPTIONAL, Srtp.REQUIRED])
async def test_a_call_over_tls_is_heard_both_ways_under_srtp(
    open_house: OpenHall, tmp_path: Path, certificates: Certificates, mediaenc: str, srtp: Srtp
) -> None:
    """Issue B 1: SRTP with SDES over TLS; the key is written down nowhere."""
    async with (
        open_house(srtp=srtp) as hall,
        phone_of_a_citizen(tmp_path, certificates, mediaenc, Transport.TLS) as citizen,
    ):
        await citizen.command("dial", uri(hall, Transport.TLS))
        await citizen.event("CALL_ESTABLISHED")
        await citizen.command("sndcode", "1")  # under its key: we must open it to go on
        await citizen.event("CALL_CLOSED")
        row = await hall.ended_call()
        raw = await raw_contacts(hall)

    assert row.end is CallEnd.FLOW_ENDED
    assert hears_tone(citizen.heard(), THANKS_HZ, seconds=0.2)
    assert b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:\r\n" in raw


async def test_srtp_without_tls_is_refused(
    open_house: OpenHall, tmp_path: Path, certificates: Certificates
) -> None:
    """Issue B 1: SRTP with SDES over TLS only."""
    async with (
        open_house() as hall,
        phone_of_a_citizen(tmp_path, certificates, ";mediaenc=srtp-mand", Transport.UDP) as citizen,
    ):
        await citizen.command("dial", uri(hall, Transport.UDP))
        closed = await citizen.event("CALL_CLOSED")

    assert NOT_ACCEPTABLE in closed["param"]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TLS])
async def test_a_plain_call_is_refused_where_srtp_is_required(
    open_house: OpenHall, tmp_path: Path, certificates: Certificates, transport: Transport
) -> None:
    async with (
        open_house(srtp=Srtp.REQUIRED) as hall,
        phone_of_a_citizen(tmp_path, certificates, "", transport) as citizen,
    ):
        await citizen.command("dial", uri(hall, transport))
        closed = await citizen.event("CALL_CLOSED")

    assert NOT_ACCEPTABLE in closed["param"]


@pytest.mark.audio
async def test_a_seat_s_phone_is_rung_with_srtp_and_heard(
    open_house: OpenHall, tmp_path: Path, certificates: Certificates
) -> None:
    """Our own offer is RTP/SAVP; the citizen comes by a trunk that knows no encryption."""
    trunk = TrunkOptions(name="carrier", host="127.0.0.1", srtp=Srtp.OFF)
    seat_voice = write_tone(tmp_path / "seat.wav", SEAT_HZ, seconds=10)
    citizen_voice = write_tone(tmp_path / "citizen.wav", CITIZEN_HZ, seconds=5)
    async with open_house(srtp=Srtp.REQUIRED, trunks=(trunk,)) as hall:
        await hall.sign_in("8001")
        port = hall.voice._switchboard.endpoint.port_of(Transport.TLS)
        account = (
            f"<sip:8001@127.0.0.1:{port};transport=tls>;auth_user=8001;auth_pass={PASSWORD}"
            ";regint=60;answermode=auto;mediaenc=srtp-mand"
        )
        extra = f"sip_cafile {certificates.authority}\nmodule srtp.so\n"

        async def is_registered() -> bool:
            return (await hall.seat_view("8001")).phone_until is not None

        async with baresip(tmp_path / "desk", account, seat_voice, extra) as seat:
            await eventually(is_registered, "baresip is registered")
            async with hall.phone() as citizen:
                call = await citizen.dial(hall.line())
                call.say(citizen_voice, loop=True)
                await seat.event("CALL_ESTABLISHED")
                await hall.seat_is("8001", SeatState.TALKING)
                await hears(call.heard, SEAT_HZ, seconds=1.0)
                await seat.command("hangup")
                await call.wait_over(timeout=20)

    assert hears_tone(seat.heard(), CITIZEN_HZ, seconds=0.5)

"""SIPp as a seat's phone behind an address translator, reached through a real Kamailio."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.voice.options import LineOptions, TrunkOptions
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues.model import SeatPhoneRow
from hotline.queues.states import SeatState
from tests.e2e.telephony.proxy import ended, kamailio, require, start
from tests.fakes.ports import free_port
from tests.integration.channels.voice.hall import PASSWORD, Hall, eventually, open_hall

SCENARIOS = Path(__file__).parents[1] / "sipp"
pytestmark = pytest.mark.timeout(300)  # programs start slowly on a busy machine

PHONE = "127.0.0.3"
"""Where the translator's outside is; the proxy takes no calls from there."""

PRIVATE = "10.255.0.9:5060"
"""What the phone takes for its address."""

LIMIT_SECONDS = 60.0


@asynccontextmanager
async def house(database_url: str, folder: Path) -> AsyncGenerator[tuple[Hall, int], None]:
    """Run a voice process behind a proxy; give its port, too."""
    database = Database.connect(database_url, clock=system_clock)
    proxy, own = free_port(), free_port()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        hall = await stack.enter_async_context(
            open_hall(
                database,
                folder,
                port=own,
                lines=(LineOptions(number="12319"),),
                trunks=(TrunkOptions(name="proxy", host="127.0.0.1", port=proxy),),
            )
        )
        await stack.enter_async_context(kamailio(folder / "proxy", proxy, [own]))
        yield hall, proxy


@asynccontextmanager
async def phone(
    folder: Path, scenario: str, proxy: int, port: int
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """Let SIPp play the phone while the block runs."""
    process = await start(
        require("sipp", "sip-tester"), f"127.0.0.1:{proxy}", "-sf", scenario,
        "-i", PHONE, "-p", str(port), "-mp", str(free_port()), "-m", "1",
        "-au", "8001", "-ap", PASSWORD,
        "-nostdin", "-trace_err", "-timeout", "50s", "-timeout_error",
        cwd=folder,
    )  # fmt: skip
    async with ended(process):
        yield process


async def comes_to_its_end(process: asyncio.subprocess.Process) -> bool:
    async with asyncio.timeout(LIMIT_SECONDS):
        return await process.wait() == 0


async def test_a_phone_behind_a_translator_is_called_holds_and_is_hung_up(
    database_url: str, tmp_path: Path
) -> None:
    """RFC 3327: the address that the phone names leads nowhere, and every request finds it."""
    port = free_port()
    registering = (SCENARIOS / "phone_registers_with_digest.xml").read_text()
    # In Via and Contact, not in what SIPp itself uses.
    (tmp_path / "register.xml").write_text(registering.replace("[local_ip]:[local_port]", PRIVATE))
    async with house(database_url, tmp_path) as (hall, proxy):
        await hall.sign_in("8001")
        async with phone(tmp_path, "register.xml", proxy, port) as process:
            assert await comes_to_its_end(process)
        async with hall.database.read() as session:
            known = (await session.scalars(select(SeatPhoneRow))).one()
        assert known.contact_uri == f"sip:8001@{PRIVATE}"
        assert known.path == [f"<sip:127.0.0.1:{proxy};lr;received=sip:{PHONE}:{port}>"]

        talking = str(SCENARIOS / "desk_phone_behind_a_translator.xml")
        async with (
            phone(tmp_path, talking, proxy, port) as process,
            hall.phone() as citizen,
        ):
            call = await citizen.dial(f"sip:12319@127.0.0.1:{proxy}")
            await hall.seat_is("8001", SeatState.TALKING)
            (row,) = await hall.calls()

            async def held() -> bool:
                return "held" in await hall.kinds(row)

            await eventually(held, "the phone holds", seconds=LIMIT_SECONDS)
            await call.hang_up()
            assert await comes_to_its_end(process)
            await hall.seat_is("8001", SeatState.WRAP_UP)

"""SIPp calls through a real Kamailio, with the shipped configuration, at two voice processes."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallRow, VoiceProcessRow
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import UserId, new_id
from hotline.queues import lost_callers
from hotline.queues import service as queues
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.returns.states import ReturnReason
from hotline.queues.values import SeatDraft
from tests.e2e.telephony.proxy import START_SECONDS, ended, kamailio, require, start, until
from tests.fakes.ports import free_port

SCENARIO = Path(__file__).parents[1] / "sipp" / "uac_calls_through_a_proxy.xml"
pytestmark = pytest.mark.timeout(300)  # programs start slowly on a busy machine

NODES = ("voice-1", "voice-2")
LIMIT_SECONDS = 120.0


@dataclass
class House:
    """A proxy and the voice processes behind it."""

    database: Database
    proxy: int
    nodes: dict[str, asyncio.subprocess.Process]
    folder: Path

    async def sipp(self, count: int, *arguments: str, first: int) -> int:
        """Let citizens call whose numbers follow `first`; 0 if every call went as it should."""
        folder = self.folder / f"sipp-{first}"
        folder.mkdir()
        numbers = "".join(f"{number};\n" for number in range(first, first + count))
        (folder / "numbers.csv").write_text(f"SEQUENTIAL\n{numbers}")
        process = await start(
            require("sipp", "sip-tester"), f"127.0.0.1:{self.proxy}", "-i", "127.0.0.1",
            "-p", str(free_port()), "-mp", str(free_port()), "-sf", str(SCENARIO),
            "-inf", "numbers.csv", "-m", str(count), "-r", "20", "-l", str(count),
            # UDP may bring the 180 after the 200; whoever gets no 200 fails all the same.
            "-default_behaviors", "all,-abortunexp",
            "-nostdin", "-trace_err", "-timeout", "100s", *arguments,
            cwd=folder,
        )  # fmt: skip
        async with ended(process), asyncio.timeout(LIMIT_SECONDS):
            return await process.wait()

    async def open_calls(self, name: str) -> list[CallRow]:
        """Return the calls that a voice process carries, answered and waiting for a seat."""
        async with self.database.read() as session:
            rows = await session.scalars(
                select(CallRow)
                .join(VoiceProcessRow, VoiceProcessRow.id == CallRow.process_id)
                .where(VoiceProcessRow.name == name)
                .where(CallRow.ended_at.is_(None), CallRow.answered_at.is_not(None))
            )
            return list(rows)


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncGenerator[House, None]:
    database = Database.connect(database_url, clock=system_clock)
    proxy, ports = free_port(), {name: free_port() for name in NODES}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        nodes = {}
        for name, port in ports.items():
            (tmp_path / name).mkdir()
            nodes[name] = await stack.enter_async_context(
                voice_node(database_url, tmp_path / name, name, port, proxy)
            )
        await stack.enter_async_context(kamailio(tmp_path / "proxy", proxy, [*ports.values()]))
        await sign_in(database)
        yield House(database, proxy, nodes, tmp_path)


async def test_new_calls_go_on_and_those_of_the_dead_process_are_rung_back_first(
    house: House,
) -> None:
    """Killing a voice process costs no new call, and each dropped citizen is owed one."""
    in_progress = asyncio.create_task(house.sipp(20, "-d", "60000", first=13_810_000_000))
    try:
        await until(lambda: all_carry(house, 8))
        dropped = {call.id for call in await house.open_calls(NODES[0])}
        kept = {call.id for call in await house.open_calls(NODES[1])}

        house.nodes[NODES[0]].kill()
        new = await house.sipp(60, "-d", "300", first=13_820_000_000)
        still_there = {call.id for call in await house.open_calls(NODES[1])}
        reasons = await sweep(house.database)
    finally:
        in_progress.cancel()
        await asyncio.gather(in_progress, return_exceptions=True)

    assert new == 0
    assert len(dropped) + len(kept) == 20
    assert kept <= still_there
    assert dropped <= set(reasons)
    assert {reasons[call_id] for call_id in dropped} == {ReturnReason.DROPPED}


async def test_a_stranger_cannot_call_through_the_proxy(
    house: House,
) -> None:
    """Whoever is not in address.list cannot reach a line, for voice processes trust the proxy."""
    reply = await invite_from(house.proxy, "127.0.0.2")

    assert reply.startswith("SIP/2.0 403 ")


async def invite_from(port: int, host: str) -> str:
    """Send an INVITE from an address, and return the first line of the final answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.bind((host, 0))
        own = f"{host}:{sender.getsockname()[1]}"
        request = (
            f"INVITE sip:12319@127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK-stranger\r\n"
            f"From: <sip:stranger@{own}>;tag=1\r\nTo: <sip:12319@127.0.0.1>\r\n"
            f"Call-ID: stranger@{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:stranger@{own}>\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        await loop.sock_sendto(sender, request.encode(), ("127.0.0.1", port))
        async with asyncio.timeout(10):
            while True:
                line = (await loop.sock_recv(sender, 4096)).decode().partition("\r\n")[0]
                if not line.startswith("SIP/2.0 1"):
                    return line


async def all_carry(house: House, least: int) -> bool:
    carried = [len(await house.open_calls(name)) for name in NODES]
    return sum(carried) == 20 and min(carried) >= least


async def sweep(database: Database) -> dict[object, ReturnReason]:
    """Do what the sweeper does once the process has been silent; return who is owed a call."""
    later = system_clock() + timedelta(seconds=1)
    async with database.begin() as uow:
        silent = await uow.session.scalar(
            select(VoiceProcessRow).where(VoiceProcessRow.name == NODES[0])
        )
        assert silent is not None
        silent.beat_at = later - calls.SILENCE_LIMIT - timedelta(seconds=1)
        silent.doubted_at = later - calls.DOUBT
    async with database.begin() as uow:
        await calls.sweep(uow, later)
    async with database.begin() as uow:
        await queues.sweep(uow, later)
    async with database.begin() as uow:
        await lost_callers.put_in_line(uow, {"12319": "hotline"}, now=later)
    async with database.read() as session:
        crashed = await session.scalars(select(CallRow.id).where(CallRow.end == CallEnd.CRASHED))
        assert list(crashed)
        rows = await session.scalars(select(ReturnCallRow))
        return {row.call_id: row.reason for row in rows}


async def sign_in(database: Database) -> None:
    draft = SeatDraft(
        name="坐席8001", extension="8001", queue="hotline", sip_ha1_md5="", sip_ha1_sha256=""
    )
    async with database.begin() as uow:
        seat_id = await queues.put_seat(uow, draft, now=system_clock())
        await queues.sign_in(uow, seat_id, UserId(new_id()), system_clock())


@asynccontextmanager
async def voice_node(
    database_url: str, folder: Path, name: str, port: int, proxy: int
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    process = await start(
        sys.executable, "-m", "tests.e2e.telephony.voice_node",
        database_url, str(folder), name, str(port), str(proxy),
        cwd=Path(__file__).parents[3], log=folder / "output.log",
    )  # fmt: skip
    async with ended(process):
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, f"{name} has ended"
        yield process

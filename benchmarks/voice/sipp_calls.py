"""SIPp calls a line of a whole voice process: set-up, flow, rows, hang-up.

    python -m benchmarks.voice.sipp_calls --calls 1000 --rate 20 [--scenario uac_pcap]

Prints one line of JSON: calls, failed, seconds, CPU per call of the voice process, rows left open.
"""

import argparse
import asyncio
import json
import resource
import socket
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

import config.models  # noqa: F401 - every row registers itself
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.options import LineOptions, VoiceOptions
from channels.voice.process import VoiceProcess
from config.catalogue import load_catalogue
from config.embedded import EmbeddedPostgres
from hotline.contacts.calls.model import CallRow
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Base, Database
from hotline.kernel.ids import UserId, new_id
from hotline.people.citizen import PeopleOptions
from hotline.queues import service as queues
from hotline.queues.values import SeatDraft

PCAPS = Path("/usr/share/sip-tester")


async def run(
    calls: int, rate: int, scenario: str, milliseconds: int, url: str, folder: Path
) -> dict:
    """Make the calls and return the figures."""
    database = Database.connect(url, clock=system_clock, pool_size=20)
    await _prepare(database, url)
    catalogue = load_catalogue()
    options = VoiceOptions(
        port=0,
        max_calls=2000,
        lines=(LineOptions(number="12319", max_calls=2000),),
        flows=catalogue.flows,
        prompts=catalogue.prompts,
        recordings=folder / "recordings",
        people=PeopleOptions(index_key=b"0123456789abcdef"),
    )
    async with (
        EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as media,
        VoiceProcess.open(options, database, media, clock=system_clock) as voice,
    ):
        began, cpu = time.monotonic(), _cpu()
        code = await _sipp(voice.address, calls, rate, scenario, milliseconds, folder)
        seconds, used = time.monotonic() - began, _cpu() - cpu
        async with asyncio.timeout(30):
            while voice.calls:
                await asyncio.sleep(0.05)
    async with database.read() as session:
        made = await session.scalar(select(func.count()).select_from(CallRow)) or 0
        left = await session.scalar(
            select(func.count()).select_from(CallRow).where(CallRow.ended_at.is_(None))
        )
        answered = await session.scalar(
            select(func.count()).select_from(CallRow).where(CallRow.answered_at.is_not(None))
        )
    await database.close()
    return {
        "scenario": scenario,
        "calls": calls,
        "rate": rate,
        "sipp_exit_code": code,
        "rows": made,
        "answered": answered,
        "left_open": left,
        "seconds": round(seconds, 1),
        "cpu_ms_per_call": round(1000 * used / calls, 2),
    }


async def _prepare(database: Database, url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    now = system_clock()
    draft = SeatDraft(
        name="一号坐席", extension="8001", queue="hotline", sip_ha1_md5="", sip_ha1_sha256=""
    )
    async with database.begin() as uow:
        seat_id = await queues.put_seat(uow, draft, now=now)
        await queues.sign_in(uow, seat_id, UserId(new_id()), now)


async def _sipp(
    address: tuple[str, int], calls: int, rate: int, scenario: str, milliseconds: int, folder: Path
) -> int:
    (folder / "pcap").symlink_to(PCAPS)
    host, port = address
    process = await asyncio.create_subprocess_exec(
        "sipp", f"{host}:{port}", "-sn", scenario, "-s", "12319", "-m", str(calls),
        "-r", str(rate), "-l", "1500", "-d", str(milliseconds), "-i", "127.0.0.1",
        "-p", str(_free_port()), "-nostdin", "-timeout", "600s", "-timeout_error",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port: int = udp.getsockname()[1]
        return port


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the arguments and print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=1000)
    arguments.add_argument("--rate", type=int, default=20)
    arguments.add_argument("--scenario", choices=("uac", "uac_pcap"), default="uac")
    arguments.add_argument("--milliseconds", type=int, default=2000, help="length of a uac call")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="sipp-calls-") as made:
        folder = Path(made)
        server = EmbeddedPostgres(folder / "postgres")
        url = server.start()
        try:
            figures = asyncio.run(
                run(chosen.calls, chosen.rate, chosen.scenario, chosen.milliseconds, url, folder)
            )
        finally:
            server.stop()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

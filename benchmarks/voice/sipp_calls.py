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
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import func, select

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine
from channels.voice.options import LineOptions, VoiceOptions
from channels.voice.process import VoiceProcess
from config.catalogue import load_catalogue
from config.embedded import EmbeddedPostgres
from config.loading import migrate
from config.logging import configure_logging
from config.settings import LogSettings
from hotline.contacts.calls.model import CallRow
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import UserId, new_id
from hotline.people.citizen import PeopleOptions
from hotline.queues import service as queues
from hotline.queues.values import SeatDraft
from hotline.tickets.query_code import QueryCodeOptions

PCAPS = Path("/usr/share/sip-tester")


@dataclass(frozen=True, slots=True)
class CalledLine:
    """A running voice process with its database and a folder."""

    voice: VoiceProcess
    database: Database
    folder: Path


@asynccontextmanager
async def opened_line(
    url: str, folder: Path, engine: AbstractAsyncContextManager[MediaEngine] | None = None
) -> AsyncGenerator[CalledLine, None]:
    """Run a voice process with one line and one seat that never answers.

    Sound is the embedded engine's, unless another one is given.
    """
    engine = engine or EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1"))
    await migrate(url)
    database = Database.connect(url, clock=system_clock, pool_size=20)
    await _seat(database)
    catalogue = load_catalogue()
    options = VoiceOptions(
        port=0,
        max_calls=2000,
        lines=(LineOptions(number="12319", max_calls=2000),),
        flows=catalogue.flows,
        prompts=catalogue.prompts,
        recordings=folder / "recordings",
        people=PeopleOptions(index_key=b"0123456789abcdef"),
        query_codes=QueryCodeOptions(b"0123456789abcdef"),
    )
    (folder / "pcap").symlink_to(PCAPS)
    try:
        async with (
            engine as media,
            VoiceProcess.open(options, database, media, clock=system_clock) as voice,
        ):
            # As the voice role does it.
            if isinstance(media, EmbeddedMediaEngine):
                media.collect_between_ticks()
            yield CalledLine(voice, database, folder)
    finally:
        await database.close()


async def call_line(
    line: CalledLine, *, calls: int, rate: int, milliseconds: int, scenario: str = "uac"
) -> dict[str, Any]:
    """Let SIPp make the calls, wait until the last has ended, and return the figures."""
    before = await _rows(line.database)
    began, cpu = time.monotonic(), process_seconds()
    failed = await sipp(
        line.voice.address,
        calls=calls,
        rate=rate,
        milliseconds=milliseconds,
        folder=line.folder,
        scenario=scenario,
    )
    seconds, used = time.monotonic() - began, process_seconds() - cpu
    async with asyncio.timeout(30):
        while line.voice.calls:
            await asyncio.sleep(0.05)
    made, answered, left = (
        after - once for after, once in zip(await _rows(line.database), before, strict=True)
    )
    return {
        "scenario": scenario,
        "calls": calls,
        "rate": rate,
        "failed": failed,
        "rows": made,
        "answered": answered,
        "left_open": left,
        "seconds": round(seconds, 1),
        "cpu_share": round(used / seconds, 2),
        "cpu_ms_per_call": round(1000 * used / calls, 2),
    }


async def sipp(
    address: tuple[str, int],
    *,
    calls: int,
    rate: int,
    milliseconds: int,
    folder: Path,
    scenario: str = "uac",
) -> int:
    """Run SIPp to its end; return how many calls failed, by its own count."""
    host, port = address
    statistics = folder / f"sipp-{new_id()}.csv"
    process = await asyncio.create_subprocess_exec(
        "sipp", f"{host}:{port}", "-sn", scenario, "-s", "12319", "-m", str(calls),
        "-r", str(rate), "-l", "3000", "-d", str(milliseconds), "-i", "127.0.0.1",
        "-p", str(_free_port()), "-nostdin", "-timeout", "600s", "-timeout_error",
        "-trace_stat", "-stf", str(statistics), "-fd", "1",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await process.wait()
    lines = (await asyncio.to_thread(statistics.read_text)).splitlines()
    last = dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False))
    return calls - int(last["SuccessfulCall(C)"])


async def _seat(database: Database) -> None:
    now = system_clock()
    draft = SeatDraft(
        name="一号坐席", extension="8001", queue="hotline", sip_ha1_md5="", sip_ha1_sha256=""
    )
    async with database.begin() as uow:
        seat_id = await queues.put_seat(uow, draft, now=now)
        await queues.sign_in(uow, seat_id, UserId(new_id()), now)


async def _rows(database: Database) -> tuple[int, int, int]:
    """Return how many calls were made, answered, and are open."""
    async with database.read() as session:
        row = (
            await session.execute(
                select(
                    func.count(),
                    func.count(CallRow.answered_at),
                    func.count().filter(CallRow.ended_at.is_(None)),
                ).select_from(CallRow)
            )
        ).one()
        return row[0], row[1], row[2]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port: int = udp.getsockname()[1]
        return port


def process_seconds() -> float:
    """Return the CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _run(url: str, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    async with opened_line(url, folder) as line:
        return await call_line(
            line,
            calls=chosen.calls,
            rate=chosen.rate,
            milliseconds=chosen.milliseconds,
            scenario=chosen.scenario,
        )


def main() -> None:
    """Read the arguments and print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=1000)
    arguments.add_argument("--rate", type=int, default=20)
    arguments.add_argument("--scenario", choices=("uac", "uac_pcap"), default="uac")
    arguments.add_argument("--milliseconds", type=int, default=2000, help="length of a uac call")
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="warning"), role="benchmark")
    with tempfile.TemporaryDirectory(prefix="sipp-calls-") as made:
        folder = Path(made)
        server = EmbeddedPostgres(folder / "postgres")
        url = server.start()
        try:
            print(json.dumps(uvloop.run(_run(url, folder, chosen))))
        finally:
            server.stop()


if __name__ == "__main__":
    main()

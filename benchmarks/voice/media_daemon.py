"""An rtpengine of a benchmark's own: user space, loopback, free ports, ended by its id."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from channels.voice.media.embedded import EmbeddedMediaOptions
from channels.voice.rtpengine.engine import RtpengineMediaEngine, RtpengineOptions
from channels.voice.rtpengine.hosts import HostAddress
from channels.voice.rtpengine.ng import HostSilent, NgClient
from hotline.kernel.clock import system_clock

HOST = "127.0.0.1"
CONFIGURATION = Path(__file__).parents[2] / "config" / "data" / "telephony" / "rtpengine.conf"
START_SECONDS = 30.0
PORTS_PER_LEG = 4
"""RTP and RTCP towards the telephone and on the inner end."""

FIRST_PORT = 20_000
LAST_PORT = 32_767
"""Below the ports that Linux gives to others by itself."""


@dataclass(frozen=True, slots=True)
class MediaDaemon:
    """A daemon that runs."""

    pid: int
    ng: tuple[str, int]
    http: tuple[str, int]
    spool: Path

    @property
    def cpu_seconds(self) -> float:
        """Return what it has used so far, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_kilobytes(self) -> int:
        """Return how much memory it takes."""
        return resident_kilobytes(self.pid)

    def engine(self) -> RtpengineMediaEngine:
        """Return the engine that uses it; not opened."""
        options = RtpengineOptions(
            (HostAddress(self.ng, self.http),), EmbeddedMediaOptions(HOST), self.spool
        )
        return RtpengineMediaEngine(options, clock=system_clock)


def resident_kilobytes(pid: int) -> int:
    """Return how much memory a process takes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


@asynccontextmanager
async def private_rtpengine(folder: Path, *, legs: int) -> AsyncGenerator[MediaDaemon, None]:
    """Run a daemon with the shipped configuration and room for so many legs.

    Raises:
        RuntimeError: it is not installed, or has ended at once; its log says why.
    """
    program = shutil.which("rtpengine")
    if program is None:
        raise RuntimeError("rtpengine is missing: apt-get install rtpengine-daemon")
    spool = folder / "spool"
    spool.mkdir(parents=True)
    ng, http = (HOST, _free_port()), (HOST, _free_port())
    first = max(FIRST_PORT, LAST_PORT - legs * PORTS_PER_LEG)
    with (folder / "rtpengine.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, f"--config-file={CONFIGURATION}", f"--interface={HOST}",
            f"--listen-tcp-ng={ng[0]}:{ng[1]}", f"--listen-http={http[0]}:{http[1]}",
            f"--port-min={first}", f"--port-max={LAST_PORT}", f"--recording-dir={spool}",
            "--num-threads=2", "--media-num-threads=1",
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await _until_it_answers(process, ng, folder / "rtpengine.log")
        yield MediaDaemon(process.pid, ng, http, spool)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_it_answers(
    process: asyncio.subprocess.Process, ng: tuple[str, int], log: Path
) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                client = await NgClient.open(ng, lambda _event, _said: None)
            except HostSilent:
                await asyncio.sleep(0.05)
                continue
            await client.ask("ping")
            await client.close()
            return
    raise RuntimeError(f"rtpengine has ended: {log.read_text(errors='replace')[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

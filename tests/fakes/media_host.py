"""A real rtpengine with the shipped configuration, on ports of its own."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaOptions
from channels.voice.rtpengine.engine import RtpengineMediaEngine, RtpengineOptions
from channels.voice.rtpengine.hosts import HostAddress
from channels.voice.rtpengine.ng import HostSilent, NgClient
from tests.fakes.ports import free_port, free_range

CONFIGURATION = Path(__file__).parents[2] / "config" / "data" / "telephony" / "rtpengine.conf"
"""What we ship; addresses, ports and folder are the test's."""

START_SECONDS = 15.0

PORTS_PER_LEG = 2
"""Pairs: one for the telephone, one for the inner end."""


@dataclass
class MediaHostProcess:
    """A daemon that runs."""

    process: asyncio.subprocess.Process
    address: tuple[str, int]
    http: tuple[str, int]
    spool: Path

    async def kill(self) -> None:
        """Let it die as in a power cut; again changes nothing."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def require_rtpengine() -> str:
    """Return the daemon's path; skip the test where it is not installed, fail in CI."""
    found = shutil.which("rtpengine")
    if found is None:
        reason = "rtpengine is missing: apt-get install rtpengine-daemon"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@asynccontextmanager
async def media_host(
    folder: Path, *, pairs: int = 40, control: int | None = None, http: int | None = None
) -> AsyncGenerator[MediaHostProcess, None]:
    """Run a daemon; `control` and `http` are its ports for NG, by default free ones."""
    spool = folder / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    first, last = free_range(pairs)
    address = ("127.0.0.1", control or free_port())
    posts = ("127.0.0.1", http or free_port())
    with (folder / "rtpengine.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            require_rtpengine(),
            f"--config-file={CONFIGURATION}",
            "--interface=127.0.0.1",
            f"--listen-tcp-ng={address[0]}:{address[1]}",
            f"--listen-http={posts[0]}:{posts[1]}",
            f"--port-min={first}",
            f"--port-max={last}",
            f"--recording-dir={spool}",
            "--num-threads=2",
            "--media-num-threads=1",
            stderr=log,
            stdout=log,
        )
    host = MediaHostProcess(process, address, posts, spool)
    try:
        await _until_it_answers(host)
        yield host
    finally:
        await host.kill()


def engine_on(
    *hosts: MediaHostProcess, spool: Path | None = None, mixer: EmbeddedMediaOptions | None = None
) -> RtpengineMediaEngine:
    """Return an engine that uses these hosts; not opened."""
    return RtpengineMediaEngine(
        RtpengineOptions(
            hosts=tuple(HostAddress(host.address, host.http) for host in hosts),
            mixer=mixer or EmbeddedMediaOptions("127.0.0.1"),
            spool=spool or hosts[0].spool,
        )
    )


async def _until_it_answers(host: MediaHostProcess) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert host.process.returncode is None, "rtpengine has ended: see its log"
            try:
                client = await NgClient.open(host.address, lambda _event, _said: None)
            except HostSilent:
                await asyncio.sleep(0.02)
                continue
            await client.ask("ping")
            await client.close()
            return

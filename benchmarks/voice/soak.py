"""Bridged and recorded calls for minutes on either engine: delay, loss, jitter, memory, CPU.

    python -m benchmarks.voice.soak [--calls 60] [--minutes 10] [--engine rtpengine]

The engine runs in this process as it does in a voice process (uvloop, collections between ticks);
the far ends are a process of their own (`far_phones`) that sends each way 50 packets a second of
marked sound. Every call is two legs, bridged, with a recording of the first. With `--engine
rtpengine` a daemon of our own carries the sound, is measured beside us, and is ended afterwards.
Prints one line of JSON: what was lost or made up, the delay that the engine adds from arrival to
departure with its jitter buffer, how evenly packets leave, memory along the way, CPU of one call,
the recordings.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.voice.far_phones import HOST
from benchmarks.voice.media_daemon import MediaDaemon, private_rtpengine, resident_kilobytes
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine, MediaLeg
from channels.voice.sip import sdp
from config.logging import configure_logging
from config.settings import LogSettings

MEMORY_SECONDS = 10.0
AT_ONCE = 20
"""Calls that are set up at the same time."""


@dataclass(slots=True)
class Soak:
    """The calls under way."""

    media: MediaEngine
    daemon: MediaDaemon | None
    folder: Path
    legs: list[MediaLeg] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    memory_of_daemon: list[int] = field(default_factory=list)

    async def connect(self, ports: list[int]) -> list[tuple[int, int]]:
        """Open a leg for each port, bridge them two by two; return port and partner of each."""
        opened: list[tuple[MediaLeg, int]] = []
        for at in range(0, len(ports), 2 * AT_ONCE):
            numbers = range(at, min(at + 2 * AT_ONCE, len(ports)), 2)
            for pair in await asyncio.gather(*(self._call(n, ports) for n in numbers)):
                opened += pair
        self.legs = [leg for leg, _ in opened]
        return [(port, number ^ 1) for number, (_, port) in enumerate(opened)]

    async def _call(self, number: int, ports: list[int]) -> list[tuple[MediaLeg, int]]:
        """Bridge and record two far ends; return both legs with their ports."""
        opened = []
        for port in ports[number : number + 2]:
            leg, answer = await self.media.answer(f"soak-{number}", _offer(port))
            opened.append((leg, sdp.parse(answer).media[0].port))
        await opened[0][0].bridge(opened[1][0])
        await opened[0][0].start_recording(self.folder / f"{number}.wav")
        return opened

    async def watch_memory(self) -> None:
        """Note how much memory the processes take, again and again."""
        while True:
            self.memory.append(resident_kilobytes(os.getpid()))
            if self.daemon is not None:
                self.memory_of_daemon.append(self.daemon.resident_kilobytes)
            await asyncio.sleep(MEMORY_SECONDS)

    async def end(self) -> dict[str, Any]:
        """Finish the recordings; return what became of calls and files."""
        figures = [leg.statistics for leg in self.legs]
        summaries = [await leg.stop_recording() for leg in self.legs[::2]]
        kept = [summary for summary in summaries if summary is not None]
        lengths = [_wav_seconds(summary.path) for summary in kept]
        return {
            "packets_lost": sum(each.packets_lost for each in figures),
            "recordings": len(kept),
            "recordings_with_a_problem": sum(s.problem is not None for s in kept),
            "recording_lost_ms": sum(summary.lost_ms for summary in kept),
            "recording_seconds": [round(min(lengths), 1), round(max(lengths), 1)],
        }


@asynccontextmanager
async def engine(
    kind: str, calls: int, folder: Path
) -> AsyncGenerator[tuple[MediaEngine, MediaDaemon | None], None]:
    """Run an engine, and the daemon that it needs."""
    if kind == "embedded":
        async with EmbeddedMediaEngine(EmbeddedMediaOptions(HOST)) as embedded:
            embedded.collect_between_ticks()
            yield embedded, None
        return
    async with (
        private_rtpengine(folder / "daemon", legs=2 * calls) as daemon,
        daemon.engine() as media,
    ):
        yield media, daemon


async def soak(kind: str, calls: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Run the calls; return the figures."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.voice.far_phones"),
        *("--streams", str(2 * calls), "--seconds", str(seconds)),
        stdin=pipe,
        stdout=pipe,
        limit=1 << 20,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        ports = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with engine(kind, calls, folder) as (media, daemon):
            run = Soak(media, daemon, folder)
            targets = await run.connect(ports)
            watch = asyncio.create_task(run.watch_memory())
            if isinstance(media, EmbeddedMediaEngine):
                media.pulse.work.clear()
                media.pulse.late.clear()
            began, daemon_began = _cpu_seconds(), daemon.cpu_seconds if daemon else 0.0
            process.stdin.write(json.dumps(targets).encode() + b"\n")
            heard = json.loads(await asyncio.wait_for(process.stdout.readline(), seconds + 60))
            used = _cpu_seconds() - began
            beats = _of_engine(media)
            daemon_used = daemon.cpu_seconds - daemon_began if daemon else 0.0
            watch.cancel()
            ours = await run.end()
            ours["cpu_seconds_to_finish_recordings"] = round(_cpu_seconds() - began - used, 2)
            ours |= beats
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    figures = {
        "engine": kind,
        "calls": calls,
        "seconds": seconds,
        "failed": heard["silent_streams"],
        **heard,
        **ours,
        "memory_mb": _memory(run.memory),
        "cpu_share": round(used / seconds, 3),
        "cpu_percent_per_call": round(100 * used / seconds / calls, 3),
    }
    if daemon is not None:
        figures["rtpengine_memory_mb"] = _memory(run.memory_of_daemon)
        figures["rtpengine_cpu_share"] = round(daemon_used / seconds, 3)
        figures["rtpengine_cpu_percent_per_call"] = round(100 * daemon_used / seconds / calls, 3)
    return figures


def _of_engine(media: MediaEngine) -> dict[str, Any]:
    """Return what only the embedded engine tells."""
    if not isinstance(media, EmbeddedMediaEngine):
        return {}
    work, late = media.pulse.work, media.pulse.late
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    return {
        "ticks_skipped": media.ticks_skipped,
        "work_in_20_ms": {name: work.quantile(share) for name, share in shares.items()},
        "turns_late_ms": {name: late.quantile(share) for name, share in shares.items()},
    }


def _memory(kilobytes: list[int]) -> list[float]:
    """Return the megabytes at a quarter, for the first fills caches and buffers, and at the end."""
    later = kilobytes[len(kilobytes) // 4 :]
    return [round(each / 1024, 1) for each in (later[0], later[-1])]


def _offer(port: int) -> bytes:
    lines = ("v=0", f"o=- 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0")
    audio = (f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", "a=ptime:20")
    return "\r\n".join((*lines, *audio, "")).encode()


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _wav_seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("embedded", "rtpengine"), default="embedded")
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=10.0)
    chosen = parser.parse_args()
    configure_logging(LogSettings(level="warning"), role="benchmark")
    seconds = chosen.minutes * 60
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        folder = Path(made)
        print(json.dumps(uvloop.run(soak(chosen.engine, chosen.calls, seconds, folder))))


if __name__ == "__main__":
    main()

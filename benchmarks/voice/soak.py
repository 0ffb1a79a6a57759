"""Bridged and recorded calls for minutes on the embedded engine: delay, loss, jitter, memory, CPU.

    python -m benchmarks.voice.soak [--calls 60] [--minutes 10]

The engine runs in this process as it does in a voice process (uvloop, collections between ticks);
the far ends are a process of their own (`far_phones`) that sends each way 50 packets a second of
marked sound. Every call is two legs, bridged, with a recording of the first. Prints one line of
JSON: what was lost or made up, the delay that the engine adds from arrival to departure with its
jitter buffer, how evenly packets leave, memory along the way, CPU of one call, the recordings.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.voice.far_phones import HOST
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.leg import EmbeddedLeg
from channels.voice.sip import sdp
from config.logging import configure_logging
from config.settings import LogSettings

MEMORY_SECONDS = 10.0


@dataclass(slots=True)
class Soak:
    """The calls under way."""

    media: EmbeddedMediaEngine
    folder: Path
    legs: list[EmbeddedLeg]
    memory: list[int]

    async def connect(self, ports: list[int]) -> list[tuple[int, int]]:
        """Open a leg for each port, bridge them two by two; return port and partner of each."""
        targets = []
        for number, port in enumerate(ports):
            leg, answer = await self.media.answer(f"soak-{number}", _offer(port))
            self.legs.append(leg)
            targets.append((sdp.parse(answer).media[0].port, number ^ 1))
        for number in range(0, len(self.legs), 2):
            await self.legs[number].bridge(self.legs[number + 1])
            await self.legs[number].start_recording(self.folder / f"{number}.wav")
        return targets

    async def watch_memory(self) -> None:
        """Note how much memory this process takes, again and again."""
        while True:
            self.memory.append(_resident_kilobytes())
            await asyncio.sleep(MEMORY_SECONDS)

    async def end(self) -> dict[str, Any]:
        """Finish the recordings; return what became of calls and files."""
        figures = [leg.statistics for leg in self.legs]
        summaries = [await leg.stop_recording() for leg in self.legs[::2]]
        kept = [summary for summary in summaries if summary is not None]
        lengths = [_wav_seconds(summary.path) for summary in kept]
        return {
            "packets_lost": sum(each.packets_lost for each in figures),
            "frames_concealed": sum(each.frames_concealed for each in figures),
            "recordings": len(kept),
            "recordings_with_a_problem": sum(s.problem is not None for s in kept),
            "recording_lost_ms": sum(summary.lost_ms for summary in kept),
            "recording_seconds": [round(min(lengths), 1), round(max(lengths), 1)],
        }


async def soak(calls: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Run the calls; return the figures."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.voice.far_phones"),
        *("--streams", str(2 * calls), "--seconds", str(seconds)),
        stdin=pipe,
        stdout=pipe,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        ports = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with EmbeddedMediaEngine(EmbeddedMediaOptions(HOST)) as media:
            media.collect_between_ticks()
            run = Soak(media, folder, [], [])
            targets = await run.connect(ports)
            watch = asyncio.create_task(run.watch_memory())
            began = _cpu_seconds()
            process.stdin.write(json.dumps(targets).encode() + b"\n")
            heard = json.loads(await asyncio.wait_for(process.stdout.readline(), seconds + 60))
            used = _cpu_seconds() - began
            watch.cancel()
            ours = await run.end()
            ours["ticks_skipped"] = media.ticks_skipped
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # The first quarter fills caches and buffers.
    memory = run.memory[len(run.memory) // 4 :]
    return {
        "calls": calls,
        "seconds": seconds,
        "failed": heard["silent_streams"],
        **heard,
        **ours,
        "memory_mb": [round(kilobytes / 1024, 1) for kilobytes in (memory[0], memory[-1])],
        "cpu_share": round(used / seconds, 3),
        "cpu_percent_per_call": round(100 * used / seconds / calls, 3),
    }


def _offer(port: int) -> bytes:
    lines = ("v=0", f"o=- 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0")
    audio = (f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", "a=ptime:20")
    return "\r\n".join((*lines, *audio, "")).encode()


def _resident_kilobytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _wav_seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=10.0)
    chosen = parser.parse_args()
    configure_logging(LogSettings(level="warning"), role="benchmark")
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        print(json.dumps(uvloop.run(soak(chosen.calls, chosen.minutes * 60, Path(made)))))


if __name__ == "__main__":
    main()

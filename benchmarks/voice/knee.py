"""Where the voice process bends: calls set up per second, and calls answered at once.

    python -m benchmarks.voice.knee [--seconds 5] [--rates 25,50,100] [--at-once 50,100,200]
        [--engine rtpengine --ng 127.0.0.1:2223]

SIPp's built-in `uac` calls a line; every call is stored raw, answered, hears the recording notice
from our own media, and is written down. Beside it, in the same run: a bare asyncio answerer that
does nothing else, and the packets a second that one loop moves. The last rate without a failed call
is the knee. With `--engine rtpengine` the sound is that of a daemon which runs already and takes NG
over TCP at `--ng`; its CPU of a call is printed beside ours. Loopback only; prints one line of JSON
a step and a summary.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.voice.bare import BareAnswerer, packets_per_second
from benchmarks.voice.sipp_calls import call_line, opened_line, process_seconds, sipp
from channels.voice.media.embedded import EmbeddedMediaOptions
from channels.voice.rtpengine.engine import RtpengineMediaEngine, RtpengineOptions
from config.embedded import EmbeddedPostgres
from config.logging import configure_logging
from config.settings import LogSettings
from hotline.kernel.clock import system_clock


async def measure(
    url: str,
    folder: Path,
    rates: list[int],
    at_once: list[int],
    seconds: int,
    ng: tuple[str, int] | None,
) -> Any:
    """Climb until a step fails; return the summary. `ng` is where rtpengine is, if it is to be."""
    raw = await packets_per_second(2.0)
    steps = []
    daemon = daemon_seconds()
    async with opened_line(url, folder, None if ng is None else rtpengine(ng)) as voice:
        for rate in rates:
            step = await call_line(voice, calls=rate * seconds, rate=rate, milliseconds=500)
            steps.append(step | {"kind": "set up per second", "step": rate})
            print(json.dumps(steps[-1]), flush=True)
            if step["failed"]:
                break
        for calls in at_once:
            step = await call_line(voice, calls=calls, rate=max(25, calls // 4), milliseconds=8000)
            steps.append(step | {"kind": "answered at once", "step": calls})
            print(json.dumps(steps[-1]), flush=True)
            if step["failed"]:
                break
    daemon = daemon_seconds() - daemon
    calls = sum(step["calls"] for step in steps)
    async with bare() as address:
        began = process_seconds()
        failed = await sipp(address, calls=1000 * seconds, rate=1000, milliseconds=0, folder=folder)
        bare_cpu = (process_seconds() - began) / (1000 * seconds) * 1000
    whole = [step for step in steps if not step["failed"]]
    return {
        "set_up_per_second": best(whole, "set up per second"),
        "answered_at_once": best(whole, "answered at once"),
        "engine": "embedded" if ng is None else "rtpengine",
        "rtpengine_cpu_ms_per_call": None if ng is None else round(daemon / calls * 1000, 2),
        "cpu_ms_per_call": whole[0]["cpu_ms_per_call"] if whole else None,
        "bare_answerer_cpu_ms_per_call": round(bare_cpu, 3),
        "bare_answerer_failed_at_1000_per_second": failed,
        "raw_packets_per_second": raw,
    }


def best(steps: list[dict[str, Any]], kind: str) -> int:
    return max((step["step"] for step in steps if step["kind"] == kind), default=0)


def rtpengine(ng: tuple[str, int]) -> RtpengineMediaEngine:
    """Return the engine that talks with a daemon; without its folder, nothing is recorded."""
    mixer = EmbeddedMediaOptions("127.0.0.1")
    return RtpengineMediaEngine(RtpengineOptions(hosts=(ng,), mixer=mixer), clock=system_clock)


def daemon_seconds() -> float:
    """Return the CPU seconds of every rtpengine on this machine."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:  # it has ended meanwhile
            continue
        if name.endswith("(rtpengine"):
            ticks += sum(int(field) for field in rest.split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def bare() -> AsyncGenerator[tuple[str, int], None]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        BareAnswerer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")
    finally:
        transport.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--rates", default="25,50,75,100,150,200")
    arguments.add_argument("--at-once", default="50,100,150,200,300")
    arguments.add_argument("--engine", choices=("embedded", "rtpengine"), default="embedded")
    arguments.add_argument("--ng", default="127.0.0.1:2223", help="where rtpengine takes NG")
    chosen = arguments.parse_args()
    host, _, port = chosen.ng.rpartition(":")
    ng = (host, int(port)) if chosen.engine == "rtpengine" else None
    configure_logging(LogSettings(level="warning"), role="benchmark")
    rates = [int(rate) for rate in chosen.rates.split(",")]
    at_once = [int(calls) for calls in chosen.at_once.split(",")]
    with tempfile.TemporaryDirectory(prefix="voice-knee-") as made:
        folder = Path(made)
        server = EmbeddedPostgres(folder / "postgres")
        try:
            url = server.start()
            print(json.dumps(uvloop.run(measure(url, folder, rates, at_once, chosen.seconds, ng))))
        finally:
            server.stop()


if __name__ == "__main__":
    main()

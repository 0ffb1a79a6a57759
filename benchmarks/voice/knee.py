"""Where the voice process bends: calls set up per second, and calls answered at once.

    python -m benchmarks.voice.knee [--seconds 5] [--rates 25,50,100] [--at-once 50,100,200]
        [--engine rtpengine]

SIPp's built-in `uac` calls a line; every call is stored raw, answered, hears the recording notice
from our own media, and is written down. Beside it, in the same run: a bare asyncio answerer that
does nothing else, and the packets a second that one loop moves. The last rate without a failed call
is the knee. With `--engine rtpengine` the sound is that of a daemon which is started for it and
ended afterwards; its CPU of a call is printed beside ours. Loopback only; prints one line of JSON a
step and a summary.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.voice.bare import BareAnswerer, packets_per_second
from benchmarks.voice.media_daemon import MediaDaemon, private_rtpengine
from benchmarks.voice.sipp_calls import CalledLine, call_line, opened_line, process_seconds, sipp
from config.embedded import EmbeddedPostgres
from config.logging import configure_logging
from config.settings import LogSettings

LEGS = 3_000
"""As many as the ports below those of Linux allow."""


async def measure(
    url: str, folder: Path, rates: list[int], at_once: list[int], seconds: int, engine: str
) -> Any:
    """Climb until a step fails; return the summary."""
    raw = await packets_per_second(2.0)
    async with AsyncExitStack() as stack:
        daemon = None
        if engine == "rtpengine":
            # Room for the calls of a step that failed, too: they end while the next one begins.
            daemon = await stack.enter_async_context(private_rtpengine(folder / "d", legs=LEGS))
        media = None if daemon is None else daemon.engine()
        voice = await stack.enter_async_context(opened_line(url, folder, media))
        began = _used(daemon)
        steps = await climb(voice, rates, at_once, seconds)
        daemon_used = _used(daemon) - began
    calls = sum(step["calls"] for step in steps)
    async with bare() as address:
        began = process_seconds()
        failed = await sipp(address, calls=1000 * seconds, rate=1000, milliseconds=0, folder=folder)
        bare_cpu = (process_seconds() - began) / (1000 * seconds) * 1000
    whole = [step for step in steps if not step["failed"]]
    return {
        "set_up_per_second": best(whole, "set up per second"),
        "answered_at_once": best(whole, "answered at once"),
        "engine": engine,
        "rtpengine_cpu_ms_per_call": round(daemon_used / calls * 1000, 2) if daemon else None,
        "cpu_ms_per_call": whole[0]["cpu_ms_per_call"] if whole else None,
        "bare_answerer_cpu_ms_per_call": round(bare_cpu, 3),
        "bare_answerer_failed_at_1000_per_second": failed,
        "raw_packets_per_second": raw,
    }


async def climb(
    voice: CalledLine, rates: list[int], at_once: list[int], seconds: int
) -> list[dict[str, Any]]:
    """Make calls, more with each step, until some fail; print and return the steps."""
    plans = {
        "set up per second": [(rate, rate * seconds, rate, 500) for rate in rates],
        "answered at once": [(calls, calls, max(25, calls // 4), 8000) for calls in at_once],
    }
    steps: list[dict[str, Any]] = []
    for kind, plan in plans.items():
        for name, calls, rate, milliseconds in plan:
            step = await call_line(voice, calls=calls, rate=rate, milliseconds=milliseconds)
            steps.append(step | {"kind": kind, "step": name})
            print(json.dumps(steps[-1]), flush=True)
            if step["failed"]:
                break
    return steps


def best(steps: list[dict[str, Any]], kind: str) -> int:
    return max((step["step"] for step in steps if step["kind"] == kind), default=0)


def _used(daemon: MediaDaemon | None) -> float:
    return 0.0 if daemon is None else daemon.cpu_seconds


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
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="warning"), role="benchmark")
    rates = [int(rate) for rate in chosen.rates.split(",")]
    at_once = [int(calls) for calls in chosen.at_once.split(",")]
    with tempfile.TemporaryDirectory(prefix="voice-knee-") as made:
        folder = Path(made)
        server = EmbeddedPostgres(folder / "postgres")
        try:
            url = server.start()
            work = measure(url, folder, rates, at_once, chosen.seconds, chosen.engine)
            print(json.dumps(uvloop.run(work)))
        finally:
            server.stop()


if __name__ == "__main__":
    main()

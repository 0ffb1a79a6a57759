"""A stranger's flood while a trunk's calls go on.

    python -m benchmarks.voice.flood [--seconds 10] [--rate 5000] [--sources 1] [--full]

Three processes on loopback: the house (its endpoint answers), the stranger (127.1.0.x), and the
trunk (127.0.0.2), whose calls are timed from INVITE to answer. `--full` floods for 60 s with 20
calls a minute. Prints one line of JSON; ends with 1 if fewer than 99 % of the calls were set up
within 500 ms.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import sys
import time
from pathlib import Path

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.sip.events import CallAnswered, CallKey, CallOffered, SipEvent
from channels.voice.sip.peers import PeerOptions

HOUSE, TRUNK = "127.0.0.1", "127.0.0.2"
LIMIT = 0.5
"""Seconds within which a call is to be set up."""
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 8\r\n"
)
TICKS = os.sysconf("SC_CLK_TCK")


async def house() -> None:
    """Answer calls until standard input ends; then say what was thrown away."""
    box: list[Endpoint] = []

    def receive(event: SipEvent) -> None:
        if isinstance(event, CallOffered):
            box[0].ring(event.call)
            box[0].answer(event.call, SDP)

    options = EndpointOptions(host=HOUSE, port=0, peers=PeerOptions(trunks=frozenset({TRUNK})))
    async with Endpoint.open(options, receive) as endpoint:
        box.append(endpoint)
        print(endpoint.address[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(json.dumps({"not_read": endpoint.load.thrown_away.over_rate}), flush=True)


def stranger(port: int, rate: int, seconds: float, sources: int) -> None:
    """Send messages of every kind at a steady rate; print how many."""
    sockets = []
    for n in range(sources):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((f"127.1.{n // 250}.{n % 250 + 1}", 0))
        one.setblocking(False)
        sockets.append(one)
    rng = random.Random(1)
    began = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - began) < seconds:
        while sent < passed * rate:
            source = sockets[sent % sources]
            source.sendto(_nuisance(rng, sent, source.getsockname()), (HOUSE, port))
            sent += 1
        time.sleep(0.001)
    print(sent, flush=True)


def _nuisance(rng: random.Random, n: int, here: tuple[str, int]) -> bytes:
    method = ("INVITE", "REGISTER", "OPTIONS", "BYE", "SUBSCRIBE")[n % 5]
    if n % 7 == 0:
        return rng.randbytes(300)
    return (
        f"{method} sip:{n}@{HOUSE} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {here[0]}:{here[1]};branch=z9hG4bK{n}\r\n"
        f"From: <sip:x@{here[0]}>;tag={n}\r\nTo: <sip:{n}@{HOUSE}>\r\n"
        f"Call-ID: {n}@flood\r\nCSeq: 1 {method}\r\nContact: <sip:x@{here[0]}:{here[1]}>\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


class Trunk:
    """Makes calls and times them."""

    def __init__(self) -> None:
        self.endpoint: Endpoint
        self.began: dict[CallKey, float] = {}
        self.took: list[float] = []

    def receive(self, event: SipEvent) -> None:
        """Note the answer and hang up."""
        if isinstance(event, CallAnswered):
            self.took.append(time.monotonic() - self.began[event.call])
            self.endpoint.hang_up(event.call)

    async def call(self, port: int, interval: float, seconds: float) -> None:
        """Make a call each `interval` and wait a little for the last."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            key = self.endpoint.invite(f"sip:12345@{HOUSE}:{port}", SDP)
            self.began[key] = began
            await asyncio.sleep(interval)
        await asyncio.sleep(LIMIT)


async def run(rate: int, seconds: float, sources: int, interval: float) -> dict[str, object]:
    """Run the three and return the figures."""
    me = (sys.executable, "-m", "benchmarks.voice.flood", "--role")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*me, "house", stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdin is not None
    trunk = Trunk()
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        async with Endpoint.open(EndpointOptions(host=TRUNK, port=0), trunk.receive) as endpoint:
            trunk.endpoint = endpoint
            await trunk.call(port, interval, 2.0)
            before = _memory(process.pid)
            nuisance = await asyncio.create_subprocess_exec(
                *me,
                *("stranger", "--port", str(port), "--rate", str(rate)),
                *("--seconds", str(seconds), "--sources", str(sources)),
                stdout=pipe,
            )
            trunk.began.clear()
            trunk.took.clear()
            used, clock = _cpu(process.pid), time.monotonic()
            await trunk.call(port, interval, seconds)
            busy = (_cpu(process.pid) - used) / (time.monotonic() - clock)
            sent, _ = await asyncio.wait_for(nuisance.communicate(), 30)
            calls, took = len(trunk.began), sorted(trunk.took)
            during = _memory(process.pid)
            used, clock = _cpu(process.pid), time.monotonic()
            await asyncio.sleep(2.0)
            idle = (_cpu(process.pid) - used) / (time.monotonic() - clock)
        output, _ = await asyncio.wait_for(process.communicate(b""), 10)
    finally:
        if process.returncode is None:
            process.kill()
    return {
        "flood_messages": int(sent),
        **json.loads(output),
        "calls": calls,
        "within_500_ms": sum(seconds <= LIMIT for seconds in took) / calls,
        "median_ms": round(took[len(took) // 2] * 1000, 1) if took else None,
        "slowest_ms": round(took[-1] * 1000, 1) if took else None,
        "cpu_during": round(busy, 3),
        "cpu_after": round(idle, 3),
        "memory_mb_before": round(before, 1),
        "memory_mb_after": round(during, 1),
    }


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", choices=("house", "stranger"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--sources", type=int, default=1)
    parser.add_argument("--full", action="store_true")
    chosen = parser.parse_args()
    if chosen.role == "house":
        asyncio.run(house())
    elif chosen.role == "stranger":
        stranger(chosen.port, chosen.rate, chosen.seconds, chosen.sources)
    else:
        seconds, interval = (60.0, 3.0) if chosen.full else (chosen.seconds, 0.1)
        told = asyncio.run(run(chosen.rate, seconds, chosen.sources, interval))
        print(json.dumps(told))
        sys.exit(0 if float(str(told["within_500_ms"])) >= 0.99 else 1)


if __name__ == "__main__":
    main()

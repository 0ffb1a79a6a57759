"""Calls set up and torn down per second on one core: answered and bridged, beside sippy and bare.

    python -m benchmarks.voice.sip_core [--calls 3000] [--window 50] [--without-sippy]

One process at a time is measured: `bare` (60 lines of asyncio that answer by pattern, and know
nothing else), `answered` (our endpoint answers) and `bridged` (our endpoint calls a far end for
each caller and connects the two); then both again by sippy 2.5 (`sippy_process`), for which a
virtual environment is made in a scratch folder. Caller and far end run in the parent. What is
counted is the CPU time of the measured process, so that a busy machine does not change the figures
much. Prints a table in Markdown.
"""

import argparse
import asyncio
import gc
import re
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallAnswered,
    CallCancelled,
    CallEnded,
    CallFailed,
    CallKey,
    CallOffered,
    SipEvent,
)
from channels.voice.sip.peers import PeerClass, PeerOptions, Rate

HOST = "127.0.0.1"
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 8\r\n"
)
ROLES = ("bare", "answered", "bridged")
SIPPY_ROLES = ("answered", "bridged")
SIPPY = "sippy==2.5"
LIMIT = 120.0
"""Seconds that a run may take."""

Command: TypeAlias = Callable[[int], list[str]]
"""The command line of a process that prints its port, given the port of the far end."""

_COPIED = re.compile(rb"\r\n((?:Via|From|Call-ID|CSeq): [^\r]*)")
_TO = re.compile(rb"\r\nTo: ([^\r]*)")
_CALL_ID = re.compile(rb"\r\nCall-ID: ([^\r]*)")


class BareAnswerer(asyncio.DatagramProtocol):
    """Answers INVITE and BYE with 200 at once; no state, no repetition, no check."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        if data.startswith((b"ACK", b"SIP")):
            return
        is_invite = data.startswith(b"INVITE")
        to = _TO.search(data)
        assert to is not None
        tag = b"" if b";tag=" in to[1] else b";tag=bare"
        body = SDP if is_invite else b""
        lines = [b"SIP/2.0 200 OK", *_COPIED.findall(data), b"To: " + to[1] + tag]
        if is_invite:
            lines.append(b"Contact: <sip:%s:%d>" % (HOST.encode(), self.port))
            lines.append(b"Content-Type: application/sdp")
        lines += [b"Content-Length: %d" % len(body), b"", body]
        self._transport.sendto(b"\r\n".join(lines), addr)


class Caller(asyncio.DatagramProtocol):
    """Keeps so many calls going: INVITE, ACK, BYE; the next begins when one is over."""

    def __init__(self, target: tuple[str, int], calls: int, window: int) -> None:
        self._target = target
        self._calls = calls
        self._window = window
        self._begun = 0
        self.done = 0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]
        self._port = transport.get_extra_info("sockname")[1]
        for _ in range(min(self._window, self._calls)):
            self._begin()

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        """Go on with the call that was answered."""
        if not data.startswith(b"SIP/2.0 2"):
            return
        found, to = _CALL_ID.search(data), _TO.search(data)
        assert found is not None
        assert to is not None
        number = int(found[1])
        if b"CSeq: 1 INVITE" in data:
            self._send("ACK", number, 1, to[1].decode())
            self._send("BYE", number, 2, to[1].decode())
            return
        self.done += 1
        if self.done == self._calls and not self.over.done():
            self.over.set_result(None)
        elif self._begun < self._calls:
            self._begin()

    def _begin(self) -> None:
        self._begun += 1
        self._send("INVITE", self._begun, 1, f"<sip:12345@{HOST}>")

    def _send(self, method: str, number: int, cseq: int, to: str) -> None:
        body = SDP if method == "INVITE" else b""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        head = (
            f"{method} sip:12345@{HOST}:{self._target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self._port};branch=z9hG4bK{method}{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:caller@{HOST}>;tag=c{number}\r\nTo: {to}\r\n"
            f"Call-ID: {number}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:caller@{HOST}:{self._port}>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.sendto(head.encode() + body, self._target)


class Bridge:
    """Connects each caller with the far end; the smallest application that does."""

    def __init__(self, far_end: str) -> None:
        self.endpoint: Endpoint
        self._far_end = far_end
        self._other: dict[CallKey, CallKey] = {}

    def receive(self, event: SipEvent) -> None:
        """Do for one side what the other did."""
        match event:
            case CallOffered(call=call, sdp=sdp):
                outward = self.endpoint.invite(self._far_end, sdp)
                self._other[call], self._other[outward] = outward, call
            case CallAnswered(call=call, sdp=sdp):
                try:
                    self.endpoint.answer(self._other[call], sdp)
                except (CallGone, KeyError):
                    self.endpoint.hang_up(call)
            case CallEnded(call=call) | CallFailed(call=call) | CallCancelled(call=call):
                other = self._other.pop(call, None)
                if other is not None:
                    self._other.pop(other, None)
                    self.endpoint.hang_up(other)


async def measured(role: str, far_end: str) -> None:
    """Be the process that is measured, until standard input ends."""
    loop = asyncio.get_running_loop()
    wait = loop.run_in_executor(None, sys.stdin.read)
    if role == "bare":
        transport, bare = await loop.create_datagram_endpoint(BareAnswerer, local_addr=(HOST, 0))
        print(bare.port, flush=True)
        await wait
        transport.close()
        return
    everything = Rate(1e9, 1e9)
    peers = PeerOptions(rates=dict.fromkeys(PeerClass, everything), strangers=everything)
    bridge = Bridge(far_end)
    receive: Callable[[SipEvent], None] = bridge.receive
    if role == "answered":

        def receive(event: SipEvent) -> None:
            if isinstance(event, CallOffered):
                bridge.endpoint.answer(event.call, SDP)

    options = EndpointOptions(host=HOST, port=0, peers=peers, max_calls=100_000)
    async with Endpoint.open(options, receive) as endpoint:
        bridge.endpoint = endpoint
        gc.freeze()
        print(endpoint.address[1], flush=True)
        await wait


def own_process(role: str) -> Command:
    """Return how our process of this role is started, given the port of the far end."""

    def command(far_port: int) -> list[str]:
        us = [sys.executable, "-m", "benchmarks.voice.sip_core", "--role", role]
        return [*us, "--far-end", f"sip:far@{HOST}:{far_port}"]

    return command


def sippy_process(python: Path, role: str) -> Command:
    """Return how sippy's process of this role is started."""
    script = str(Path(__file__).with_name("sippy_process.py"))

    def command(far_port: int) -> list[str]:
        return [str(python), script, role, str(_free_port()), str(far_port)]

    return command


async def measure(command: Command, calls: int, window: int) -> tuple[float, float]:
    """Return the calls per second of CPU time, and of the clock."""
    loop = asyncio.get_running_loop()
    far_transport, far = await loop.create_datagram_endpoint(BareAnswerer, local_addr=(HOST, 0))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command(far.port), stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        used, clock = _cpu(process.pid), time.monotonic()
        transport, caller = await loop.create_datagram_endpoint(
            lambda: Caller((HOST, port), calls, window), local_addr=(HOST, 0)
        )
        await asyncio.wait_for(caller.over, LIMIT)
        seconds, cpu = time.monotonic() - clock, _cpu(process.pid) - used
        transport.close()
    finally:
        process.kill()
        await process.wait()
        far_transport.close()
    return calls / cpu, calls / seconds


def _cpu(pid: int) -> float:
    """Return seconds that its threads were on a core, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((HOST, 0))
        port: int = udp.getsockname()[1]
        return port


def sippy_python(folder: Path) -> Path | None:
    """Make an environment with sippy; return its Python, or None where it cannot be had."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", SIPPY], check=False, capture_output=True
    )
    if done.returncode:
        print(f"{SIPPY} could not be installed: it is left out", file=sys.stderr)
        return None
    return python


async def compare(calls: int, window: int, sippy: Path | None) -> list[str]:
    """Measure all; return the lines of the table."""
    runs = {role: own_process(role) for role in ROLES}
    if sippy is not None:
        runs |= {f"sippy 2.5, {role}": sippy_process(sippy, role) for role in SIPPY_ROLES}
    lines = ["| what | calls/s of one core | of the bare answerer | calls/s by the clock |"]
    lines.append("|---|---|---|---|")
    bare = 0.0
    for name, command in runs.items():
        # The bare one is so quick that it needs more calls for the clock of its CPU.
        by_cpu, by_clock = await measure(command, calls * (5 if name == "bare" else 1), window)
        bare = bare or by_cpu
        lines.append(f"| {name} | {by_cpu:,.0f} | {by_cpu / bare:.0%} | {by_clock:,.0f} |")
    return lines


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--role", choices=ROLES)
    parser.add_argument("--far-end", default="")
    parser.add_argument("--without-sippy", action="store_true")
    chosen = parser.parse_args()
    if chosen.role:
        asyncio.run(measured(chosen.role, chosen.far_end))
        return
    with tempfile.TemporaryDirectory(prefix="sippy-") as made:
        sippy = None if chosen.without_sippy else sippy_python(Path(made) / "venv")
        print("\n".join(asyncio.run(compare(chosen.calls, chosen.window, sippy))))


if __name__ == "__main__":
    main()

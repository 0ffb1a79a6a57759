"""Calls set up and torn down per second on one core: answered and bridged, beside a bare answerer.

    python -m benchmarks.voice.sip_core [--calls 3000] [--window 50]

One process at a time is measured: `bare` (60 lines of asyncio that answer by pattern, and know
nothing else), `answered` (our endpoint answers) and `bridged` (our endpoint calls a far end for
each caller and connects the two). Caller and far end run in the parent. What is counted is the
CPU time of the measured process, so that a busy machine does not change the figures much. Prints
a table in Markdown.
"""

import argparse
import asyncio
import gc
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
LIMIT = 120.0
"""Seconds that a run may take."""

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


async def measure(role: str, calls: int, window: int) -> tuple[float, float]:
    """Return the calls per second of CPU time, and of the clock."""
    loop = asyncio.get_running_loop()
    far_transport, far = await loop.create_datagram_endpoint(BareAnswerer, local_addr=(HOST, 0))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.voice.sip_core", "--role", role),
        *("--far-end", f"sip:far@{HOST}:{far.port}"),
        stdin=pipe,
        stdout=pipe,
    )
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
        await asyncio.wait_for(process.communicate(b""), 15)
    finally:
        if process.returncode is None:
            process.kill()
        far_transport.close()
    return calls / cpu, calls / seconds


def _cpu(pid: int) -> float:
    """Return seconds that the main thread was on a core, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


async def compare(calls: int, window: int) -> list[str]:
    """Measure all three; return the lines of the table."""
    lines = ["| what | calls/s of one core | of the bare answerer | calls/s by the clock |"]
    lines.append("|---|---|---|---|")
    bare = 0.0
    for role in ROLES:
        # The bare one is so quick that it needs more calls for the clock of its CPU.
        by_cpu, by_clock = await measure(role, calls * (5 if role == "bare" else 1), window)
        bare = bare or by_cpu
        lines.append(f"| {role} | {by_cpu:,.0f} | {by_cpu / bare:.0%} | {by_clock:,.0f} |")
    return lines


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--role", choices=ROLES)
    parser.add_argument("--far-end", default="")
    chosen = parser.parse_args()
    if chosen.role:
        asyncio.run(measured(chosen.role, chosen.far_end))
    else:
        print("\n".join(asyncio.run(compare(chosen.calls, chosen.window))))


if __name__ == "__main__":
    main()

"""The far ends of a soak: many RTP senders and listeners in one process of their own.

    python -m benchmarks.voice.far_phones --streams 120 --seconds 60

Prints the UDP ports that it has bound, reads from standard input where each of them is to send and
which stream it is to hear, talks for that long and prints what arrived. Every packet of 20 ms tells
its stream, its number and when it left; the kernel says when a packet arrived (SO_TIMESTAMPNS), so
that this process's own delays are not measured.
"""

import argparse
import gc
import json
import select
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"
FRAME_NS = 20_000_000
WARM_UP_NS = 3_000_000_000
"""Nothing is counted before: bridges begin one by one, and buffers find their place."""

BIN_NS = 100_000
"""Delays are counted in steps of 0.1 ms, up to a second."""

BINS = 10_000

_SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; Python does not name it
_RTP = struct.Struct("!BBHII")
_MARK = struct.Struct("!HHIQ")  # magic, stream, number, time of departure
_TIME = struct.Struct("@qq")
_MAGIC = 0x7A5B
_FILLING = bytes([0xD5, 0x54]) * 72
PCMA = 8


@dataclass(slots=True)
class Histogram:
    """Counts of lengths of time; memory does not grow."""

    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    count: int = 0
    largest: int = 0

    def add(self, nanoseconds: int) -> None:
        """Count one."""
        self.bins[min(max(nanoseconds, 0) // BIN_NS, BINS - 1)] += 1
        self.count += 1
        self.largest = max(self.largest, nanoseconds)

    def figures(self) -> dict[str, float]:
        """Return median, p99, p99.9 and the largest, in milliseconds."""
        shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
        return {name: self._at(share) for name, share in shares.items()} | {
            "max": round(self.largest / 1e6, 2)
        }

    def _at(self, share: float) -> float:
        wanted, seen = share * self.count, 0
        for index, count in enumerate(self.bins):
            seen += count
            if seen >= wanted:
                return round((index + 1) * BIN_NS / 1e6, 1)
        return 0.0


@dataclass(slots=True)
class Stream:
    """One far end: what it sends, and what it has heard."""

    number: int
    udp: socket.socket
    target: tuple[str, int] = ("", 0)
    hears: int = -1
    next_ns: int = 0
    sent: int = 0
    heard: int = 0
    missing: int = 0
    doubled: int = 0
    strange: int = 0
    last_number: int = -1
    last_ns: int = 0
    longest_gap: int = 0


class FarPhones:
    """All streams, driven by one loop."""

    def __init__(self, count: int) -> None:
        self.streams = [Stream(number, self._open()) for number in range(count)]
        self.delays = Histogram()
        self.departures = Histogram()
        self._by_descriptor = {stream.udp.fileno(): stream for stream in self.streams}
        self._poll = select.epoll()
        for stream in self.streams:
            self._poll.register(stream.udp, select.EPOLLIN)
        self._count_from = 0

    @staticmethod
    def _open() -> socket.socket:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        udp.setblocking(False)
        udp.bind((HOST, 0))
        return udp

    @property
    def ports(self) -> list[int]:
        """Return where each stream receives."""
        return [stream.udp.getsockname()[1] for stream in self.streams]

    def run(self, seconds: float) -> None:
        """Talk and listen; the phases of the streams are spread over the 20 ms."""
        start = time.time_ns()
        self._count_from = start + WARM_UP_NS
        end = start + int(seconds * 1e9)
        for stream in self.streams:
            stream.next_ns = start + stream.number * 7_919_000 % FRAME_NS
        turns = deque(sorted(self.streams, key=lambda stream: stream.next_ns))
        while (now := time.time_ns()) < end:
            while turns[0].next_ns <= now:
                self._send(turns[0])
                turns[0].next_ns += FRAME_NS
                turns.rotate(-1)
            # `epoll` rounds up to whole milliseconds: far ends whose packets come unevenly.
            wait = max(0, turns[0].next_ns - time.time_ns()) / 1e9
            for descriptor, _ in self._poll.poll(wait, 64):
                self._receive(self._by_descriptor[descriptor])

    def _send(self, stream: Stream) -> None:
        number = stream.sent
        stream.sent += 1
        header = _RTP.pack(0x80, PCMA, number & 0xFFFF, number * 160 & 0xFFFF_FFFF, stream.number)
        mark = _MARK.pack(_MAGIC, stream.number, number, time.time_ns())
        stream.udp.sendto(header + mark + _FILLING, stream.target)

    def _receive(self, stream: Stream) -> None:
        try:
            data, extra, _, _ = stream.udp.recvmsg(2048, 64)
        except BlockingIOError:
            return
        seconds, rest = _TIME.unpack_from(extra[0][2])
        if 192 <= data[1] <= 223:  # RTCP towards the neighbour, whose port is one lower
            return
        at = seconds * 1_000_000_000 + rest
        if at < self._count_from:
            stream.last_ns = 0
            return
        if stream.last_ns:
            gap = at - stream.last_ns
            self.departures.add(abs(gap - FRAME_NS))
            stream.longest_gap = max(stream.longest_gap, gap)
        stream.last_ns = at
        magic, source, number, left_at = _MARK.unpack_from(data, _RTP.size)
        if magic != _MAGIC or source != stream.hears:
            stream.strange += 1
            return
        self.delays.add(at - left_at)
        stream.heard += 1
        if stream.last_number >= 0:
            step = number - stream.last_number
            stream.missing += max(step - 1, 0)
            stream.doubled += step <= 0
        stream.last_number = max(stream.last_number, number)

    def report(self) -> dict[str, Any]:
        """Return what was heard."""
        streams = self.streams
        return {
            "sent": sum(stream.sent for stream in streams),
            "heard": sum(stream.heard for stream in streams),
            "missing": sum(stream.missing for stream in streams),
            "doubled": sum(stream.doubled for stream in streams),
            "made_up": sum(stream.strange for stream in streams),
            "silent_streams": sum(not stream.heard for stream in streams),
            "longest_gap_ms": round(max(stream.longest_gap for stream in streams) / 1e6, 1),
            "added_delay_ms": self.delays.figures(),
            "departure_jitter_ms": self.departures.figures(),
        }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    phones = FarPhones(chosen.streams)
    print(json.dumps(phones.ports), flush=True)
    for stream, (port, hears) in zip(phones.streams, json.loads(sys.stdin.readline()), strict=True):
        stream.target, stream.hears = (HOST, port), hears
    gc.disable()
    phones.run(chosen.seconds)
    print(json.dumps(phones.report()), flush=True)


if __name__ == "__main__":
    main()

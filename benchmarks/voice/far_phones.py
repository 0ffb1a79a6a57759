"""The far ends of a soak: many RTP senders and listeners in one process of their own.

    python -m benchmarks.voice.far_phones --streams 120 --seconds 60

Prints the UDP port of each stream, reads from standard input where each of them is to send and
which stream it is to hear, talks for that long and prints what arrived. Every packet of 20 ms tells
its stream, its number and when it left; the kernel says when a packet arrived (SO_TIMESTAMPNS), so
that this process's own delays are not measured. Streams share twenty sockets and leave in twenty
slots of a millisecond, so that 600 of them cost little beside the engine that is measured.
"""

import argparse
import gc
import json
import sys
import time
from typing import Any

import numpy as np

from benchmarks.voice.mass_udp import Array, Inbox, Outbox, open_port

HOST = "127.0.0.1"
FRAME_NS = 20_000_000
SLOTS = 20
SLOT_NS = FRAME_NS // SLOTS
SPREAD = 7
"""Neighbours speak so many slots apart; has no factor in common with the slots."""

WARM_UP_NS = 3_000_000_000
"""Nothing is counted before: bridges begin one by one, and buffers find their place."""

DRAIN_NS = 300_000_000
"""At the end what is under way is still heard, and nothing else is counted."""

BIN_NS = 100_000
"""Delays are counted in steps of 0.1 ms, up to a second."""

BINS = 10_000
PCMA = 8
_MAGIC = 0x7A5B
_PACKET = np.dtype(
    [
        ("first", "u1"),
        ("second", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("magic", ">u2"),
        ("stream", ">u2"),
        ("number", ">u4"),
        ("left_at", ">u8"),
        ("filling", "u1", 144),
    ]
)


class Histogram:
    """Counts of lengths of time; memory does not grow."""

    def __init__(self) -> None:
        self._bins = np.zeros(BINS, np.int64)
        self._largest = 0

    def add(self, nanoseconds: Array) -> None:
        """Count some."""
        if len(nanoseconds):
            at = np.clip(nanoseconds // BIN_NS, 0, BINS - 1)
            self._bins += np.bincount(at, minlength=BINS)
            self._largest = max(self._largest, int(nanoseconds.max()))

    def figures(self) -> dict[str, float]:
        """Return median, p99, p99.9 and the largest, in milliseconds."""
        shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
        counts = np.cumsum(self._bins)
        at = {name: int(np.searchsorted(counts, s * counts[-1])) for name, s in shares.items()}
        return {name: round((bin_ + 1) * BIN_NS / 1e6, 1) for name, bin_ in at.items()} | {
            "max": round(self._largest / 1e6, 2)
        }


class Slot:
    """The streams that leave in one millisecond of the twenty, by one socket."""

    def __init__(self, streams: Array) -> None:
        self.streams = streams
        self.udp, self._control = open_port(HOST)
        self.inbox = Inbox(self.udp)
        self._packets = np.zeros(len(streams), _PACKET)
        self._packets["first"] = 0x80
        self._packets["second"] = PCMA
        self._packets["ssrc"] = self._packets["stream"] = streams
        self._packets["magic"] = _MAGIC
        self._packets["filling"] = np.resize(np.array([0xD5, 0x54], np.uint8), 144)
        self._outbox: Outbox | None = None

    @property
    def port(self) -> int:
        """Return where its streams receive."""
        port: int = self.udp.getsockname()[1]
        return port

    def aim(self, ports: list[int]) -> None:
        """Take where each stream sends to."""
        self._outbox = Outbox(self.udp, self._packets, HOST, ports)

    def send(self, number: int) -> int:
        """Send one packet of each stream; return how many."""
        assert self._outbox is not None, "aim() comes first"
        self._packets["sequence"] = number & 0xFFFF
        self._packets["timestamp"] = number * 160 & 0xFFFF_FFFF
        self._packets["number"] = number
        self._packets["left_at"] = time.time_ns()
        self._outbox.send()
        return len(self.streams)


class FarPhones:
    """All streams, driven by one loop."""

    def __init__(self, count: int) -> None:
        of_stream = np.arange(count) * SPREAD % SLOTS
        self.slots = [Slot(np.flatnonzero(of_stream == slot)) for slot in range(SLOTS)]
        self.ports = [self.slots[slot].port for slot in of_stream]
        self.delays = Histogram()
        self.departures = Histogram()
        self.sent = self.passed_over = self.late = self.strange = self.longest_gap = 0
        self.stalled_ns = 0
        self._hears = np.full(count, -1)
        self._by_port = np.full(1 << 16, -1)
        self._heard = np.zeros(count, np.int64)
        self._last_number = np.full(count, -1)
        self._last_at = np.full(count, -1)
        self._count_from = self._count_to = 0

    def aim(self, targets: list[tuple[int, int]]) -> None:
        """Take for each stream where it sends to, and whom it is to hear."""
        ports, hears = np.array(targets).T
        self._hears[:] = hears
        self._by_port[ports] = np.arange(len(ports))
        for slot in self.slots:
            slot.aim(ports[slot.streams].tolist())

    def run(self, seconds: float) -> None:
        """Talk and listen."""
        due = time.time_ns()
        self._count_from = due + WARM_UP_NS
        self._count_to = end = due + int(seconds * 1e9)
        turn = 0
        while due < end:
            late = time.time_ns() - due
            if late < 0:
                time.sleep(-late / 1e9)
            elif late > FRAME_NS:  # telephones do not make up for a stall by a burst
                self.stalled_ns += late
                due += late
            slot = self.slots[turn % SLOTS]
            if len(slot.streams):
                self.sent += slot.send(turn // SLOTS)
                self._receive(slot)
            turn += 1
            due += SLOT_NS
        time.sleep(DRAIN_NS / 1e9)
        for slot in self.slots:
            self._receive(slot)

    def _receive(self, slot: Slot) -> None:
        inbox, count = slot.inbox, slot.inbox.size
        while count == inbox.size:
            count = inbox.receive()
            if count:
                self._take(inbox, count)

    def _take(self, inbox: Inbox, count: int) -> None:
        packets, at = inbox.packets(count, _PACKET), inbox.arrivals(count)
        stream = self._by_port[inbox.ports(count)]
        second = packets["second"]
        is_ours = (stream >= 0) & ~((second >= 192) & (second <= 223)) & (at >= self._count_from)
        order = np.flatnonzero(is_ours)
        order = order[np.argsort(stream[order], kind="stable")]
        stream, at, packets = stream[order], at[order], packets[order]
        gaps = _steps(stream, at, self._last_at)
        if time.time_ns() < self._count_to:  # then the far ends fall silent, which is no gap
            self.departures.add(np.abs(gaps - FRAME_NS))
            self.longest_gap = max(self.longest_gap, int(gaps.max(initial=0)))
        whole = inbox.lengths(count)[order] == _PACKET.itemsize
        is_mark = whole & (packets["magic"] == _MAGIC) & (packets["stream"] == self._hears[stream])
        self.strange += int(np.count_nonzero(~is_mark & (at < self._count_to)))
        stream, at, packets = stream[is_mark], at[is_mark], packets[is_mark]
        self.delays.add(at - packets["left_at"].astype(np.int64))
        steps = _steps(stream, packets["number"].astype(np.int64), self._last_number)
        self.passed_over += int(np.clip(steps - 1, 0, None).sum())
        self.late += int(np.count_nonzero(steps <= 0))
        self._heard += np.bincount(stream, minlength=len(self._heard))

    def report(self) -> dict[str, Any]:
        """Return what was heard."""
        return {
            "sent": self.sent,
            "heard": int(self._heard.sum()),
            "missing": max(self.passed_over - self.late, 0),
            "out_of_order": self.late,
            "made_up": self.strange,
            "silent_streams": int(np.count_nonzero(self._heard == 0)),
            "longest_gap_ms": round(self.longest_gap / 1e6, 1),
            "far_ends_stalled_ms": round(self.stalled_ns / 1e6, 1),
            "added_delay_ms": self.delays.figures(),
            "departure_jitter_ms": self.departures.figures(),
        }


def _steps(stream: Array, value: Array, last: Array) -> Array:
    """Return how far each value is from that before it of its stream; keep the last ones.

    Both arrays are sorted by stream. The first value of a stream has none before it.
    """
    before = np.empty_like(value)
    before[1:] = value[:-1]
    is_first = np.ones(len(stream), bool)
    is_first[1:] = stream[1:] != stream[:-1]
    before[is_first] = last[stream[is_first]]
    np.maximum.at(last, stream, value)
    steps: Array = (value - before)[before >= 0]
    return steps


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    phones = FarPhones(chosen.streams)
    print(json.dumps(phones.ports), flush=True)
    phones.aim(json.loads(sys.stdin.readline()))
    gc.disable()
    phones.run(chosen.seconds)
    print(json.dumps(phones.report()), flush=True)


if __name__ == "__main__":
    main()

"""Packets of one stream that go on in another as they come, without waiting for a tick.

A translator (RFC 3550 7.2) keeps the distances between packets and changes their numbers: what is
lost or late on the way in is lost or late on the way out, and the listener's own jitter buffer
deals with it once instead of twice. A passage begins where the frames of the ticks ended, and
where it ends they go on, so that the listener sees one stream.
"""

from dataclasses import dataclass, replace

from channels.voice.rtp.codec import FRAME_SAMPLES, SAMPLE_RATE
from channels.voice.rtp.packet import MAX_SEQUENCE, MAX_TIMESTAMP
from channels.voice.rtp.reception import Reception

MAX_LEAD = 25
"""Packets handed on beyond one for each 20 ms: half a second, as much as a stall brings at once."""

_TICK_SHARE = 1.02
"""The clock of a phone may be two per cent fast for ever."""

_MAX_STEPS = 100
_ALL_USED = (1 << _MAX_STEPS + 1) - 1
_MAX_TICKS = 2 * SAMPLE_RATE
_HALF_SEQUENCES = 0x8000
_HALF_TIMESTAMPS = 0x8000_0000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet of exactly 20 ms of a law: of whom, its numbers (ticks of 8 kHz), its sound."""

    source: Reception
    sequence: int
    ticks: int
    sound: bytes


@dataclass(frozen=True, slots=True)
class Numbers:
    """The sequence number and timestamp (ticks of 8 kHz) under which a packet goes on."""

    sequence: int
    timestamp: int
    is_newest: bool


class Passage:
    """From one source to one listener; begun by its first packet."""

    def __init__(self, first: Arrived, sequence: int, timestamp: int) -> None:
        """Begin with the numbers that the listener is to see next."""
        self._newest = replace(
            first,
            sequence=(first.sequence - 1) & MAX_SEQUENCE,
            ticks=(first.ticks - FRAME_SAMPLES) & MAX_TIMESTAMP,
        )
        self._sequence = (sequence - 1) & MAX_SEQUENCE
        self._timestamp = (timestamp - FRAME_SAMPLES) & MAX_TIMESTAMP
        # A bit for each number back from the newest; RFC 3711 3.3.1: none may be used twice.
        self._used = _ALL_USED
        self._lead = 0.0
        self.waited = 0
        """Ticks since a packet was handed on."""

    def tick(self) -> None:
        """Let 20 ms pass."""
        self.waited += 1
        self._lead = max(self._lead - _TICK_SHARE, 0.0)

    def goes_on_with(self, arrived: Arrived) -> bool:
        """Say whether a packet is of the same stream, and near enough to keep its distance."""
        steps, ticks = self._distance(arrived)
        if arrived.source is not self._newest.source or abs(steps) > _MAX_STEPS:
            return False
        return 0 <= (ticks if steps >= 0 else -ticks) <= _MAX_TICKS

    def number(self, arrived: Arrived) -> Numbers | None:
        """Return the numbers of a packet; None for a repeated one, one from before, or a flood."""
        steps, ticks = self._distance(arrived)
        back = 1 << max(-steps, 0)
        if self._lead >= MAX_LEAD or (steps <= 0 and self._used & back):
            return None
        self._lead += 1
        sequence = (self._sequence + steps) & MAX_SEQUENCE
        timestamp = (self._timestamp + ticks) & MAX_TIMESTAMP
        if steps > 0:
            self._newest, self._sequence, self._timestamp = arrived, sequence, timestamp
            self._used = (self._used << steps) & _ALL_USED
            self.waited = 0
        self._used |= back
        return Numbers(sequence, timestamp, is_newest=steps > 0)

    def _distance(self, arrived: Arrived) -> tuple[int, int]:
        steps = arrived.sequence - self._newest.sequence + _HALF_SEQUENCES
        ticks = arrived.ticks - self._newest.ticks + _HALF_TIMESTAMPS
        return (
            (steps & MAX_SEQUENCE) - _HALF_SEQUENCES,
            (ticks & MAX_TIMESTAMP) - _HALF_TIMESTAMPS,
        )

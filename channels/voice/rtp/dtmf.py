"""Telephone events (RFC 4733): keys out of packets and packets out of keys.

A key is one event: all its packets share one RTP timestamp, their duration grows, and the end is
sent three times. The receiver must come to exactly one key whatever is lost, repeated or
reordered; the marker bit is never needed for that.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from channels.voice.rtp.codec import FRAME_SAMPLES, SAMPLE_RATE
from channels.voice.rtp.packet import RtpMalformed

KEYS = "0123456789*#ABCD"
"""Index = event code (RFC 4733 table 3); 16 is the hook flash and later ones are no keys."""

MAX_DURATION = 0xFFFF
"""What a duration field can say: 8.19 s."""

END_SECONDS = 0.2
"""Silence after which a key counts as released: ten lost updates of 20 ms, four of 50 ms."""

MAX_WAITING = 64
"""Keys waiting to be sent; a longer number is not dialled by anyone."""

# A packet this much older than the key is reordered; older still, the peer began a new time base.
_LATE_SAMPLES = 2 * SAMPLE_RATE

_PAYLOAD = struct.Struct("!BBH")
_END_PACKETS = 3
# ITU-T Q.24 asks for pauses of at least 40 ms; the end packets take 60 ms of them already.
_PAUSE_FRAMES = 2
_VOLUME = 10  # -10 dBm0, what handsets send


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """The payload of one packet (2.3); `duration` in samples since the event began."""

    code: int
    duration: int
    is_end: bool = False
    volume: int = _VOLUME

    def serialise(self) -> bytes:
        """Return the four bytes."""
        return _PAYLOAD.pack(self.code, (0x80 if self.is_end else 0) | self.volume, self.duration)


def parse_event(payload: bytes) -> TelephoneEvent:
    """Read the first event of a payload; further ones (2.5.1.5) are retransmissions.

    Raises:
        RtpMalformed: it is shorter than four bytes.
    """
    if len(payload) < _PAYLOAD.size:
        raise RtpMalformed("a telephone event has four bytes")
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return TelephoneEvent(code, duration, bool(flags & 0x80), flags & 0x3F)


@dataclass(frozen=True, slots=True)
class KeyDown:
    """A key began."""

    key: str


@dataclass(frozen=True, slots=True)
class KeyUp:
    """The key ended; once for each `KeyDown`, before the next one."""

    key: str
    duration_ms: int


class DigitReceiver:
    """One direction's events; feed packets in, take `KeyDown` and `KeyUp` out."""

    def __init__(self) -> None:
        self._code = -1
        self._timestamp = 0
        self._duration = 0
        self._is_down = False
        self._is_known = False
        self._heard_at = 0.0

    def receive(
        self, event: TelephoneEvent, timestamp: int, now: float, longest: int = MAX_DURATION
    ) -> Iterator[KeyDown | KeyUp]:
        """Yield what a packet tells; `timestamp` is that of its RTP header, in ticks of 8 kHz.

        `longest` is what its duration field can say, less where it counts a quicker clock.
        """
        if event.code >= len(KEYS):
            return
        age = (timestamp - self._timestamp + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
        is_late = -_LATE_SAMPLES < age < 0
        if self._is_known and (is_late or (age == 0 and not self._is_down)):
            return  # reordered from an earlier key, or a repeated end
        if self._is_known and age != 0 and not self._goes_on(event, age, longest):
            yield from self._release()
            self._is_known = False
        if not self._is_known:
            self._code, self._is_known, self._is_down = event.code, True, True
            self._duration = 0
            yield KeyDown(KEYS[event.code])
        self._timestamp = timestamp
        if not self._is_down:
            return
        self._heard_at = now
        self._duration = max(self._duration, event.duration)
        # A key that is stuck for 8 s is released once; what follows it is swallowed.
        if event.is_end or self._duration >= longest:
            yield from self._release()

    def handle_timer(self, now: float) -> Iterator[KeyUp]:
        """Release a key whose end was lost; call it every frame."""
        if self._is_down and now - self._heard_at >= END_SECONDS:
            yield from self._release()

    def _goes_on(self, event: TelephoneEvent, age: int, longest: int) -> bool:
        if event.code != self._code or age < 0:
            return False
        if self._duration >= longest:
            # The next segment of a long event begins where the previous one ended (2.5.1.3).
            return abs(age - longest) <= 2 * FRAME_SAMPLES
        # Some gateways move the timestamp with every packet of one event. Events cannot overlap,
        # so what begins before the key's end is still that key; and a key pressed anew starts
        # again from a short duration.
        is_longer = self._is_down and event.duration > self._duration
        return age < self._duration or (is_longer and age <= event.duration)

    def _release(self) -> Iterator[KeyUp]:
        if self._is_down:
            self._is_down = False
            yield KeyUp(KEYS[self._code], self._duration * 1000 // SAMPLE_RATE)


class _Phase(StrEnum):
    """Where the sender is within one key."""

    IDLE = "idle"
    DOWN = "down"
    ENDING = "ending"
    PAUSE = "pause"


@dataclass(slots=True)
class _Press:
    """A key to send; `frames` is None while a relayed key is still held."""

    code: int
    frames: int | None


@dataclass(frozen=True, slots=True)
class EventOut:
    """One event packet to send; `is_first` asks for the marker bit and fixes the timestamp."""

    payload: bytes
    is_first: bool


class DigitSender:
    """Turns keys into event packets, at most one a frame of 20 ms."""

    def __init__(self) -> None:
        self._waiting: deque[_Press] = deque()
        self._press = _Press(0, 0)
        self._phase = _Phase.IDLE
        self._left = 0
        self._duration = 0
        self.clock_scale = 1
        """Units of the event's clock in one tick of 8 kHz."""

    @property
    def is_busy(self) -> bool:
        """Say whether keys are being sent; audio gives way to them until they are over."""
        return self._phase is not _Phase.IDLE or bool(self._waiting)

    def press(self, key: str, duration_ms: int) -> bool:
        """Queue one key; False if the key is none, or too many are waiting."""
        frames = duration_ms * SAMPLE_RATE // 1000 // FRAME_SAMPLES
        return self._add(key, max(2, min(frames, MAX_DURATION // FRAME_SAMPLES)))

    def key_down(self, key: str) -> bool:
        """Begin a key whose length is not known yet (a bridge passes it on)."""
        return self._add(key, None)

    def key_up(self) -> None:
        """End the key that `key_down` began, after at least two frames."""
        for press in (self._press, *self._waiting):
            if press.frames is None:
                sent = self._duration // FRAME_SAMPLES if press is self._press else 0
                press.frames = max(2, sent)
                return

    def next_event(self) -> EventOut | None:
        """Return this frame's packet; None when there is none in this frame."""
        if self._phase is _Phase.IDLE and self._waiting:
            self._press = self._waiting.popleft()
            self._phase, self._duration = _Phase.DOWN, 0
        match self._phase:
            case _Phase.DOWN:
                return self._down()
            case _Phase.ENDING:
                return self._ending()
            case _Phase.PAUSE:
                self._left -= 1
                if self._left <= 0:
                    self._phase = _Phase.IDLE
        return None

    def _add(self, key: str, frames: int | None) -> bool:
        code = KEYS.find(key) if len(key) == 1 else -1
        if code < 0 or len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.append(_Press(code, frames))
        return True

    def _down(self) -> EventOut:
        is_first = self._duration == 0
        self._duration += FRAME_SAMPLES
        frames = self._press.frames
        is_over = frames is not None and self._duration >= frames * FRAME_SAMPLES
        longest = MAX_DURATION // self.clock_scale
        if is_over or self._duration + FRAME_SAMPLES > longest:
            self._phase, self._left = _Phase.ENDING, _END_PACKETS - 1
            return self._packet(is_end=True, is_first=is_first)
        return self._packet(is_end=False, is_first=is_first)

    def _ending(self) -> EventOut:
        # 2.5.1.4: three times, same timestamp, same duration.
        self._left -= 1
        if self._left == 0:
            self._phase, self._left = _Phase.PAUSE, _PAUSE_FRAMES
        return self._packet(is_end=True, is_first=False)

    def _packet(self, *, is_end: bool, is_first: bool) -> EventOut:
        event = TelephoneEvent(self._press.code, self._duration * self.clock_scale, is_end)
        return EventOut(event.serialise(), is_first)

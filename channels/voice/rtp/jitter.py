"""The jitter buffer: packets in as the network brings them, one frame of 20 ms out at each tick.

Theory of operation. Packets are kept by timestamp (in samples, unwrapped), so any packet time and
any order will do. `pop` is called by a steady clock and plays from a cursor:

- a hole with later packets behind it is a loss: a frame is made up and the cursor moves on;
- an empty buffer is lateness: a frame is made up and the cursor *stays*, which adds 20 ms of delay
  and lets the late packets be played. So the delay adapts upwards to the jitter by itself;
- when for two seconds the buffer never ran lower than the target, half of the needless frames are
  dropped, or all if they are many. So the delay comes down again, and a peer whose clock runs
  fast does not pile up;
- a long pause (silence suppression, hold) or a jump of the timestamps starts anew with the
  target delay.

Playing begins when two frames are there, or one frame for as long as `SETTLE_TURNS` of an owner
who asks more often than 50 times a second (`settle`): on an even network, where the next packet
comes before it is due, that saves 20 ms of delay; on an uneven one, the first packet that comes too
late gives them back, and the last 20 ms of delay are won back ever more rarely; after a calm of
20 s, as soon as at first.

What made-up frames sound like is the `Concealer`'s business.
"""

from enum import StrEnum

from channels.voice.rtp.codec import BYTES_PER_TICK, FRAME_SAMPLES, SAMPLE_RATE, Codec
from channels.voice.rtp.concealment import Concealer

TARGET_FRAMES = 2
"""40 ms: one frame in hand and one for its jitter."""

SETTLE_TURNS = 3
"""Turns of 5 ms that a lone first frame has waited: the next one may be 10 ms late."""

MAX_SAMPLES = SAMPLE_RATE // 2
"""Half a second: more delay than that makes people talk at the same time."""

_PAUSE_FRAMES = 10
_JUMP_SAMPLES = 2 * SAMPLE_RATE
_WINDOW_FRAMES = 100
_LONGEST_WINDOW = 800
_CALM_FRAMES = 1000
# So much needless delay (ours after a stall, or the network's) is cut out at once.
_HEAP_SAMPLES = 8 * FRAME_SAMPLES


class Arrival(StrEnum):
    """What became of a packet."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    LATE = "late"


class JitterBuffer:
    """One stream's packets of one form, in order and in time."""

    def __init__(self, form: Codec) -> None:
        self._width = BYTES_PER_TICK[form]
        self._frame_bytes = FRAME_SAMPLES * self._width
        self._concealer = Concealer(form)
        self._packets: dict[int, bytes] = {}
        self._rest = b""  # of the packet that the cursor is in
        self._cursor = 0
        self._newest = 0
        self._is_started = False
        self._is_pausing = False
        self.is_playing = False
        """Whether frames come out; before, and in a pause, `pop` gives None."""
        self._settled = 0
        self._in_hand = TARGET_FRAMES * FRAME_SAMPLES
        """How much may be there before playing begins, and stay there after each frame."""
        self._made_up = 0
        self._waited = 0
        self._turn = 0
        self._window = _WINDOW_FRAMES
        self._calm = 0
        self._lowest = self._lowest_lately = MAX_SAMPLES
        self.frames_concealed = 0
        self.frames_dropped = 0

    @property
    def delay_samples(self) -> int:
        """Return how much sound lies between the cursor and the end of the newest packet."""
        return self._newest - self._cursor if self._packets or self._rest else 0

    def push(self, timestamp: int, payload: bytes) -> Arrival:
        """Keep a packet; `timestamp` is the 32 bits of its RTP header."""
        # Unwrapped around the newest: 32 bits wrap after six days, but may begin anywhere.
        at = self._newest + (timestamp - self._newest + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
        if not self._is_started or abs(at - self._cursor) > _JUMP_SAMPLES:
            self._restart(at)
        if at in self._packets:
            return Arrival.DUPLICATE
        if self.is_playing and at < self._cursor:
            return Arrival.LATE
        self._is_pausing = False
        self._packets[at] = payload
        self._newest = max(self._newest, at + len(payload) // self._width)
        if not self.is_playing:
            self._cursor = min(self._cursor, at)
        if self._newest - self._cursor > MAX_SAMPLES:
            self._skip_to_target()
        return Arrival.KEPT

    def expect_pause(self) -> None:
        """Take note that the remote has announced a pause: nothing will be missing after it."""
        self._is_pausing = True

    def settle(self) -> bool:
        """Say whether a first frame has waited long enough to be played; ask it every 5 ms."""
        if self.delay_samples < FRAME_SAMPLES:
            return False
        self._settled += 1
        return self._settled >= SETTLE_TURNS

    def pop(self) -> bytes | None:
        """Return the next frame; None while the stream has not begun or pauses."""
        if not self.is_playing:
            has_settled = self._settled >= SETTLE_TURNS
            if self.delay_samples < (FRAME_SAMPLES if has_settled else self._in_hand):
                return None
            self._begin(has_settled=has_settled)
        frame = self._take()
        if self._turn >= 0:  # not when it has just run dry, which begins a new window
            self._lowest = min(self._lowest, self.delay_samples)
            self._lowest_lately = min(self._lowest_lately, self.delay_samples)
        self._turn += 1
        self._calm += 1
        if self._turn >= self._window:
            self._shorten_delay(self._lowest)
        elif self._turn and self._turn % _WINDOW_FRAMES == 0:
            # What is more than a frame is won back soon, whatever came before these two seconds.
            if self._lowest_lately >= self._in_hand + FRAME_SAMPLES:
                self._shorten_delay(self._lowest_lately)
            self._lowest_lately = MAX_SAMPLES
        return frame

    def skip(self, frames: int) -> None:
        """Let frames pass unheard, for nobody asked for them in time; what is needed stays."""
        for _ in range(frames):
            if not self.is_playing or self.delay_samples < self._in_hand + FRAME_SAMPLES:
                return
            self._take()
            self.frames_dropped += 1

    def _restart(self, at: int) -> None:
        self._packets.clear()
        self._rest = b""
        self._cursor = self._newest = at
        self._is_started = True
        self._stop()

    def _stop(self) -> None:
        self.is_playing = False
        self._concealer.begin_anew()
        self._settled = 0
        self._in_hand = TARGET_FRAMES * FRAME_SAMPLES

    def _begin(self, *, has_settled: bool) -> None:
        self._cursor = min(self._packets)
        self.is_playing = True
        self._made_up = self._waited = self._turn = 0
        self._lowest = self._lowest_lately = MAX_SAMPLES
        if has_settled:
            self._in_hand = FRAME_SAMPLES

    def _skip_to_target(self) -> None:
        self._cursor = self._newest - TARGET_FRAMES * FRAME_SAMPLES
        self._rest = b""
        self._forget_passed()

    def _forget_passed(self) -> None:
        for at in [at for at in self._packets if at < self._cursor]:
            del self._packets[at]
            self.frames_dropped += 1

    def _shorten_delay(self, lowest: int) -> None:
        spare = lowest - self._in_hand
        if spare >= 0:
            frames = spare // FRAME_SAMPLES
            if spare < _HEAP_SAMPLES:
                frames = frames // 2 + 1
            for _ in range(frames):
                self._take()
            self.frames_dropped += frames
        self._turn = 0
        self._lowest = self._lowest_lately = MAX_SAMPLES

    def _take(self) -> bytes | None:
        if not self._rest:
            frame = self._packets.pop(self._cursor, b"")
            if len(frame) == self._frame_bytes:
                self._cursor += FRAME_SAMPLES
                self._made_up = self._waited = 0
                return self._concealer.hear(frame)
            self._rest = frame
        return self._assemble()

    def _assemble(self) -> bytes | None:
        """Put a frame together from packets of other lengths, holes and nothing."""
        frame = piece = b""
        real = 0
        while (missing := self._frame_bytes - len(frame)) > 0:
            self._rest = self._rest or self._packets.pop(self._cursor, b"")
            if self._rest:
                piece, self._rest = self._rest[:missing], self._rest[missing:]
                self._cursor += len(piece) // self._width
                self._waited = 0
                real += len(piece)
                frame += piece
            elif not self._packets:
                return self._wait(frame)
            elif (hole := self._next_hole()) > 0:
                length = min(hole, missing // self._width)
                self._cursor += length
                frame += self._concealer.make_up()[: length * self._width]
                piece = b""
        if real:
            self._made_up = 0
        if real == self._frame_bytes:
            return self._concealer.hear(frame)
        self._count_made_up()
        if piece:
            self._concealer.keep(frame)
        return frame

    def _next_hole(self) -> int:
        """Return how far the next packet is; what the pause has taken already is left out."""
        self._forget_passed()
        if not self._packets:
            return 0
        hole = min(self._packets) - self._cursor
        skipped = min(hole, self._waited)
        self._waited = 0
        self._cursor += skipped
        return hole - skipped

    def _wait(self, begun: bytes) -> bytes | None:
        """Make up the rest of a frame for an empty buffer; after a while, pause."""
        if self._is_pausing or self._made_up >= _PAUSE_FRAMES:
            self._is_started = False
            self._stop()
            return None
        frame = begun + self._concealer.make_up()[len(begun) :]
        self._waited += FRAME_SAMPLES - len(begun) // self._width
        if self._made_up == 0:
            # Twice as rarely from now on: what is saved by less delay is paid in made-up sound.
            is_uneven = self._calm < _CALM_FRAMES
            self._window = min(2 * self._window, _LONGEST_WINDOW) if is_uneven else _WINDOW_FRAMES
            self._calm = 0
        self._turn = -1
        self._lowest = self._lowest_lately = MAX_SAMPLES
        self._count_made_up()
        return frame

    def _count_made_up(self) -> None:
        self._made_up += 1
        self.frames_concealed += 1

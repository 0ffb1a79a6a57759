"""Comfort noise (RFC 3389): the background that a phone describes instead of sending silence."""

import numpy as np

from channels.voice.rtp.codec import BYTES_PER_TICK, FRAME_SAMPLES, SAMPLE_RATE, Codec
from channels.voice.rtp.rates import to_bytes

QUIETEST = 127
"""-127 dBov; what one byte of level can say (3.1)."""

_FULL_SCALE = 32_767
# One second of white noise, the same for all: nobody hears that it repeats, and no dice are needed.
_WHITE = np.random.default_rng(3389).standard_normal(2 * SAMPLE_RATE)


class ComfortNoise:
    """Noise of one level, 20 ms at a time."""

    def __init__(self, form: Codec, payload: bytes) -> None:
        """Take a payload: the level, and a spectrum that is left out (3.2 allows white noise)."""
        level = min(payload[0] & 0x7F if payload else QUIETEST, QUIETEST)
        sound = np.clip(_WHITE * _FULL_SCALE * 10 ** (-level / 20), -_FULL_SCALE, _FULL_SCALE)
        whole = to_bytes(form, sound.astype(np.int16))
        size = FRAME_SAMPLES * BYTES_PER_TICK[form]
        self._frames = [whole[at : at + size] for at in range(0, len(whole) - size + 1, size)]
        self._next = 0

    def next_frame(self) -> bytes:
        """Return the next frame."""
        frame = self._frames[self._next]
        self._next = (self._next + 1) % len(self._frames)
        return frame

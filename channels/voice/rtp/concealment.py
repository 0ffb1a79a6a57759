"""Packet-loss concealment after the idea of ITU-T G.711 Appendix I: speech repeats its pitch.

What was heard last is searched for its period (5 to 15 ms), and that period goes on, its seam
smoothed; after 10 ms it fades, and 60 ms after the last real sound there is silence, for by then a
repeated vowel is a buzz. The first real frame is blended in. As long as nothing is lost, all that
it costs is keeping three frames.
"""

from collections import deque
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from channels.voice.rtp.codec import FRAME_SAMPLES, SAMPLE_RATE, WIDE_RATE, Codec
from channels.voice.rtp.rates import silence_of, to_bytes, to_samples

_Sound: TypeAlias = npt.NDArray[np.float64]

_HISTORY_FRAMES = 3
# Appendix I: 66 to 200 Hz, what is compared, and the time constants.
_LONGEST_PITCH = 0.015
_SHORTEST_PITCH = 0.005
_COMPARED = 0.020
_STEADY = 0.010
_SILENT_AFTER = 0.060
_BLEND = 0.004


class Concealer:
    """Makes frames up for one stream of one form."""

    def __init__(self, form: Codec) -> None:
        self._form = form
        self._rate = WIDE_RATE if form is Codec.WIDE else SAMPLE_RATE
        self._frame_samples = FRAME_SAMPLES * self._rate // SAMPLE_RATE
        self._heard: deque[bytes] = deque(maxlen=_HISTORY_FRAMES)
        self._period: _Sound | None = None
        self._made = 0

    def hear(self, frame: bytes) -> bytes:
        """Take a real frame, and return it as it is to be played: blended after made-up ones."""
        if self._period is not None:
            frame = self._blend(frame)
        self.keep(frame)
        return frame

    def keep(self, frame: bytes) -> None:
        """Take a frame that was made up in part and ends with real sound."""
        self._period = None
        self._heard.append(frame)

    def begin_anew(self) -> None:
        """Forget what was heard: the stream paused, and what comes next is not blended."""
        self._period = None
        self._heard.clear()

    def make_up(self) -> bytes:
        """Return a frame in place of the next one."""
        if self._period is None:
            self._begin()
        elif self._made >= _SILENT_AFTER * self._rate:
            return silence_of(self._form, FRAME_SAMPLES)
        sound = self._go_on(self._frame_samples)
        self._made += self._frame_samples
        return to_bytes(self._form, sound.astype(np.int16))

    def _begin(self) -> None:
        past = b"".join(self._heard) or silence_of(self._form, FRAME_SAMPLES)
        sound = to_samples(self._form, past).astype(np.float64)
        pitch = _pitch_of(sound, self._rate)
        period = sound[-pitch:].copy()
        # The end of the period is followed by its beginning: what came before the beginning
        # blends into the end, so that there is no step.
        seam = min(pitch // 4, len(sound) - pitch)
        if seam:
            ramp = np.arange(1, seam + 1) / (seam + 1)
            before = sound[-pitch - seam : -pitch]
            period[-seam:] = period[-seam:] * (1 - ramp) + before * ramp
        self._period, self._made = period, 0

    def _go_on(self, count: int) -> _Sound:
        """Return how the period goes on after what was made already, with its fading."""
        assert self._period is not None
        at = np.arange(self._made, self._made + count)
        steady, silent = _STEADY * self._rate, _SILENT_AFTER * self._rate
        gain = np.clip(1 - (at - steady) / (silent - steady), 0.0, 1.0)
        return np.asarray(self._period[at % len(self._period)] * gain, dtype=np.float64)

    def _blend(self, frame: bytes) -> bytes:
        count = int(_BLEND * self._rate)
        sound = to_samples(self._form, frame).astype(np.float64)
        ramp = np.arange(1, count + 1) / (count + 1)
        sound[:count] = sound[:count] * ramp + self._go_on(count) * (1 - ramp)
        return to_bytes(self._form, sound.astype(np.int16))


def _pitch_of(sound: _Sound, rate: int) -> int:
    """Return the lag at which the last 20 ms repeat best, in samples."""
    longest, shortest = int(_LONGEST_PITCH * rate), int(_SHORTEST_PITCH * rate)
    compared = int(_COMPARED * rate)
    if len(sound) < compared + longest:
        return min(longest, len(sound))
    recent = sound[-compared:]
    earlier = sound[-compared - longest : -shortest]
    windows = np.lib.stride_tricks.sliding_window_view(earlier, compared)
    power = np.einsum("ij,ij->i", windows, windows)
    likeness = windows @ recent / np.sqrt(np.maximum(power, 1.0))
    return longest - int(np.argmax(likeness))

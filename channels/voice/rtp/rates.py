"""Between 8, 16 and 48 kHz: linear-phase filters that remember where the last frame ended."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from channels.voice.rtp.codec import BYTES_PER_TICK, Codec
from channels.voice.rtp.g711 import Samples, decode, encode, transcode

_Taps: TypeAlias = npt.NDArray[np.float64]

_TAPS_PER_STEP = 40
"""Per unit of the factor: 2.5 ms of delay, and the mirror images 50 dB down."""

_KAISER = 5.0
# Of the lower Nyquist frequency: 3.7 kHz of 4, where telephones end at 3.4.
_PASS = 0.93


def _low_pass(factor: int) -> _Taps:
    count = factor * _TAPS_PER_STEP
    at = np.arange(count) - (count - 1) / 2
    taps = np.sinc(at * _PASS / factor) * np.kaiser(count, _KAISER)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


class Downsampler:
    """Keeps one sample of `factor`, after a low-pass."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._taps = _low_pass(factor)
        self._past: _Taps = np.zeros(len(self._taps) - factor)

    def convert(self, samples: Samples) -> Samples:
        """Return one sample for each `factor`; the length must be a multiple of it."""
        sound: _Taps = np.concatenate((self._past, samples))
        self._past = sound[len(samples) :]
        windows = np.lib.stride_tricks.sliding_window_view(sound, len(self._taps))
        return _clipped(windows[:: self._factor] @ self._taps)


class Upsampler:
    """Puts samples in between: twice as many."""

    def __init__(self) -> None:
        taps = 2 * _low_pass(2)
        self._phases = taps[0::2], taps[1::2]
        self._past: _Taps = np.zeros(len(self._phases[0]) - 1)

    def convert(self, samples: Samples) -> Samples:
        """Return two samples for each."""
        sound: _Taps = np.concatenate((self._past, samples))
        self._past = sound[len(samples) :]
        wide = np.empty(2 * len(samples))
        for phase, taps in enumerate(self._phases):
            wide[phase::2] = np.convolve(sound, taps, "valid")
        return _clipped(wide)


class Converter:
    """One stream of frames from form to form; keeps the memory of its filters."""

    def __init__(self) -> None:
        self._up: Upsampler | None = None
        self._down: Downsampler | None = None

    def convert(self, frame: bytes, source: Codec, target: Codec) -> bytes:
        """Return the frame in the form `target`; the same object where both are the same."""
        if source is target:
            return frame
        if source is not Codec.WIDE and target is not Codec.WIDE:
            return transcode(frame, source, target)
        if target is Codec.WIDE:
            self._up = self._up or Upsampler()
            return to_bytes(Codec.WIDE, self._up.convert(decode(source, frame)))
        self._down = self._down or Downsampler(2)
        return encode(target, self._down.convert(to_samples(Codec.WIDE, frame)))


def to_samples(form: Codec, frame: bytes) -> Samples:
    """Return the linear samples of a frame, at the rate of its form."""
    if form is Codec.WIDE:
        return np.frombuffer(frame, dtype="<i2").astype(np.int16, copy=False)
    return decode(form, frame)


def to_bytes(form: Codec, samples: Samples) -> bytes:
    """Return the frame of linear samples at the rate of the form."""
    if form is Codec.WIDE:
        return samples.astype("<i2", copy=False).tobytes()
    return encode(form, samples)


def silence_of(form: Codec, ticks: int) -> bytes:
    """Return digital silence."""
    width = BYTES_PER_TICK[form]
    return to_bytes(form, np.zeros(ticks * max(1, width // 2), dtype=np.int16))


def _clipped(sound: _Taps) -> Samples:
    return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)

"""Tones as a proof of hearing: made at one end of a call, looked for at the other."""

import math
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
WIDTH_HZ = 25.0
"""Half the width of the band that counts as the tone."""


def write_tone(path: Path, hertz: float, *, seconds: float, level: float = 0.4) -> Path:
    """Write a mono 8 kHz PCM WAV file with one tone, and return its path."""
    at = np.arange(round(seconds * RATE)) / RATE
    samples = (level * 32767 * np.sin(2 * math.pi * hertz * at)).astype("<i2")
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    return path


def read_channel(path: Path, channel: int = 0) -> NDArray[np.int16]:
    """Return one channel of a PCM WAV file (0 left, 1 right), as 16-bit samples."""
    with wave.open(str(path), "rb") as sound:
        frames = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
        return frames.reshape(-1, sound.getnchannels())[:, channel]


def tone_share(samples: NDArray[np.int16], hertz: float) -> float:
    """Return the part of the sound's energy that lies at `hertz`, 0 to 1; 0 for silence."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    spectrum[:1] = 0.0
    whole = float(spectrum.sum())
    if whole == 0.0:
        return 0.0
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(frequencies - hertz) <= WIDTH_HZ].sum()) / whole


def hears_tone(path: Path, hertz: float, *, channel: int = 0, seconds: float = 0.5) -> bool:
    """Say whether a recording has at least `seconds` in which the tone is nearly all there is."""
    samples = read_channel(path, channel)
    window = RATE // 10
    heard = sum(
        tone_share(samples[start : start + window], hertz) > 0.8
        and float(np.abs(samples[start : start + window]).mean()) > 500
        for start in range(0, len(samples) - window + 1, window)
    )
    return heard * window >= seconds * RATE


def loudness(samples: NDArray[np.int16]) -> float:
    """Return the mean absolute sample, 0 to 32767; 0 for no samples."""
    return float(np.abs(samples.astype(np.float64)).mean()) if len(samples) else 0.0

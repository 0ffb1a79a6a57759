"""Tones to speak into a phone, and ears that tell by content what came out at the other end."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from channels.voice.media import wav
from channels.voice.rtp.codec import SAMPLE_RATE

Samples = npt.NDArray[np.int16]


def tone(hz: float, seconds: float, level: float = 0.4) -> Samples:
    """Return a sine tone; `level` 1 is full scale."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.round(level * 32_767 * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def silence(seconds: float) -> Samples:
    """Return digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def write_prompt(path: Path, samples: Samples) -> Path:
    """Write an A-law prompt and return its path."""
    path.write_bytes(wav.write_alaw(samples))
    return path


def write_tone(path: Path, hz: float, seconds: float) -> Path:
    """Write a prompt that is a tone, and return its path."""
    return write_prompt(path, tone(hz, seconds))


def channels_of(path: Path) -> tuple[Samples, Samples]:
    """Return left and right of a recording, read by Python's own `wave`."""
    with wave.open(str(path), "rb") as file:
        shape = (file.getnchannels(), file.getframerate(), file.getsampwidth())
        assert shape == (2, SAMPLE_RATE, 2), shape
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return sound[:, 0].astype(np.int16), sound[:, 1].astype(np.int16)


def level_of(samples: Samples) -> float:
    """Return the effective level, 1 is full scale."""
    if not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) / 32_767


def loudest_hz(samples: Samples) -> float:
    """Return the frequency of the strongest line of the spectrum; 0 for silence."""
    if level_of(samples) < 0.001:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / len(samples)


def share_of(samples: Samples, hz: float, width: float = 25.0) -> float:
    """Return the part of the energy that lies within `width` of a frequency."""
    spectrum = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    total = float(np.sum(spectrum))
    near = float(np.sum(spectrum[np.abs(frequencies - hz) <= width]))
    return near / total if total else 0.0


def seconds_of(samples: Samples, hz: float) -> float:
    """Return for how long a tone sounds, judged frame by frame of 40 ms."""
    size = SAMPLE_RATE // 25
    frames = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    return sum(share_of(f, hz, 60.0) > 0.8 and level_of(f) > 0.02 for f in frames) / 25

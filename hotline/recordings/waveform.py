"""The shape of a recording: the loudest sample of each stretch and side; reads the file once."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hotline.recordings.seal import Unreadable

BUCKETS = 600
"""Stretches of equal length: more than a screen shows apart."""

BLOCK_FRAMES = 1 << 16
"""Frames read at a time: an hour of sound never lies in memory whole."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """Peaks from 0 to 1 over the time of a recording."""

    duration_ms: int
    citizen: tuple[float, ...]
    """Left: what the person outside said."""
    seat: tuple[float, ...]
    """Right: what the person heard, so the seat, prompts and music."""


def read_waveform(path: Path) -> Waveform:
    """Return the shape of a stereo 16-bit recording; call it off the loop.

    Raises:
        Unreadable: if there is no such file, or it is no recording of ours.
    """
    try:
        with wave.open(str(path), "rb") as sound:
            if (sound.getnchannels(), sound.getsampwidth()) != (2, 2):
                raise Unreadable(path, "not stereo of 16 bits")
            frames, rate = sound.getnframes(), sound.getframerate()
            peaks = _peaks(sound, frames)
    except (OSError, EOFError, wave.Error) as error:
        raise Unreadable(path, type(error).__name__) from error
    return Waveform(round(frames * 1000 / rate), tuple(peaks[0]), tuple(peaks[1]))


def _peaks(sound: wave.Wave_read, frames: int) -> list[list[float]]:
    buckets = min(BUCKETS, max(frames, 1))
    loudest = np.zeros((2, buckets))
    start = 0
    while chunk := sound.readframes(BLOCK_FRAMES):
        samples = np.abs(np.frombuffer(chunk, dtype="<i2").astype(np.int32)).reshape(-1, 2)
        where = (start + np.arange(len(samples))) * buckets // frames
        for side in (0, 1):
            np.maximum.at(loudest[side], where, samples[:, side])
        start += len(samples)
    return [[round(float(each) / 32_768, 3) for each in side] for side in loudest]


def outline(peaks: tuple[float, ...], *, top: float, height: float) -> str:
    """Return an SVG path around a middle line at `top + height / 2`, one unit for each stretch."""
    middle, half = top + height / 2, height / 2
    return "".join(
        f"M{at} {middle - peak * half:.1f}V{middle + peak * half:.1f}"
        for at, peak in enumerate(max(each, 0.01) for each in peaks)
    )

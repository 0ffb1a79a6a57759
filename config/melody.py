"""A short tune of our own for callers who wait: five tones, plucked softly, without a seam."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Sound: TypeAlias = npt.NDArray[np.float64]

BEAT_SECONDS = 0.6

# 宫调式 on C, written as (semitones above middle C, beats); None rests. 32 beats are 19.2 s.
TUNE: tuple[tuple[int | None, float], ...] = (
    (4, 1), (7, 1), (9, 1), (7, 1), (4, 1), (2, 1), (0, 2),
    (2, 1), (4, 1), (7, 1.5), (4, 0.5), (2, 3), (None, 1),
    (4, 1), (7, 1), (9, 1), (12, 1), (9, 1), (7, 1), (4, 2),
    (2, 1), (0, 1), (2, 1.5), (4, 0.5), (0, 3), (None, 1),
)  # fmt: skip
BASS: tuple[tuple[int | None, float], ...] = (
    (-12, 4), (-15, 4), (-8, 4), (-5, 4), (-12, 4), (-15, 4), (-5, 4), (-12, 4)
)  # fmt: skip


def melody(rate: int) -> Sound:
    """Return 19.2 s of the tune at `rate` samples a second, from -1 to 1, fit to be repeated."""
    length = round(sum(beats for _, beats in TUNE) * BEAT_SECONDS * rate)
    sound = 0.7 * _voice(TUNE, length, rate) + 0.4 * _voice(BASS, length, rate)
    return np.asarray(sound / np.max(np.abs(sound)))


def _voice(notes: tuple[tuple[int | None, float], ...], length: int, rate: int) -> Sound:
    """Return one part; what rings on after the end is laid over the beginning."""
    sound = np.zeros(length)
    at = 0.0
    for semitones, beats in notes:
        if semitones is not None:
            tone = _pluck(261.63 * 2 ** (semitones / 12), beats * BEAT_SECONDS + 0.8, rate)
            places = (round(at * rate) + np.arange(tone.size)) % length
            np.add.at(sound, places, tone)
        at += beats * BEAT_SECONDS
    return sound


def _pluck(frequency: float, seconds: float, rate: int) -> Sound:
    """Return one note: three partials that fade, the higher the faster."""
    time = np.arange(round(seconds * rate)) / rate
    partials = (
        strength * np.exp(-decay * time) * np.sin(2 * np.pi * frequency * number * time)
        for number, strength, decay in ((1, 1.0, 2.2), (2, 0.35, 3.5), (3, 0.12, 5.0))
    )
    edge = np.minimum(1.0, np.minimum(time / 0.012, (time[-1] - time) / 0.05))
    return np.asarray(sum(partials) * edge)

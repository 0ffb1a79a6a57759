"""How much a person says in a recording, and whether they have stopped: by loudness alone."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hotline.recordings.seal import Unreadable

WINDOW_SECONDS = 0.1
QUIET = 200.0
"""Mean absolute sample (full scale 32768) below which a tenth of a second is a pause: -44 dB, well
under speech on a line (-20 dB) and over the noise of one."""

LEAST_SPEECH = 0.8
"""Seconds; less is a cough, or a receiver put down."""


def spoken_seconds(path: Path) -> float:
    """Return for how long the person outside (left) can be heard; call it off the loop.

    Raises:
        Unreadable: if there is no such file, or it is no recording of ours.
    """
    return float(np.count_nonzero(_windows(path) > QUIET)) * WINDOW_SECONDS


def quiet_seconds(path: Path, most: float) -> float:
    """Return for how long the person has said nothing at the end, up to `most`.

    The file may still be growing. Call it off the loop.

    Raises:
        Unreadable: if there is no such file, or it is no recording of ours.
    """
    loud = np.flatnonzero(_windows(path, last=most) > QUIET)
    whole = round(most / WINDOW_SECONDS)
    return (whole - 1 - int(loud[-1]) if loud.size else whole) * WINDOW_SECONDS


def _windows(path: Path, last: float | None = None) -> npt.NDArray[np.float64]:
    """Return the loudness of each tenth of a second; with `last`, of the end, silence before it."""
    try:
        with wave.open(str(path), "rb") as sound:
            if (sound.getnchannels(), sound.getsampwidth()) != (2, 2):
                raise Unreadable(path, "not stereo of 16 bits")
            window = round(sound.getframerate() * WINDOW_SECONDS)
            frames = sound.getnframes()
            if last is not None:
                sound.setpos(max(0, frames - round(last * sound.getframerate())))
            data = np.frombuffer(sound.readframes(frames), dtype="<i2")
    except (OSError, EOFError, wave.Error) as error:
        raise Unreadable(path, type(error).__name__) from error
    left = np.abs(data.reshape(-1, 2)[:, 0].astype(np.float64))
    missing = -left.size % window
    if last is not None:
        missing = max(0, round(last / WINDOW_SECONDS) * window - left.size)
    padded = np.concatenate([np.zeros(missing), left])
    return np.asarray(padded[: padded.size // window * window].reshape(-1, window).mean(axis=1))

"""Proof of hearing: is a prompt in what a phone heard?"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from channels.voice.media import wav
from channels.voice.tones import read_channel

PIECE: Final = 8000
"""Samples of a piece: one second. A late tick or a lost packet spoils one piece, not the whole."""
ALIKE: Final = 0.8
"""Correlation, 0 to 1, above which a stretch of sound is the piece; other words stay below 0.4."""
MOST: Final = 0.7
"""The share of the pieces that must be heard."""


LATEST: Final = 2 * PIECE
"""Samples beyond the prompt's own length in which an ended prompt is looked for."""


def hears_prompt(heard: Path, prompt: Path, *, ended: bool = False) -> bool:
    """Say whether the prompt (8 kHz WAV) is in the recording's left channel.

    With `ended`, it must be the last thing heard: within two seconds of the end.
    """
    sound = read_channel(heard).astype(np.float64)
    words = wav.read(prompt.read_bytes()).astype(np.float64)
    if ended:
        sound = sound[-len(words) - LATEST :]
    # A hang-up right behind the prompt takes the last frames in the jitter buffer with it.
    sound = np.pad(sound, (0, PIECE))
    pieces = [words[at : at + PIECE] for at in range(0, len(words), PIECE)]
    whole = [piece for piece in pieces if len(piece) > PIECE // 4]
    return sum(likeness(sound, piece) > ALIKE for piece in whole) >= MOST * len(whole)


def likeness(heard: NDArray[np.float64], piece: NDArray[np.float64]) -> float:
    """Return the highest normalised correlation of `piece` with a stretch of `heard`, 0 to 1."""
    length = len(piece)
    if len(heard) < length or not piece.any():
        return 0.0
    size = 1 << (len(heard) + length - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - length + 1]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    stretches = np.sqrt(np.maximum(energy[length:] - energy[:-length], 1.0))
    return float(np.max(products / stretches) / np.linalg.norm(piece))

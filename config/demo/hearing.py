"""Proof of hearing: is a prompt in what a phone heard?"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from channels.voice.media import wav
from channels.voice.tones import read_channel

ALIKE = 0.6
"""Correlation, 0 to 1, above which a stretch of sound is the prompt. A lost packet costs a little;
another prompt of the same voice stays below 0.2."""


def hears_prompt(heard: Path, prompt: Path) -> bool:
    """Say whether the prompt (8 kHz A-law WAV) is in the recording's left channel."""
    return likeness(read_channel(heard).astype(np.float64), read_prompt(prompt)) > ALIKE


def likeness(heard: NDArray[np.float64], prompt: NDArray[np.float64]) -> float:
    """Return the highest normalised correlation of `prompt` with a stretch of `heard`, 0 to 1."""
    length = len(prompt)
    if len(heard) < length or not prompt.any():
        return 0.0
    size = 1 << (len(heard) + length - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(prompt, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - length + 1]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    stretches = np.sqrt(np.maximum(energy[length:] - energy[:-length], 1.0))
    return float(np.max(products / stretches) / np.linalg.norm(prompt))


def read_prompt(path: Path) -> NDArray[np.float64]:
    """Return the samples of a prompt file."""
    return wav.read(path.read_bytes()).astype(np.float64)

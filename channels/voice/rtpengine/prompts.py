"""Prompts as rtpengine plays them: one A-law WAV for all files that follow each other."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from channels.voice.media import wav
from channels.voice.media.engine import PromptUnusable
from channels.voice.media.player import PromptShelf
from channels.voice.rtp.codec import SAMPLE_RATE, Codec
from channels.voice.rtp.g711 import Samples, decode

MAX_KEPT = 64

MAX_BYTES = 960_000
"""Two minutes in a row: rtpengine takes no longer message."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to play."""

    wav: bytes
    samples: Samples

    @property
    def seconds(self) -> float:
        """Return how long it lasts."""
        return len(self.samples) / SAMPLE_RATE


def silence(seconds: float) -> Sound:
    """Return nothing to hear."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)
    return Sound(wav.write_alaw(samples), samples)


class SoundShelf:
    """Sounds by their files, those least recently used forgotten first."""

    def __init__(self) -> None:
        self._prompts = PromptShelf()
        self._sounds: OrderedDict[tuple[tuple[Path, int], ...], Sound] = OrderedDict()

    async def load(self, files: Sequence[Path]) -> Sound:
        """Return the files one after the other.

        Raises:
            PromptUnusable: one of them cannot be played, or they are too long together.
        """
        return await asyncio.to_thread(self.load_in_thread, tuple(files))

    def load_in_thread(self, files: tuple[Path, ...]) -> Sound:
        """Return the files one after the other; see `load`."""
        prompts = self._prompts.load_all(files)
        key = tuple((path, path.stat().st_mtime_ns) for path in files)
        kept = self._sounds.pop(key, None)
        if kept is None:
            parts = [decode(Codec.PCMA, prompt.sound[Codec.PCMA]) for prompt in prompts]
            samples = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)
            kept = Sound(wav.write_alaw(samples), samples)
        if len(kept.wav) > MAX_BYTES:
            raise PromptUnusable(files[0], f"{kept.seconds:.0f} s in a row are too long")
        self._sounds[key] = kept
        while len(self._sounds) > MAX_KEPT:
            self._sounds.popitem(last=False)
        return kept

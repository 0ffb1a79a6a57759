"""Prompt files as ready-made frames: decoded once, kept, and handed out 20 ms at a time."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.voice.media import wav
from channels.voice.media.engine import PromptUnusable
from channels.voice.rtp.codec import FRAME_SAMPLES, LAWS, Codec
from channels.voice.rtp.g711 import SILENCE, Samples, encode

MAX_FILE_BYTES = 32 * 1024 * 1024
"""Half an hour of PCM16: no prompt is longer, and a wrong path may name anything."""

MAX_CACHE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Prompt:
    """One file in both laws; whole frames, the last one filled up with silence."""

    sound: dict[Codec, bytes]

    @classmethod
    def of(cls, samples: Samples) -> "Prompt":
        """Return the prompt with this sound."""
        sounds = {codec: encode(codec, samples) for codec in LAWS}
        missing = -len(samples) % FRAME_SAMPLES
        return cls({codec: sound + SILENCE[codec][:missing] for codec, sound in sounds.items()})

    @property
    def frame_count(self) -> int:
        """Return the length in frames of 20 ms."""
        return len(self.sound[Codec.PCMA]) // FRAME_SAMPLES

    @property
    def size(self) -> int:
        """Return how many bytes it takes."""
        return sum(len(sound) for sound in self.sound.values())


class Player:
    """Plays prompts one after the other; knows nothing of time but how often it is asked."""

    def __init__(self, prompts: Sequence[Prompt], *, loop: bool = False) -> None:
        self._prompts = [prompt for prompt in prompts if prompt.frame_count]
        self._loop = loop
        self._prompt = 0
        self._frame = 0

    @property
    def is_finished(self) -> bool:
        """Say whether everything was handed out."""
        return self._prompt >= len(self._prompts)

    def next_frame(self, codec: Codec) -> bytes | None:
        """Return the next 20 ms; None once finished."""
        if self.is_finished:
            return None
        prompt = self._prompts[self._prompt]
        start = self._frame * FRAME_SAMPLES
        frame = prompt.sound[codec][start : start + FRAME_SAMPLES]
        self._frame += 1
        if self._frame >= prompt.frame_count:
            self._frame = 0
            self._prompt += 1
            if self._loop:
                self._prompt %= len(self._prompts)
        return frame


class PromptShelf:
    """Decoded prompts by path, the least recently used forgotten first; safe between threads.

    A file that was replaced on disk is read anew.
    """

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._lock = threading.Lock()
        self._prompts: OrderedDict[Path, tuple[tuple[int, int], Prompt]] = OrderedDict()

    def load_all(self, paths: Sequence[Path]) -> list[Prompt]:
        """Return the prompts in order; reads files, so call it in a thread.

        Raises:
            PromptUnusable: one of them cannot be played.
        """
        return [self.load(path) for path in paths]

    def load(self, path: Path) -> Prompt:
        """Return one prompt.

        Raises:
            PromptUnusable: it cannot be played.
        """
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            with self._lock:
                kept = self._prompts.get(path)
                if kept is not None and kept[0] == stamp:
                    self._prompts.move_to_end(path)
                    return kept[1]
            if status.st_size > MAX_FILE_BYTES:
                raise PromptUnusable(path, f"{status.st_size} bytes are too many")
            prompt = Prompt.of(wav.read(path.read_bytes()))
        except OSError as error:
            raise PromptUnusable(path, error.strerror or "unreadable") from error
        except wav.WavUnusable as error:
            raise PromptUnusable(path, str(error)) from error
        self._keep(path, stamp, prompt)
        return prompt

    def _keep(self, path: Path, stamp: tuple[int, int], prompt: Prompt) -> None:
        with self._lock:
            replaced = self._prompts.pop(path, None)
            self._size += prompt.size - (replaced[1].size if replaced else 0)
            self._prompts[path] = stamp, prompt
            while self._size > self._max_bytes and len(self._prompts) > 1:
                _, (_, oldest) = self._prompts.popitem(last=False)
                self._size -= oldest.size

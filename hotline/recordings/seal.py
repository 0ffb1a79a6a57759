"""Measuring and hashing a finished recording file."""

import hashlib
import wave
from dataclasses import dataclass
from pathlib import Path

from hotline.kernel.errors import HotlineError

BLOCK = 1 << 20
BLOCK_FRAMES = 1 << 18


class Unreadable(HotlineError):
    """The file is not there, or is not a WAV file."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"recording {path.name}: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Seal:
    """What proves that a recording is whole and unchanged."""

    sha256: str
    bytes: int
    duration_ms: int


def seal_file(path: Path) -> Seal:
    """Measure and hash a recording; reads the whole file, so call it off the loop.

    Raises:
        Unreadable: if there is no such file, or it is not playable.
    """
    try:
        with wave.open(str(path), "rb") as sound:
            # What is there, not what the header of a file that was cut off promises.
            size = 0
            while block := sound.readframes(BLOCK_FRAMES):
                size += len(block)
            frames = size // (sound.getnchannels() * sound.getsampwidth())
            duration_ms = round(frames * 1000 / sound.getframerate())
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
            size = file.tell()
    except (OSError, EOFError, wave.Error) as error:
        raise Unreadable(path, type(error).__name__) from error
    return Seal(digest.hexdigest(), size, duration_ms)

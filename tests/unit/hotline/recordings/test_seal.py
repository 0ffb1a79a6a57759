import hashlib
import wave
from pathlib import Path

import pytest

from hotline.recordings.seal import Unreadable, seal_file


def test_a_seal_names_length_size_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4 * 8000))

    seal = seal_file(path)

    assert (seal.duration_ms, seal.bytes) == (1000, 32_044)
    assert seal.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"not sound at all, but long enough " * 3])
def test_what_cannot_be_played_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "call.wav"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Unreadable):
        seal_file(path)

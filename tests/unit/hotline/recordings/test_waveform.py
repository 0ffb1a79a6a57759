import wave
from pathlib import Path

import numpy as np
import pytest

from hotline.recordings.seal import Unreadable
from hotline.recordings.waveform import BUCKETS, outline, read_waveform


def write(path: Path, left: np.ndarray, right: np.ndarray, channels: int = 2) -> Path:
    sound = np.stack([left, right], axis=1).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 8000, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    return path


def test_each_side_has_its_own_shape_at_its_own_time(tmp_path: Path) -> None:
    seconds = 20
    left, right = np.zeros(8000 * seconds), np.zeros(8000 * seconds)
    left[: 8000 * 5] = 16_384
    right[8000 * 10 : 8000 * 15] = -32_768

    shape = read_waveform(write(tmp_path / "a.wav", left, right))

    assert shape.duration_ms == 20_000
    assert len(shape.citizen) == len(shape.seat) == BUCKETS
    assert shape.citizen[:150] == (0.5,) * 150
    assert shape.citizen[151:] == (0.0,) * 449
    assert shape.seat[:300] == (0.0,) * 300
    assert shape.seat[300:450] == (1.0,) * 150


def test_an_empty_recording_has_an_empty_shape(tmp_path: Path) -> None:
    shape = read_waveform(write(tmp_path / "a.wav", np.zeros(0), np.zeros(0)))

    assert (shape.duration_ms, shape.citizen) == (0, (0.0,))


@pytest.mark.parametrize("content", [None, b"no sound", b""], ids=["missing", "text", "empty"])
def test_what_is_no_recording_is_said_to_be_unreadable(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Unreadable):
        read_waveform(path)


def test_a_mono_file_is_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        read_waveform(write(tmp_path / "a.wav", np.zeros(10), np.zeros(10), channels=1))


def test_the_outline_is_one_stroke_for_each_stretch() -> None:
    assert outline((0.5, 0.0), top=0, height=60) == "M0 15.0V45.0M1 29.7V30.3"

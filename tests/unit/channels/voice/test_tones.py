import wave
from pathlib import Path

import numpy as np

from channels.voice.tones import hears_tone, loudness, read_channel, tone_share, write_tone


def test_a_tone_is_found_where_it_is_and_nowhere_else(tmp_path: Path) -> None:
    samples = read_channel(write_tone(tmp_path / "tone.wav", 440, seconds=1))

    assert tone_share(samples, 440) > 0.95
    assert tone_share(samples, 880) < 0.01


def test_silence_has_no_tone() -> None:
    assert tone_share(np.zeros(800, dtype=np.int16), 440) == 0.0
    assert loudness(np.zeros(0, dtype=np.int16)) == 0.0


def test_a_short_tone_is_not_heard_for_long(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "tone.wav", 440, seconds=0.4)

    assert hears_tone(path, 440, seconds=0.3)
    assert not hears_tone(path, 440, seconds=0.6)


def test_each_channel_is_heard_by_itself(tmp_path: Path) -> None:
    left = read_channel(write_tone(tmp_path / "left.wav", 440, seconds=1))
    path = tmp_path / "both.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(np.column_stack([left, np.zeros_like(left)]).tobytes())

    assert hears_tone(path, 440, channel=0)
    assert not hears_tone(path, 440, channel=1, seconds=0.1)

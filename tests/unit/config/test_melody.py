import numpy as np

from config.melody import BASS, BEAT_SECONDS, TUNE, melody


def test_both_voices_have_the_same_length() -> None:
    assert sum(beats for _, beats in TUNE) == sum(beats for _, beats in BASS) == 32


def test_the_tune_lasts_its_beats_at_any_rate() -> None:
    assert melody(8000).size == round(32 * BEAT_SECONDS * 8000)
    assert melody(16000).size == round(32 * BEAT_SECONDS * 16000)


def test_the_tune_uses_the_whole_range_and_no_more() -> None:
    assert np.max(np.abs(melody(8000))) == 1

"""Hearing a prompt in a recording."""

import wave
from pathlib import Path

import numpy as np
import pytest

from channels.voice.media import wav
from config.demo.hearing import hears_prompt
from config.prompts import PROMPTS

NOTICE = PROMPTS / "zh-CN" / "recording_notice.wav"
THANKS = PROMPTS / "zh-CN" / "thanks.wav"


def recording(path: Path, *sounds: Path, spoil: slice | None = None, cut: int = 0) -> Path:
    """A stereo recording whose left side heard the sounds one after the other."""
    pieces = [wav.read(sound.read_bytes()) for sound in sounds]
    left = np.concatenate([np.zeros(4000, np.int16), *pieces])[: -cut or None]
    if spoil:
        left[spoil] = 0
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.column_stack([left, np.zeros_like(left)]).astype("<i2").tobytes())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heard.wav"


def test_a_prompt_that_was_played_is_heard(path):
    assert hears_prompt(recording(path, NOTICE), NOTICE)


def test_other_words_of_the_same_voice_are_not_the_prompt(path):
    assert not hears_prompt(recording(path, NOTICE), THANKS)


def test_a_lost_second_does_not_matter(path):
    assert hears_prompt(recording(path, NOTICE, spoil=slice(20000, 28000)), NOTICE)


def test_half_a_prompt_is_not_the_prompt(path):
    assert not hears_prompt(recording(path, NOTICE, spoil=slice(40000, None)), NOTICE)


def test_the_last_frames_may_be_cut_off_by_the_hang_up(path):
    assert hears_prompt(recording(path, THANKS, cut=800), THANKS)


def test_a_prompt_followed_by_another_has_not_just_ended(path):
    heard = recording(path, THANKS, NOTICE)

    assert hears_prompt(heard, THANKS)
    assert not hears_prompt(heard, THANKS, ended=True)
    assert hears_prompt(heard, NOTICE, ended=True)

import numpy as np

from channels.voice.media.mixing import mix
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import decode, encode
from tests.fakes.tones import share_of, tone

A, MU = Codec.PCMA, Codec.PCMU
LOW, HIGH = tone(440, 0.5, 0.3), tone(1500, 0.5, 0.3)


def test_nobody_gives_nothing() -> None:
    assert mix([], A) is None


def test_one_voice_in_the_same_law_is_not_touched() -> None:
    frame = encode(A, LOW)

    assert mix([frame], A) is frame


def test_two_voices_are_both_heard() -> None:
    mixed = mix([encode(MU, LOW), encode(MU, HIGH)], MU)

    assert mixed is not None
    sound = decode(MU, mixed)
    assert share_of(sound, 440) > 0.4
    assert share_of(sound, 1500) > 0.4


def test_too_loud_is_cut_off_and_does_not_wrap_around() -> None:
    loud = encode(A, np.full(160, 30_000, dtype=np.int16))

    mixed = mix([loud, loud, loud], A)

    assert mixed is not None
    assert decode(A, mixed).min() > 30_000


def test_wide_voices_are_mixed_as_wide_ones() -> None:
    low, high = (np.repeat(voice, 2).astype("<i2").tobytes() for voice in (LOW, HIGH))

    mixed = mix([low, high], Codec.WIDE)

    assert mixed is not None
    assert np.array_equal(np.frombuffer(mixed, "<i2")[::2], LOW + HIGH)

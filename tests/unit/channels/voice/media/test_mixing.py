import numpy as np

from channels.voice.media.mixing import mix
from channels.voice.rtp.g711 import Codec, decode, encode
from tests.fakes.tones import share_of, tone

A, MU = Codec.PCMA, Codec.PCMU
LOW, HIGH = tone(440, 0.5, 0.3), tone(1500, 0.5, 0.3)


def test_nobody_gives_nothing() -> None:
    assert mix([], A) is None


def test_one_voice_in_the_same_law_is_not_touched() -> None:
    frame = encode(A, LOW)

    assert mix([(A, frame)], A) is frame


def test_two_voices_in_different_laws_are_both_heard() -> None:
    mixed = mix([(A, encode(A, LOW)), (MU, encode(MU, HIGH))], MU)

    assert mixed is not None
    sound = decode(MU, mixed)
    assert share_of(sound, 440) > 0.4
    assert share_of(sound, 1500) > 0.4


def test_too_loud_is_cut_off_and_does_not_wrap_around() -> None:
    loud = encode(A, np.full(160, 30_000, dtype=np.int16))

    mixed = mix([(A, loud), (A, loud), (A, loud)], A)

    assert mixed is not None
    assert decode(A, mixed).min() > 30_000

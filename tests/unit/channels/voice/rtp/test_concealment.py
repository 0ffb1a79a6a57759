import numpy as np
import pytest

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.concealment import Concealer
from channels.voice.rtp.g711 import Samples
from channels.voice.rtp.rates import to_bytes, to_samples

RATES = {Codec.PCMA: 8000, Codec.WIDE: 16_000}


def vowel(rate: int, pitch: float, seconds: float = 0.4) -> Samples:
    """A voice: a pitch and its first harmonics."""
    at = np.arange(int(seconds * rate)) * 2 * np.pi * pitch / rate
    parts = ((1, 5000), (2, 3000), (3, 4000), (5, 1500))
    return np.rint(sum(level * np.sin(n * at) for n, level in parts)).astype(np.int16)


def frames(form: Codec, sound: Samples) -> list[bytes]:
    size = RATES[form] // 50
    return [to_bytes(form, sound[at : at + size]) for at in range(0, len(sound), size)]


def played(form: Codec, sound: Samples, lost: range) -> Samples:
    concealer = Concealer(form)
    parts = [
        concealer.make_up() if number in lost else concealer.hear(frame)
        for number, frame in enumerate(frames(form, sound))
    ]
    return to_samples(form, b"".join(parts))


def error_db(there: Samples, meant: Samples) -> float:
    wrong = np.mean(np.square(there.astype(np.float64) - meant)) + 1e-9
    return float(10 * np.log10(wrong / np.mean(np.square(meant.astype(np.float64)))))


@pytest.mark.parametrize("form", list(RATES))
@pytest.mark.parametrize("pitch", [80, 125, 190])
def test_a_lost_frame_of_a_vowel_goes_on_at_its_pitch(form: Codec, pitch: int) -> None:
    rate = RATES[form]
    sound = vowel(rate, pitch)

    heard = played(form, sound, range(8, 9))

    # The first 10 ms of the hole, before the fading; silence there would be 0 dB.
    at = slice(8 * rate // 50, 8 * rate // 50 + rate // 100)
    assert error_db(heard[at], sound[at]) < -8


def test_there_is_no_click_at_the_edges() -> None:
    sound = vowel(8000, 125)

    heard = played(Codec.PCMA, sound, range(8, 10))

    steps = np.abs(np.diff(heard.astype(int)))
    assert steps.max() <= 1.3 * np.abs(np.diff(sound.astype(int))).max()


def test_a_long_loss_fades_and_is_silent_after_60_ms() -> None:
    heard = played(Codec.PCMA, vowel(8000, 125), range(8, 14)).astype(np.float64)

    levels = [np.abs(heard[at : at + 160]).max() for at in range(8 * 160, 14 * 160, 160)]
    assert levels[0] > 8000
    assert levels[0] > levels[1] > levels[2] > 0
    assert max(levels[3:]) <= 8


def test_real_sound_is_not_touched_while_nothing_is_lost() -> None:
    concealer = Concealer(Codec.PCMA)

    assert all(concealer.hear(each) is each for each in frames(Codec.PCMA, vowel(8000, 100)))


def test_a_loss_before_any_sound_is_silence() -> None:
    made_up = Concealer(Codec.PCMA).make_up()

    assert np.abs(to_samples(Codec.PCMA, made_up).astype(int)).max() <= 8


def test_a_stream_that_begins_anew_is_not_blended_with_the_old_one() -> None:
    concealer = Concealer(Codec.PCMA)
    first, second = frames(Codec.PCMA, vowel(8000, 100))[:2]
    concealer.hear(first)
    concealer.make_up()

    concealer.begin_anew()

    assert concealer.hear(second) is second

import numpy as np
import pytest

from channels.voice.rtp.codec import WIDE_RATE, Codec
from channels.voice.rtp.g711 import decode, encode
from channels.voice.rtp.rates import Converter, Downsampler, Upsampler, silence_of
from tests.fakes.tones import level_of, share_of, tone


def by_frames(converter: Converter, sound: bytes, source: Codec, target: Codec) -> bytes:
    size = 640 if source is Codec.WIDE else 160
    parts = (sound[at : at + size] for at in range(0, len(sound), size))
    return b"".join(converter.convert(part, source, target) for part in parts)


@pytest.mark.parametrize("hz", [300, 1000, 3400])
def test_what_a_telephone_carries_goes_up_and_down_unharmed(hz: int) -> None:
    line = encode(Codec.PCMA, tone(hz, 0.5))

    wide = by_frames(Converter(), line, Codec.PCMA, Codec.WIDE)
    narrow = decode(Codec.PCMA, by_frames(Converter(), wide, Codec.WIDE, Codec.PCMA))

    assert len(wide) == 4 * len(line)
    assert len(narrow) == len(line)
    assert share_of(narrow[400:], hz) > 0.99
    assert level_of(narrow[400:]) == pytest.approx(level_of(tone(hz, 0.5)[400:]), rel=0.1)


def test_frames_join_without_a_seam() -> None:
    sound = tone(700, 0.2)
    whole, pieces = Upsampler(), Upsampler()

    at_once = whole.convert(sound)
    in_frames = np.concatenate([pieces.convert(sound[n : n + 160]) for n in range(0, 1600, 160)])

    assert np.array_equal(at_once, in_frames)


@pytest.mark.parametrize(("factor", "rate"), [(2, WIDE_RATE), (3, 48_000)])
def test_what_the_lower_rate_cannot_carry_is_filtered_out(factor: int, rate: int) -> None:
    nyquist = rate / factor / 2
    at = np.arange(rate // 2) * 2 * np.pi / rate
    too_high = np.rint(12_000 * np.sin(nyquist * 1.25 * at)).astype(np.int16)
    lower = np.rint(12_000 * np.sin(nyquist * 0.4 * at)).astype(np.int16)

    assert level_of(Downsampler(factor).convert(too_high)[100:]) < 0.005
    assert level_of(Downsampler(factor).convert(lower)[100:]) == pytest.approx(0.259, rel=0.02)


def test_the_same_form_and_the_other_law_need_no_filter() -> None:
    frame = encode(Codec.PCMA, tone(440, 0.02))

    assert Converter().convert(frame, Codec.PCMA, Codec.PCMA) is frame
    assert len(Converter().convert(frame, Codec.PCMA, Codec.PCMU)) == 160


@pytest.mark.parametrize(
    ("form", "size"), [(Codec.PCMA, 160), (Codec.PCMU, 160), (Codec.WIDE, 640)]
)
def test_silence_is_as_long_as_asked_in_every_form(form: Codec, size: int) -> None:
    assert len(silence_of(form, 160)) == size

import numpy as np
import pytest

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.noise import ComfortNoise
from channels.voice.rtp.rates import to_samples


@pytest.mark.parametrize("form", [Codec.PCMA, Codec.PCMU, Codec.WIDE])
@pytest.mark.parametrize("level", [30, 45, 60])
def test_noise_is_as_loud_as_the_payload_says(form: Codec, level: int) -> None:
    noise = ComfortNoise(form, bytes([level, 20, 30]))

    sound = to_samples(form, b"".join(noise.next_frame() for _ in range(40))).astype(np.float64)

    assert 20 * np.log10(np.sqrt(np.mean(sound**2)) / 32_767) == pytest.approx(-level, abs=1.5)


def test_frames_are_whole_and_differ() -> None:
    noise = ComfortNoise(Codec.PCMA, b"\x28")

    frames = [noise.next_frame() for _ in range(120)]

    assert {len(frame) for frame in frames} == {160}
    assert frames[0] != frames[1]


@pytest.mark.parametrize("payload", [b"", b"\x7f"])
def test_no_level_and_the_lowest_are_next_to_silence(payload: bytes) -> None:
    sound = to_samples(Codec.PCMA, ComfortNoise(Codec.PCMA, payload).next_frame())

    assert np.abs(sound.astype(int)).max() <= 8

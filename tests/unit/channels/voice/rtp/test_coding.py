import numpy as np
import pytest

from channels.voice.rtp.codec import WIDE_RATE, Codec
from channels.voice.rtp.coding import AvDecoder, AvEncoder
from channels.voice.rtp.g711 import Samples
from channels.voice.rtp.packet import RtpMalformed

WIDE_CODECS = (Codec.G722, Codec.OPUS)


def tones(*frequencies: int, seconds: float = 1.0) -> Samples:
    at = np.arange(int(seconds * WIDE_RATE)) * 2 * np.pi / WIDE_RATE
    return np.rint(sum(6_000 * np.sin(hz * at) for hz in frequencies)).astype(np.int16)


def frames(sound: Samples) -> list[bytes]:
    return [sound[at : at + 320].astype("<i2").tobytes() for at in range(0, len(sound), 320)]


def through(codec: Codec, sound: Samples) -> Samples:
    encoder, decoder = AvEncoder.of(codec), AvDecoder.of(codec)
    parts = [decoder.decode(encoder.encode(frame)) for frame in frames(sound)]
    assert {len(part) for part in parts} == {640}
    return np.frombuffer(b"".join(parts), dtype="<i2").astype(np.int16)


def level_at(sound: Samples, hz: int) -> float:
    """Return the amplitude of a tone in the second half."""
    steady = sound[len(sound) // 2 :].astype(np.float64)
    at = np.arange(len(steady)) * 2 * np.pi * hz / WIDE_RATE
    return float(2 * abs(np.mean(steady * np.exp(1j * at))))


@pytest.mark.parametrize("codec", WIDE_CODECS)
def test_tones_within_and_above_the_telephone_band_survive(codec: Codec) -> None:
    heard = through(codec, tones(440, 5_000))

    assert level_at(heard, 440) == pytest.approx(6_000, rel=0.15)
    assert level_at(heard, 5_000) == pytest.approx(6_000, rel=0.3)
    assert level_at(heard, 2_000) < 300


def test_g722_takes_64_kbit_and_counts_eight_thousand() -> None:
    """RFC 3551 4.5.2: sampled at 16 kHz, with a clock of 8 kHz: 160 bytes are 160 ticks."""
    assert len(AvEncoder.of(Codec.G722).encode(bytes(640))) == 160
    assert (Codec.G722.clock_rate, Codec.OPUS.clock_rate) == (8_000, 48_000)


def test_opus_takes_a_third_of_the_bits() -> None:
    encoder = AvEncoder.of(Codec.OPUS)

    total = sum(len(encoder.encode(frame)) for frame in frames(tones(300, 900, seconds=2.0)))

    assert 8_000 < total * 8 / 2.0 < 26_000


@pytest.mark.parametrize("milliseconds", [10, 20, 40, 60])
def test_g722_packets_of_any_length_are_read(milliseconds: int) -> None:
    assert len(AvDecoder.of(Codec.G722).decode(bytes(8 * milliseconds))) == 32 * milliseconds


@pytest.mark.parametrize("codec", WIDE_CODECS)
def test_a_payload_without_sound_is_malformed_and_the_decoder_goes_on(codec: Codec) -> None:
    decoder = AvDecoder.of(codec)
    with pytest.raises(RtpMalformed):
        decoder.decode(b"")

    assert len(decoder.decode(AvEncoder.of(codec).encode(bytes(640)))) == 640


def test_an_opus_decoder_survives_whatever_comes() -> None:
    decoder, dice = AvDecoder.of(Codec.OPUS), np.random.default_rng(7587)
    for length in range(1, 200):
        try:
            decoder.decode(dice.bytes(length))
        except RtpMalformed:
            continue

    assert len(decoder.decode(AvEncoder.of(Codec.OPUS).encode(bytes(640)))) == 640

import numpy as np
import pytest

from channels.voice.rtp.codec import LAWS, STATIC_PAYLOAD_TYPES, Codec
from channels.voice.rtp.g711 import SILENCE, decode, encode, transcode

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)

# ITU-T G.711 tables 1a and 2a, scaled to 16 bits; the codes as they are on the line.
DECODED = [
    (Codec.PCMA, 0xD5, 8),
    (Codec.PCMA, 0x55, -8),
    (Codec.PCMA, 0xD4, 24),
    (Codec.PCMA, 0xAA, 32_256),
    (Codec.PCMA, 0x2A, -32_256),
    (Codec.PCMA, 0x80, 5_504),
    (Codec.PCMA, 0x00, -5_504),
    (Codec.PCMA, 0xC5, 264),
    (Codec.PCMU, 0xFF, 0),
    (Codec.PCMU, 0x7F, 0),
    (Codec.PCMU, 0xFE, 8),
    (Codec.PCMU, 0x80, 32_124),
    (Codec.PCMU, 0x00, -32_124),
    (Codec.PCMU, 0xEF, 132),
    (Codec.PCMU, 0x90, 15_996),
]

# The same values out of the reference code of ITU-T G.191 (alaw_compress, ulaw_compress).
ENCODED = [
    (Codec.PCMA, 0, 0xD5),
    (Codec.PCMA, -1, 0x55),
    (Codec.PCMA, 16, 0xD4),
    (Codec.PCMA, 32_767, 0xAA),
    (Codec.PCMA, -32_768, 0x2A),
    (Codec.PCMA, 1_000, 0xFA),
    (Codec.PCMA, -1_000, 0x7A),
    (Codec.PCMU, 0, 0xFF),
    (Codec.PCMU, -1, 0x7F),
    (Codec.PCMU, 8, 0xFE),
    (Codec.PCMU, 32_767, 0x80),
    (Codec.PCMU, -32_768, 0x00),
    (Codec.PCMU, 1_000, 0xCE),
    (Codec.PCMU, -1_000, 0x4E),
]


@pytest.mark.parametrize(("codec", "code", "sample"), DECODED)
def test_codes_mean_the_samples_of_the_standard(codec: Codec, code: int, sample: int) -> None:
    assert decode(codec, bytes([code])).tolist() == [sample]


@pytest.mark.parametrize(("codec", "sample", "code"), ENCODED)
def test_samples_become_the_codes_of_the_standard(codec: Codec, sample: int, code: int) -> None:
    assert encode(codec, np.array([sample], dtype=np.int16)) == bytes([code])


def test_every_a_law_code_survives_the_way_there_and_back() -> None:
    assert encode(Codec.PCMA, decode(Codec.PCMA, EVERY_CODE)) == EVERY_CODE


def test_every_mu_law_code_but_minus_zero_survives_the_way_there_and_back() -> None:
    assert encode(Codec.PCMU, decode(Codec.PCMU, EVERY_CODE)) == EVERY_CODE.replace(
        b"\x7f", b"\xff"
    )


@pytest.mark.parametrize("codec", LAWS)
def test_no_sample_is_off_by_more_than_its_step(codec: Codec) -> None:
    there_and_back = decode(codec, encode(codec, EVERY_SAMPLE)).astype(np.int64)

    error = np.abs(there_and_back - EVERY_SAMPLE)
    assert np.all(error <= np.maximum(np.abs(EVERY_SAMPLE.astype(np.int64)) / 16, 16))


@pytest.mark.parametrize("codec", LAWS)
def test_louder_samples_never_become_quieter_codes(codec: Codec) -> None:
    assert np.all(np.diff(decode(codec, encode(codec, EVERY_SAMPLE)).astype(np.int64)) >= 0)


@pytest.mark.parametrize(("source", "target"), [(Codec.PCMA, Codec.PCMU), (Codec.PCMU, Codec.PCMA)])
def test_transcoding_is_decoding_and_encoding(source: Codec, target: Codec) -> None:
    assert transcode(EVERY_CODE, source, target) == encode(target, decode(source, EVERY_CODE))


def test_transcoding_to_the_same_law_copies_nothing() -> None:
    assert transcode(EVERY_CODE, Codec.PCMA, Codec.PCMA) is EVERY_CODE


def test_silence_and_payload_types_are_those_of_the_standards() -> None:
    assert SILENCE == {Codec.PCMA: b"\xd5" * 160, Codec.PCMU: b"\xff" * 160}
    assert STATIC_PAYLOAD_TYPES == {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9}

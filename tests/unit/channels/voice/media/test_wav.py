import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.media import wav
from channels.voice.media.wav import WavUnusable
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import Samples, decode, encode

RAMP: Samples = np.arange(-800, 800, dtype=np.int16)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(kind: int, bits: int, channels: int = 1, rate: int = 8000, extra: bytes = b"") -> bytes:
    width = bits // 8 * channels
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * width, width, bits) + extra
    )


def pcm(samples: Samples) -> bytes:
    return chunk(b"data", samples.astype("<i2").tobytes())


def made_by_python(samples: Samples) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setframerate(8000)
        file.setsampwidth(2)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


EXTENSIBLE = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + b"\0" * 14


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(made_by_python(RAMP), id="PCM of Python's wave"),
        pytest.param(riff(chunk(b"LIST", b"odd"), form(1, 16), pcm(RAMP)), id="a list before"),
        pytest.param(riff(form(0xFFFE, 16, extra=EXTENSIBLE), pcm(RAMP)), id="extensible"),
        pytest.param(
            riff(form(1, 16, channels=2), pcm(np.repeat(RAMP, 2))), id="two equal channels"
        ),
        pytest.param(
            riff(form(1, 16), b"data" + struct.pack("<I", 0xFFFF_FFFF) + RAMP.tobytes()),
            id="a size that was never filled in",
        ),
        pytest.param(riff(form(1, 16), pcm(RAMP))[:-1] + b"", id="half a sample cut off"),
    ],
)
def test_pcm_is_read_as_it_is(data: bytes) -> None:
    samples = wav.read(data)

    assert samples[:1599].tolist() == RAMP[:1599].tolist()


@pytest.mark.parametrize(("kind", "codec"), [(6, Codec.PCMA), (7, Codec.PCMU)])
def test_both_laws_are_decoded(kind: int, codec: Codec) -> None:
    sound = encode(codec, RAMP)

    samples = wav.read(riff(form(kind, 8), chunk(b"data", sound)))

    assert samples.tolist() == decode(codec, sound).tolist()


def test_a_prompt_that_we_write_is_read_back() -> None:
    data = wav.write_alaw(RAMP[:1599])

    assert wav.read(data).tolist() == decode(Codec.PCMA, encode(Codec.PCMA, RAMP[:1599])).tolist()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"ID3\x04 an mp3 file", id="no RIFF"),
        pytest.param(riff(pcm(RAMP)), id="no format"),
        pytest.param(riff(form(1, 16)), id="no sound"),
        pytest.param(riff(chunk(b"fmt ", b"\1\0"), pcm(RAMP)), id="half a format"),
        pytest.param(riff(form(1, 16, rate=44_100), pcm(RAMP)), id="44.1 kHz"),
        pytest.param(riff(form(1, 16, channels=6), pcm(RAMP)), id="six channels"),
        pytest.param(riff(form(1, 24), pcm(RAMP)), id="24 bits"),
        pytest.param(riff(form(3, 32), pcm(RAMP)), id="floating point"),
        pytest.param(riff(form(85, 8), pcm(RAMP)), id="mp3 in a wav"),
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(WavUnusable):
        wav.read(data)


def test_a_recording_is_a_stereo_wav_at_every_length() -> None:
    left, right = RAMP, RAMP[::-1].copy()
    sound = wav.interleave(left, right)

    with wave.open(io.BytesIO(wav.recording_header(len(sound)) + sound)) as file:
        shape = (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes())
        stereo = np.frombuffer(file.readframes(1600), dtype="<i2").reshape(-1, 2)

    assert shape == (2, 8000, 2, 1600)
    assert stereo[:, 0].tolist() == left.tolist()
    assert stereo[:, 1].tolist() == right.tolist()


@given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda b: riff(form(1, 16), b)))
def test_nothing_but_the_own_error_is_raised(data: bytes) -> None:
    try:
        wav.read(data)
    except WavUnusable:
        return

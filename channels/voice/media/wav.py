"""WAV: read prompts of three formats, write prompts as A-law, and lay out recordings; pure.

Python's `wave` knows neither A-law nor files that are still growing, so the chunks are read and
written here (RIFF 1.0, Microsoft/IBM 1991; formats 1, 6 and 7).
"""

import struct
from collections.abc import Iterator

import numpy as np

from channels.voice.rtp.codec import SAMPLE_RATE, Codec
from channels.voice.rtp.g711 import Samples, decode, encode
from hotline.kernel.errors import HotlineError

_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_LAWS = {_ALAW: Codec.PCMA, _MULAW: Codec.PCMU}
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_RECORDING = struct.Struct("<4sI4s4sIHHIIHH4sI")

RECORDING_HEADER_BYTES = _RECORDING.size
RECORDING_FRAME_BYTES = 4
"""Two channels of 16 bits."""


class WavUnusable(HotlineError):
    """The bytes are no WAV that a telephone can play."""


def read(data: bytes) -> Samples:
    """Return the 8 kHz mono samples of a WAV file; two channels are averaged.

    Raises:
        WavUnusable: it is no WAV, cut off before its sound, or in another format or rate.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavUnusable("not a RIFF/WAVE file")
    chunks = dict(_chunks(data))
    if b"fmt " not in chunks or b"data" not in chunks:
        raise WavUnusable("no format or no sound in the file")
    kind, channels, rate, bits = _format_of(chunks[b"fmt "])
    if rate != SAMPLE_RATE or channels not in {1, 2}:
        raise WavUnusable(f"{rate} Hz with {channels} channels; 8000 Hz mono is needed")
    samples = _samples_of(chunks[b"data"], kind, bits)
    if channels == 1:
        return samples
    pairs = samples[: len(samples) // 2 * 2].reshape(-1, 2).astype(np.int32)
    mono: Samples = (pairs.sum(axis=1) // 2).astype(np.int16)
    return mono


def write_alaw(samples: Samples) -> bytes:
    """Return an 8 kHz mono A-law WAV file: half the size of PCM, and the cheapest to play."""
    sound = encode(Codec.PCMA, samples)
    form = _FORMAT.pack(_ALAW, 1, SAMPLE_RATE, SAMPLE_RATE, 1, 8) + struct.pack("<H", 0)
    fact = struct.pack("<I", len(sound))
    body = b"".join(
        _CHUNK.pack(name, len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in ((b"fmt ", form), (b"fact", fact), (b"data", sound))
    )
    return _CHUNK.pack(b"RIFF", len(body) + 4) + b"WAVE" + body


def recording_header(sound_bytes: int) -> bytes:
    """Return the header of a stereo 8 kHz PCM16 recording that holds so much sound by now."""
    return _RECORDING.pack(
        b"RIFF",
        RECORDING_HEADER_BYTES - _CHUNK.size + sound_bytes,
        b"WAVE",
        b"fmt ",
        _FORMAT.size,
        _PCM,
        2,
        SAMPLE_RATE,
        SAMPLE_RATE * RECORDING_FRAME_BYTES,
        RECORDING_FRAME_BYTES,
        16,
        b"data",
        sound_bytes,
    )


def interleave(left: Samples, right: Samples) -> bytes:
    """Return the sound of a recording from its two channels of equal length."""
    return np.column_stack((left, right)).astype("<i2").tobytes()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        # A file that was cut off, or whose writer never came back to the sizes, plays as far
        # as it goes.
        yield name, data[at : at + size]
        at += size + size % 2


def _format_of(chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < _FORMAT.size:
        raise WavUnusable("the format chunk is cut off")
    kind, channels, rate, _, _, bits = _FORMAT.unpack_from(chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        (kind,) = struct.unpack_from("<H", chunk, 24)  # the sub-format begins with the old number
    return kind, channels, rate, bits


def _samples_of(sound: bytes, kind: int, bits: int) -> Samples:
    if kind in _LAWS and bits == 8:
        return decode(_LAWS[kind], sound)
    if kind == _PCM and bits == 16:
        return np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.int16)
    raise WavUnusable(f"format {kind} with {bits} bits; A-law, mu-law or PCM16 is needed")

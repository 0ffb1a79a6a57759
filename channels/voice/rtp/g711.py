"""G.711: A-law and mu-law as tables (ITU-T G.711), one byte a sample at 8 kHz.

Frames stay `bytes` on the way through: transcoding between the two laws and attenuation are
`bytes.translate` with a table of 256 entries; numpy appears only where linear samples are needed
(recordings, prompts, tests).
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from channels.voice.rtp.codec import FRAME_SAMPLES, LAWS, Codec

Samples: TypeAlias = npt.NDArray[np.int16]

_MU_BIAS = 0x84


def _linear_of_alaw(code: int) -> int:
    # ITU-T G.711 table 1: even bits are inverted on the line; bit 8 set means positive.
    code ^= 0x55
    segment, mantissa = (code >> 4) & 0x07, code & 0x0F
    magnitude = (mantissa << 4) + 8
    if segment:
        magnitude = (magnitude + 0x100) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def _linear_of_mulaw(code: int) -> int:
    # ITU-T G.711 table 2: all bits are inverted on the line; bit 8 set (inverted) means negative.
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _MU_BIAS) << ((code >> 4) & 0x07)
    return _MU_BIAS - magnitude if code & 0x80 else magnitude - _MU_BIAS


def _alaw_of_linear(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    # One's complement for negatives, as the reference of G.191 does: -1 and 0 are mirror images.
    magnitude = (sample if sample >= 0 else ~sample) >> 4
    segment = max(0, magnitude.bit_length() - 4)
    if segment > 1:
        magnitude >>= segment - 1
    return (sign | min(segment, 7) << 4 | magnitude & 0x0F) ^ 0x55


def _mulaw_of_linear(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    # 14 bits and a bias of 33, one's complement for negatives (G.191 ulaw_compress).
    magnitude = min(((sample if sample >= 0 else ~sample) >> 2) + 33, 0x1FFF)
    segment = magnitude.bit_length() - 6
    return ~(sign | segment << 4 | (magnitude >> (segment + 1)) & 0x0F) & 0xFF


_LINEAR_OF = {
    Codec.PCMA: np.array([_linear_of_alaw(code) for code in range(256)], dtype=np.int16),
    Codec.PCMU: np.array([_linear_of_mulaw(code) for code in range(256)], dtype=np.int16),
}
# Indexed by the sample read as unsigned 16 bits, so that the table needs no offset.
_CODE_OF = {
    Codec.PCMA: np.array(
        [_alaw_of_linear(u - 0x10000 if u & 0x8000 else u) for u in range(0x10000)], dtype=np.uint8
    ),
    Codec.PCMU: np.array(
        [_mulaw_of_linear(u - 0x10000 if u & 0x8000 else u) for u in range(0x10000)], dtype=np.uint8
    ),
}


def decode(codec: Codec, payload: bytes) -> Samples:
    """Return the linear samples of a payload, one a byte."""
    return _LINEAR_OF[codec][np.frombuffer(payload, dtype=np.uint8)]


def encode(codec: Codec, samples: Samples) -> bytes:
    """Return the payload of linear samples, one byte a sample."""
    return _CODE_OF[codec][samples.astype(np.int16, copy=False).view(np.uint16)].tobytes()


def _table(source: Codec, target: Codec, gain: float) -> bytes:
    linear = np.round(_LINEAR_OF[source].astype(np.float64) * gain)
    return encode(target, linear.astype(np.int16))


SILENCE = {codec: encode(codec, np.zeros(FRAME_SAMPLES, dtype=np.int16)) for codec in LAWS}
"""One frame of digital silence in each law."""

_TRANSCODE = {
    (source, target): _table(source, target, 1.0)
    for source in LAWS
    for target in LAWS
    if source is not target
}


def transcode(payload: bytes, source: Codec, target: Codec) -> bytes:
    """Return the payload in the other law; the same object where both are the same."""
    if source is target:
        return payload
    return payload.translate(_TRANSCODE[source, target])

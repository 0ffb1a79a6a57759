"""Several voices as one: linear addition with a hard limit; pure."""

from collections.abc import Sequence

import numpy as np

from channels.voice.rtp.g711 import Codec, decode, encode, transcode

_LOUDEST = 32_767


def mix(frames: Sequence[tuple[Codec, bytes]], codec: Codec) -> bytes | None:
    """Return frames of equal length added up, in the law `codec`; None if there are none.

    One frame alone is only transcoded, so that nobody pays for mixing who does not mix.
    """
    if not frames:
        return None
    if len(frames) == 1:
        source, frame = frames[0]
        return transcode(frame, source, codec)
    total = np.zeros(len(frames[0][1]), dtype=np.int32)
    for source, frame in frames:
        total += decode(source, frame)
    return encode(codec, np.clip(total, -_LOUDEST, _LOUDEST).astype(np.int16))

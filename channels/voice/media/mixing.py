"""Several voices as one: linear addition with a hard limit; pure."""

from collections.abc import Sequence

import numpy as np

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.rates import to_bytes, to_samples

_LOUDEST = 32_767


def mix(frames: Sequence[bytes], form: Codec) -> bytes | None:
    """Return frames of one form and length added up; None if there are none.

    One frame alone is returned as it is, so that nobody pays for mixing who does not mix.
    """
    if len(frames) <= 1:
        return frames[0] if frames else None
    total = to_samples(form, frames[0]).astype(np.int32)
    for frame in frames[1:]:
        total += to_samples(form, frame)
    return to_bytes(form, np.clip(total, -_LOUDEST, _LOUDEST).astype(np.int16))

"""Keys heard as tones (DTMF, ITU-T Q.23 and Q.24): Goertzel's filters, and guards against speech.

For far ends that send keys neither as events (RFC 4733) nor by INFO. A key is two tones, one of
each group, strong against all else; speech has harmonics and noise beside them. What is asked of
each block of 12.75 ms: loud enough, the two groups balanced (twist), each tone alone in its group,
together nearly all the energy there is, and little of it at twice the high one. Blocks overlap by
half; four in a row make a key, so that one of 40 ms is always heard and one of 30 ms hardly ever
(Q.24 leaves open what lies between 20 and 40); four without it end the key.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from channels.voice.rtp.codec import SAMPLE_RATE
from channels.voice.rtp.dtmf import KeyDown, KeyUp
from channels.voice.rtp.g711 import Samples

LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
LAYOUT = ("123A", "456B", "789C", "*0#D")

BLOCK = 102
"""Samples: the filters are 78 Hz apart, and a detour of 1.5 % stays within one (3.5 % does not)."""

_HOP = BLOCK // 2
_HOP_MS = 1000 * _HOP / SAMPLE_RATE
# Of the power of a full-scale sine: -32 dB for each tone of the pair, Q.24 asks for -29 dBm0.
_QUIETEST = 10**-3.2 / 2 * 32_767.0**2
_NORMAL_TWIST = 10**1.05
"""The high tone weaker by 8 dB and the filters' error: long lines lose high frequencies."""
_REVERSE_TWIST = 10**0.6
_ALONE = 10**0.5
_PURITY = 0.72
_OVERTONE = 0.10
_BLOCKS_DOWN = 4
_BLOCKS_UP = 4


def _filters(frequencies: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return cosines and sines side by side; the squares of both added are Goertzel's power."""
    at = np.arange(BLOCK)[:, None] * (2 * np.pi / SAMPLE_RATE) * np.array(frequencies)
    return np.hstack((np.cos(at), np.sin(at)))


_TONES = (*LOW, *HIGH)
_FILTERS = _filters((*_TONES, *(2 * hz for hz in HIGH)))
_COUNT = len(_TONES) + len(HIGH)


def key_of(block: Samples) -> str | None:
    """Return the key that sounds in a block of `BLOCK` samples, or None."""
    sound = block.astype(np.float64)
    total = float(sound @ sound) / BLOCK
    if total < 2 * _QUIETEST:
        return None
    parts = sound @ _FILTERS
    powers = 2 * (parts[:_COUNT] ** 2 + parts[_COUNT:] ** 2) / BLOCK**2
    low, high, overtones = powers[:4], powers[4:8], powers[8:]
    row, column = int(np.argmax(low)), int(np.argmax(high))
    strong_low, strong_high = float(low[row]), float(high[column])
    is_key = (
        min(strong_low, strong_high) >= _QUIETEST
        and strong_low <= strong_high * _NORMAL_TWIST
        and strong_high <= strong_low * _REVERSE_TWIST
        and _is_alone(low, row)
        and _is_alone(high, column)
        and strong_low + strong_high >= _PURITY * total
        and float(overtones[column]) <= _OVERTONE * strong_high
    )
    return LAYOUT[row][column] if is_key else None


def _is_alone(group: npt.NDArray[np.float64], strongest: int) -> bool:
    others = np.delete(group, strongest)
    return bool(np.all(others * _ALONE <= group[strongest]))


class ToneKeys:
    """One direction's tones: samples in, keys out."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, dtype=np.int16)
        self._candidate: str | None = None
        self._seen = 0
        self._key: str | None = None
        self._blocks = 0
        self._missing = 0

    def hear(self, samples: Samples) -> Iterator[KeyDown | KeyUp]:
        """Take sound at 8 kHz; yield what it tells."""
        sound = np.concatenate((self._rest, samples))
        count = max(0, (len(sound) - BLOCK) // _HOP + 1)
        self._rest = sound[count * _HOP :]
        for at in range(0, count * _HOP, _HOP):
            yield from self._judge(key_of(sound[at : at + BLOCK]))

    def _judge(self, key: str | None) -> Iterator[KeyDown | KeyUp]:
        if self._key is not None:
            yield from self._go_on(key)
        self._seen = self._seen + 1 if key is not None and key == self._candidate else 1
        self._candidate = key
        if self._key is None and key is not None and self._seen >= _BLOCKS_DOWN:
            self._key, self._blocks, self._missing = key, self._seen, 0
            yield KeyDown(key)

    def _go_on(self, key: str | None) -> Iterator[KeyUp]:
        if key == self._key:
            self._blocks += 1 + self._missing
            self._missing = 0
            return
        self._missing += 1
        if self._missing >= _BLOCKS_UP:
            assert self._key is not None
            yield KeyUp(self._key, round((self._blocks + 1) * _HOP_MS))
            self._key = None

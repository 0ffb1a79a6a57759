"""One side of a recording: where each packet's sound belongs in time; pure."""

from collections.abc import Iterable

import numpy as np

from channels.voice.rtp.codec import SAMPLE_RATE, STATIC_PAYLOAD_TYPES, Codec
from channels.voice.rtp.g711 import Samples, decode
from channels.voice.rtp.packet import MAX_TIMESTAMP, RtpMalformed, parse
from channels.voice.rtpengine.pcap import Captured

MAX_DRIFT = SAMPLE_RATE // 5
"""A packet that arrived so far from where its timestamp puts it begins a new stretch."""

_CODECS = {number: codec for codec, number in STATIC_PAYLOAD_TYPES.items()}


def lay_out(packets: Iterable[Captured], *, starts_at: float, samples: int) -> Samples:
    """Return so many samples from `starts_at` on, silent where nothing came.

    Within a stretch the sender's timestamps decide and not the arrival, so that jitter of the
    network is not heard; a packet that comes twice or late falls into its place.
    """
    track = np.zeros(samples, dtype=np.int16)
    stretch = _Stretch()
    for packet in packets:
        try:
            rtp = parse(packet.datagram)
        except RtpMalformed:
            continue
        codec = _CODECS.get(rtp.payload_type)
        if codec is None or not rtp.payload:
            continue
        arrival = round((packet.at - starts_at) * SAMPLE_RATE)
        _put(track, stretch.place(rtp.ssrc, rtp.timestamp, arrival), codec, rtp.payload)
    return track


class _Stretch:
    """A run of packets of one source without a jump."""

    def __init__(self) -> None:
        self._source = -1
        self._timestamp = 0
        self._position = 0

    def place(self, source: int, timestamp: int, arrival: int) -> int:
        """Return the position of a packet's first sample."""
        elapsed = (timestamp - self._timestamp) & MAX_TIMESTAMP
        if elapsed > MAX_TIMESTAMP // 2:
            elapsed -= MAX_TIMESTAMP + 1
        position = self._position + elapsed
        if source != self._source or abs(position - arrival) > MAX_DRIFT:
            self._source, self._timestamp, self._position = source, timestamp, arrival
            return arrival
        return position


def _put(track: Samples, at: int, codec: Codec, payload: bytes) -> None:
    skipped = max(-at, 0)
    sound = decode(codec, payload)[skipped:]
    start = max(at, 0)
    end = min(start + len(sound), len(track))
    if end > start:
        track[start:end] = sound[: end - start]

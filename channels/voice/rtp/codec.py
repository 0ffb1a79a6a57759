"""The codecs that we speak, and the forms in which their sound goes through the house.

A frame is 20 ms of sound as `bytes`. Frames of the two laws of G.711 stay in their law from
socket to socket; the codecs with memory (G.722, Opus) are decoded on arrival, and their frames
are linear samples at 16 kHz, so that both kinds can be mixed, recorded and passed on.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

SAMPLE_RATE = 8000
"""Ticks of all clocks here; a timestamp of another rate is scaled where it is read."""

FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000

WIDE_RATE = 16_000


class Codec(StrEnum):
    """Encoding names in SDP (RFC 3551 6, RFC 7587 6.1), in capitals; and `WIDE`."""

    PCMA = "PCMA"
    PCMU = "PCMU"
    G722 = "G722"
    OPUS = "OPUS"
    WIDE = "L16"
    """Linear samples of 16 bits at 16 kHz, little-endian; never on a line."""

    @property
    def form(self) -> "Codec":
        """Return the form of its frames in the house: a law, or `WIDE`."""
        return self if self in LAWS else Codec.WIDE

    @property
    def clock_rate(self) -> int:
        """Return the rate that SDP names and timestamps count.

        G.722 samples at 16 kHz and counts 8,000 by an old mistake (RFC 3551 4.5.2); Opus counts
        48,000 whatever it samples (RFC 7587 4.1).
        """
        return 48_000 if self is Codec.OPUS else SAMPLE_RATE

    @property
    def clock_scale(self) -> int:
        """Return how many units of its timestamps are one tick of ours."""
        return self.clock_rate // SAMPLE_RATE


LAWS = (Codec.PCMA, Codec.PCMU)
FORMS = (*LAWS, Codec.WIDE)

BYTES_PER_TICK: Mapping[Codec, int] = MappingProxyType(
    {Codec.PCMA: 1, Codec.PCMU: 1, Codec.WIDE: 2 * WIDE_RATE // SAMPLE_RATE}
)
"""Of each form."""

STATIC_PAYLOAD_TYPES: Mapping[Codec, int] = MappingProxyType(
    {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9}
)
"""RFC 3551 table 4."""

COMFORT_NOISE = 13
"""Payload type of RFC 3389 at 8,000 Hz."""

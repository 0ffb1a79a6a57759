"""The codecs with memory, G.722 and Opus, by the C code that aiortc's PyAV brings.

One object serves one direction of one stream. Frames are in the form `WIDE`; a decoder takes
packets in the order of their sequence numbers and gives whatever length they have.
"""

from typing import Literal, Protocol

import av
import numpy as np

from channels.voice.rtp.codec import WIDE_RATE, Codec
from channels.voice.rtp.packet import RtpMalformed
from channels.voice.rtp.rates import Downsampler

_OPUS_BITS = 24_000
"""Wideband speech (RFC 7587 3.1.1 names 16 to 20 kbit/s as enough)."""

# Of ten: half the CPU of the default, and speech does not hear the difference.
_OPUS_EFFORT = "3"


def _context(name: str, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    assert isinstance(context, av.AudioCodecContext)
    return context


class Encoder(Protocol):
    """Frames to payloads."""

    def encode(self, frame: bytes) -> bytes:
        """Return the payload of one frame of 20 ms."""


class Decoder(Protocol):
    """Payloads to sound."""

    def decode(self, payload: bytes) -> bytes:
        """Return the linear sound of a payload.

        Raises:
            RtpMalformed: the bytes are not of this codec.
        """


class AvEncoder:
    """An encoder of libavcodec that gives a packet for each frame."""

    def __init__(self, context: av.AudioCodecContext) -> None:
        self._context = context

    @classmethod
    def of(cls, codec: Codec) -> "AvEncoder":
        """Return an encoder of G.722 or Opus."""
        name = "libopus" if codec is Codec.OPUS else "g722"
        context = _context(name, "w")
        context.sample_rate = WIDE_RATE
        context.format = "s16"
        context.layout = "mono"
        if codec is Codec.OPUS:
            context.bit_rate = _OPUS_BITS
            context.options = {"application": "voip", "compression_level": _OPUS_EFFORT}
        return cls(context)

    def encode(self, frame: bytes) -> bytes:
        """Return the payload of one frame."""
        samples = np.frombuffer(frame, dtype=np.int16).reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = WIDE_RATE
        return b"".join(bytes(packet) for packet in self._context.encode(sound))


class AvDecoder:
    """A decoder of libavcodec."""

    def __init__(self, context: av.AudioCodecContext, factor: int) -> None:
        self._context = context
        self._down = Downsampler(factor) if factor > 1 else None

    @classmethod
    def of(cls, codec: Codec) -> "AvDecoder":
        """Return a decoder of G.722 or Opus."""
        if codec is not Codec.OPUS:
            context = _context("g722", "r")
            context.sample_rate = WIDE_RATE
            context.layout = "mono"
            return cls(context, 1)
        context = _context("libopus", "r")
        context.sample_rate = codec.clock_rate
        context.format = "s16"
        context.layout = "mono"
        return cls(context, codec.clock_rate // WIDE_RATE)

    def decode(self, payload: bytes) -> bytes:
        """Return the sound of a payload."""
        if not payload:  # it would mean the end to libavcodec
            raise RtpMalformed("no sound in the packet")
        try:
            frames = self._context.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise RtpMalformed(type(error).__name__) from None
        parts = [frame.to_ndarray().reshape(-1).astype(np.int16, copy=False) for frame in frames]
        if self._down is not None:
            parts = [self._down.convert(part) for part in parts]
        return b"".join(part.tobytes() for part in parts)

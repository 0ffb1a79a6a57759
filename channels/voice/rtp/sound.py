"""What lies between payloads and frames of one stream: decoders, encoder, clocks, tones."""

from collections.abc import Iterable

from channels.voice.rtp.codec import BYTES_PER_TICK, FRAME_SAMPLES, LAWS, Codec
from channels.voice.rtp.coding import AvDecoder, AvEncoder, Decoder, Encoder
from channels.voice.rtp.dtmf import KeyDown, KeyUp
from channels.voice.rtp.g711 import decode
from channels.voice.rtp.packet import MAX_TIMESTAMP
from channels.voice.rtp.rates import Converter, silence_of
from channels.voice.rtp.tone_keys import ToneKeys

_HALF_TIMESTAMPS = 0x8000_0000
_HALF_SEQUENCES = 0x8000


class SoundIn:
    """The receiving side: payloads of any agreed codec become sound of one form."""

    def __init__(self, form: Codec) -> None:
        self._form = form
        self._converter = Converter()
        self._decoders: dict[Codec, Decoder] = {}
        self._sequence: int | None = None
        self._units: dict[int, int] = {}

    def ticks_of(self, timestamp: int, scale: int) -> int:
        """Return a timestamp of a clock so much quicker than ours, in our ticks of 8 kHz."""
        if scale == 1:
            return timestamp
        # Unwrapped, for 2 ** 32 is no multiple of six.
        latest = self._units.get(scale, timestamp)
        step = (timestamp - latest + _HALF_TIMESTAMPS & MAX_TIMESTAMP) - _HALF_TIMESTAMPS
        self._units[scale] = latest + step
        return self._units[scale] // scale & MAX_TIMESTAMP

    def take(self, codec: Codec, payload: bytes, sequence: int) -> bytes:
        """Return the sound of a packet; empty if a decoder has gone past it.

        Raises:
            RtpMalformed: the payload is not of this codec.
        """
        if codec in LAWS:
            return self._converter.convert(payload, codec, self._form)
        if self._sequence is not None:
            step = (sequence - self._sequence) & 0xFFFF
            if not 0 < step < _HALF_SEQUENCES:
                return b""
        self._sequence = sequence
        decoder = self._decoders.get(codec)
        if decoder is None:
            decoder = self._decoders[codec] = AvDecoder.of(codec)
        return self._converter.convert(decoder.decode(payload), Codec.WIDE, self._form)


class SoundOut:
    """The sending side: frames of a form become payloads of the agreed codec."""

    def __init__(self, codec: Codec) -> None:
        self._encoder: Encoder | None = None if codec in LAWS else AvEncoder.of(codec)
        self._frame_bytes = FRAME_SAMPLES * BYTES_PER_TICK[codec.form]

    def payload_of(self, sound: bytes) -> bytes:
        """Return the payload of one frame or of several."""
        if self._encoder is None:
            return sound
        size = self._frame_bytes
        frames = (sound[at : at + size] for at in range(0, len(sound), size))
        return b"".join(self._encoder.encode(frame) for frame in frames)


class KeyListener:
    """Hears keys in the frames of one stream."""

    def __init__(self, form: Codec) -> None:
        self._form = form
        self._converter = Converter()
        self._tones = ToneKeys()
        self._silence = silence_of(form, FRAME_SAMPLES)

    def hear(self, frame: bytes | None) -> Iterable[KeyDown | KeyUp]:
        """Return the keys that a frame tells of; None is silence."""
        law = Codec.PCMA if self._form is Codec.WIDE else self._form
        sound = self._converter.convert(frame or self._silence, self._form, law)
        return tuple(self._tones.hear(decode(law, sound)))

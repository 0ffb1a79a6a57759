"""The sending half of a stream: frames, keys and packets that are handed on become datagrams."""

from dataclasses import dataclass

from channels.voice.rtp import packet
from channels.voice.rtp.codec import FRAME_SAMPLES, SAMPLE_RATE
from channels.voice.rtp.dtmf import DigitSender
from channels.voice.rtp.packet import HEADER, MAX_SEQUENCE, MAX_TIMESTAMP
from channels.voice.rtp.passage import Arrived, Passage
from channels.voice.rtp.sound import SoundOut
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms

_VERSION_BYTE = packet.VERSION << 6


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Random starting points (RFC 3550 5.1) and name; injected, for the core has no dice."""

    ssrc: int
    sequence: int
    timestamp: int
    cname: str


class RtpSender:
    """Numbers everything that leaves under one SSRC, whichever way it came here."""

    def __init__(self, terms: StreamTerms, identity: StreamIdentity) -> None:
        self.packets_sent = 0
        self.octets_sent = 0
        self.keys = DigitSender()
        self.keys.clock_scale = _event_scale(terms)
        self._ssrc = identity.ssrc
        self._terms = terms
        self._sound_out = SoundOut(terms.codec)
        self._sequence = identity.sequence & MAX_SEQUENCE
        self._timestamp = identity.timestamp & MAX_TIMESTAMP
        self._event_timestamp = self._timestamp
        self._needs_marker = True
        self._gathered: list[bytes] = []
        self._passage: Passage | None = None

    @property
    def rtp_timestamp(self) -> int:
        """Return the present time of the stream in units of its clock, for reports."""
        return self._timestamp * self._terms.codec.clock_scale & MAX_TIMESTAMP

    def change_terms(self, terms: StreamTerms) -> None:
        """Go on under newly negotiated terms."""
        if terms.codec is not self._terms.codec:
            self._sound_out = SoundOut(terms.codec)
        self.keys.clock_scale = _event_scale(terms)
        if not terms.sends:
            self._pause()
        self._terms = terms

    def send_frame(self, frame: bytes | None, destination: Address | None) -> bytes | None:
        """Let 20 ms pass with `frame` as our sound; return the datagram that is due, if any."""
        self._end_passage()
        timestamp = self._timestamp
        self._timestamp = (timestamp + FRAME_SAMPLES) & MAX_TIMESTAMP
        terms = self._terms
        if self.keys.is_busy:
            return self._send_event(timestamp)
        if frame is None or not terms.sends or destination is None:
            self._pause()
            return None
        if terms.packet_frames > 1:
            self._gathered.append(frame)
            if len(self._gathered) < terms.packet_frames:
                return None
            frame = b"".join(self._gathered)
            earlier = (terms.packet_frames - 1) * FRAME_SAMPLES
            timestamp = (timestamp - earlier) & MAX_TIMESTAMP
            self._gathered.clear()
        payload = self._sound_out.payload_of(frame)
        return self._datagram(terms.send_type, timestamp, payload, marker=self._take_marker())

    def hand_on(self, arrived: Arrived, sound: bytes) -> bytes | None:
        """Return the datagram of a partner's packet, to be sent at once; None if it is not to be.

        `sound` is that of the packet in the law of our terms. Until `send_frame` is called again,
        `let_pass` takes its place at each tick.
        """
        passage = self._passage
        if passage is None or not passage.goes_on_with(arrived):
            self._end_passage()
            passage = self._passage = Passage(arrived, self._sequence, self._timestamp)
        numbers = passage.number(arrived)
        if numbers is None:
            return None
        following, self._sequence = self._sequence, numbers.sequence
        kind, marker = self._terms.send_type, self._take_marker()
        datagram = self._datagram(kind, numbers.timestamp, sound, marker=marker)
        if numbers.is_newest:
            self._timestamp = (numbers.timestamp + FRAME_SAMPLES) & MAX_TIMESTAMP
        else:
            self._sequence = following
        return datagram

    def let_pass(self) -> None:
        """Let 20 ms pass in which a partner's packets are handed on."""
        if self._passage is not None:
            self._passage.tick()

    def skip_frames(self, count: int) -> None:
        """Let `count` frames pass unsent."""
        self._timestamp = (self._timestamp + count * FRAME_SAMPLES) & MAX_TIMESTAMP
        self._pause()

    def _send_event(self, timestamp: int) -> bytes | None:
        self._pause()
        event = self.keys.next_event()
        event_type = self._terms.send_event_type
        if event is None or event_type is None or not self._terms.sends:
            return None
        if event.is_first:
            self._event_timestamp = timestamp
        return self._datagram(
            event_type, self._event_timestamp, event.payload, marker=event.is_first
        )

    def _end_passage(self) -> None:
        passage, self._passage = self._passage, None
        if passage is not None:
            waited = passage.waited * FRAME_SAMPLES
            self._timestamp = (self._timestamp + waited) & MAX_TIMESTAMP

    def _pause(self) -> None:
        self._needs_marker = True  # RFC 3551 4.1: the first packet of a talkspurt
        self._gathered.clear()

    def _take_marker(self) -> bool:
        marker, self._needs_marker = self._needs_marker, False
        return marker

    def _datagram(
        self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool
    ) -> bytes:
        sequence = self._sequence
        self._sequence = (sequence + 1) & MAX_SEQUENCE
        self.packets_sent += 1
        self.octets_sent += len(payload)
        second = payload_type | 0x80 if marker else payload_type
        units = timestamp * self._terms.codec.clock_scale & MAX_TIMESTAMP
        return HEADER.pack(_VERSION_BYTE, second, sequence, units, self._ssrc) + payload


def _event_scale(terms: StreamTerms) -> int:
    """Return how many units of the events' clock towards the remote are one tick of ours."""
    if terms.send_event_type is None:
        return 1
    return terms.receive_event_types.get(terms.send_event_type, SAMPLE_RATE) // SAMPLE_RATE

"""One audio stream over RTP: packets in, frames out; frames in, packets out.

A core without sockets and clocks: `now` is a monotonic time in seconds, and datagrams are values.
The owner calls `next_frame` and `send_frame` once for each 20 ms, whatever else happens; both
count time by being called. Frames are `bytes` of 20 ms in the form of the codec of the terms.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from channels.voice.rtp import packet, rtcp
from channels.voice.rtp.codec import COMFORT_NOISE, FRAME_SAMPLES, SAMPLE_RATE
from channels.voice.rtp.dtmf import (
    MAX_DURATION,
    DigitReceiver,
    DigitSender,
    KeyDown,
    KeyUp,
    parse_event,
)
from channels.voice.rtp.jitter import JitterBuffer
from channels.voice.rtp.noise import ComfortNoise
from channels.voice.rtp.packet import HEADER, MAX_SEQUENCE, MAX_TIMESTAMP, RtpMalformed, RtpPacket
from channels.voice.rtp.reception import Reception
from channels.voice.rtp.sound import KeyListener, SoundIn, SoundOut
from channels.voice.rtp.source import Address, SourceLock, Verdict
from channels.voice.rtp.terms import StreamTerms

REPORT_SECONDS = 5.0
"""RFC 3550 6.2: the minimum interval, which a two-party session always comes to."""

MAX_PAYLOAD = 1600
"""200 ms of G.711; nobody sends longer packets, and a datagram holds 64 kB."""

_VERSION_BYTE = packet.VERSION << 6


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Random starting points (RFC 3550 5.1) and name; injected, for the core has no dice."""

    ssrc: int
    sequence: int
    timestamp: int
    cname: str


class RtpSession:
    """The RTP and RTCP of one stream in both directions."""

    def __init__(
        self, terms: StreamTerms, identity: StreamIdentity, *, now: float, unix_offset: float
    ) -> None:
        """Begin a stream; `unix_offset` added to `now` gives Unix seconds, for NTP times."""
        self.terms = terms
        self.malformed = 0
        self.rejected = 0
        self.packets_sent = 0
        self.octets_sent = 0
        self.round_trip_seconds: float | None = None
        self.heard_at = now
        self._identity = identity
        self._unix_offset = unix_offset
        self._lock = SourceLock(terms.remote)
        self._reception: Reception | None = None
        self._received_before = 0
        self._lost_before = 0
        self._concealed_before = 0
        self._jitter = JitterBuffer(terms.codec.form)
        self._sound_in = SoundIn(terms.codec.form)
        self._sound_out = SoundOut(terms.codec)
        self._noise: ComfortNoise | None = None
        self._key_listener = KeyListener(terms.codec.form)
        self.has_other_keys = False
        """Whether keys come another way (INFO), so that tones are only sound."""
        self._digits_in = DigitReceiver()
        self._digits_out = DigitSender()
        self._digits_out.clock_scale = _event_scale(terms)
        self._sequence = identity.sequence & MAX_SEQUENCE
        self._timestamp = identity.timestamp & MAX_TIMESTAMP
        self._event_timestamp = self._timestamp
        self._needs_marker = True
        self._gathered: list[bytes] = []
        self._report_at = now + REPORT_SECONDS
        self._sent_at_report = 0

    @property
    def destination(self) -> Address | None:
        """Return where to send: the address that was learnt, else the signalled one."""
        return self._lock.address or self.terms.remote

    @property
    def control_destination(self) -> Address | None:
        """Return where RTCP goes."""
        learnt = self._lock.address
        if learnt is None or learnt == self._lock.signalled:
            return self.terms.remote_control
        return (learnt[0], learnt[1] + 1) if learnt[1] < 0xFFFF else None

    @property
    def packets_received(self) -> int:
        """Return the count over all sources of this stream."""
        return self._received_before + (self._reception.received if self._reception else 0)

    @property
    def packets_lost(self) -> int:
        """Return the cumulative loss over all sources of this stream."""
        return self._lost_before + (self._reception.lost if self._reception else 0)

    @property
    def frames_concealed(self) -> int:
        """Return how many frames had to be made up."""
        return self._concealed_before + self._jitter.frames_concealed

    @property
    def jitter_ms(self) -> float:
        """Return the interarrival jitter of the present source."""
        return self._reception.jitter * 1000 / SAMPLE_RATE if self._reception else 0.0

    def change_terms(self, terms: StreamTerms) -> None:
        """Go on under newly negotiated terms; another remote address is locked onto anew."""
        if terms.remote is not None and terms.remote != self._lock.signalled:
            self._lock = SourceLock(terms.remote)
        if terms.codec is not self.terms.codec:
            self._restart_playout(terms)
            self._sound_out = SoundOut(terms.codec)
        self._digits_out.clock_scale = _event_scale(terms)
        if not terms.sends:
            self._pause_sending()
        self.terms = terms

    # -- receiving

    def receive_datagram(
        self, datagram: bytes, source: Address, now: float
    ) -> Iterable[KeyDown | KeyUp]:
        """Take a datagram from the RTP port; return the keys that it tells of. Never raises."""
        try:
            received = packet.parse(datagram)
        except RtpMalformed:
            self.malformed += 1
            return ()
        terms = self.terms
        kind = received.payload_type
        is_event = kind in terms.receive_event_types
        if not is_event and kind not in terms.receive_types and kind != COMFORT_NOISE:
            self._reject_payload_type(datagram, source, now)
            return ()
        reception = self._admit(received, source)
        if reception is None:
            self.rejected += 1
            return ()
        reception.receive(received.sequence)
        self.heard_at = now
        if not terms.receives:
            return ()
        if is_event:
            return self._receive_event(received, now)
        if kind == COMFORT_NOISE and kind not in terms.receive_types:
            self._jitter.expect_pause()
            self._noise = ComfortNoise(terms.codec.form, received.payload)
        else:
            self._receive_audio(received, reception, now)
        return ()

    def receive_control(self, datagram: bytes, source: Address, now: float) -> None:
        """Take a datagram from the RTCP port. Never raises; a BYE ends no call."""
        expected = self.destination
        if expected is None or source[0] != expected[0]:
            self.rejected += 1
            return
        try:
            reports = rtcp.parse(datagram)
        except RtpMalformed:
            self.malformed += 1
            return
        for report in reports:
            if isinstance(report, rtcp.SenderReport | rtcp.ReceiverReport):
                self._receive_report(report, now)

    def next_frame(self) -> bytes | None:
        """Return the frame to hear in these 20 ms; None where the remote is silent."""
        frame = self._jitter.pop()
        return self._noise.next_frame() if frame is None and self._noise is not None else frame

    @property
    def is_playing_out(self) -> bool:
        """Say whether the remote's sound is under way, in step with the calls of `next_frame`."""
        return self._jitter.is_playing

    def settle(self) -> bool:
        """Say whether playing should begin with this turn; ask every 5 ms until it has begun."""
        return self._jitter.settle()

    def keys_in(self, frame: bytes | None) -> Iterable[KeyDown | KeyUp]:
        """Return the keys that sound in a frame, if the remote has no other way to send them."""
        if self.terms.receive_event_types or self.has_other_keys:
            return ()
        return self._key_listener.hear(frame)

    def handle_timer(self, now: float) -> Iterable[KeyUp]:
        """Return keys whose end got lost; call it every frame."""
        return tuple(self._digits_in.handle_timer(now))

    # -- sending

    @property
    def is_sending_keys(self) -> bool:
        """Say whether keys are under way; audio gives way to them."""
        return self._digits_out.is_busy

    def press_key(self, key: str, duration_ms: int) -> bool:
        """Send one key; False if there is no such key or no agreement on telephone-event."""
        return self.terms.send_event_type is not None and self._digits_out.press(key, duration_ms)

    def key_down(self, key: str) -> None:
        """Begin to send a key of unknown length; nothing happens without telephone-event."""
        if self.terms.send_event_type is not None:
            self._digits_out.key_down(key)

    def key_up(self) -> None:
        """End the key that `key_down` began."""
        self._digits_out.key_up()

    def send_frame(self, frame: bytes | None) -> bytes | None:
        """Let 20 ms pass with `frame` as our sound; return the datagram that is due, if any."""
        timestamp = self._timestamp
        self._timestamp = (timestamp + FRAME_SAMPLES) & MAX_TIMESTAMP
        terms = self.terms
        if self._digits_out.is_busy:
            return self._send_event(timestamp)
        if frame is None or not terms.sends or self.destination is None:
            self._pause_sending()
            return None
        if terms.packet_frames > 1:
            self._gathered.append(frame)
            if len(self._gathered) < terms.packet_frames:
                return None
            frame = b"".join(self._gathered)
            earlier = (terms.packet_frames - 1) * FRAME_SAMPLES
            timestamp = (timestamp - earlier) & MAX_TIMESTAMP
            self._gathered.clear()
        marker, self._needs_marker = self._needs_marker, False
        payload = self._sound_out.payload_of(frame)
        return self._datagram(terms.send_type, timestamp, payload, marker=marker)

    def skip_frames(self, count: int) -> None:
        """Let `count` frames pass unsent and unheard: the owner was late, and time is gone."""
        self._jitter.skip(count)
        self._timestamp = (self._timestamp + count * FRAME_SAMPLES) & MAX_TIMESTAMP
        self._pause_sending()

    def next_timer(self) -> float:
        """Return when the next RTCP report is due."""
        return self._report_at

    def control_to_send(self, now: float) -> bytes | None:
        """Return the compound report if it is due."""
        if now < self._report_at:
            return None
        self._report_at += REPORT_SECONDS
        if self._report_at <= now:
            self._report_at = now + REPORT_SECONDS
        return rtcp.serialise([self._own_report(now), self._description()])

    def goodbye(self, now: float) -> bytes:
        """Return the last RTCP packet (RFC 3550 6.6)."""
        bye = rtcp.Goodbye((self._identity.ssrc,))
        return rtcp.serialise([self._own_report(now), self._description(), bye])

    # -- inside

    def _reject_payload_type(self, datagram: bytes, source: Address, now: float) -> None:
        if packet.is_rtcp(datagram):  # multiplexed without having asked (RFC 5761)
            self.receive_control(datagram, source, now)
        else:
            self.rejected += 1

    def _admit(self, received: RtpPacket, source: Address) -> Reception | None:
        verdict = self._lock.admit(source, received.ssrc, received.sequence)
        if verdict is Verdict.REJECT:
            return None
        if verdict is Verdict.ACCEPT_NEW or self._reception is None:
            self._received_before = self.packets_received
            self._lost_before = self.packets_lost
            self._reception = Reception(received.ssrc, received.sequence)
            self._restart_playout(self.terms)
        return self._reception

    def _restart_playout(self, terms: StreamTerms) -> None:
        self._concealed_before = self.frames_concealed
        self._jitter = JitterBuffer(terms.codec.form)
        self._sound_in = SoundIn(terms.codec.form)
        self._key_listener = KeyListener(terms.codec.form)
        self._noise = None

    def _receive_audio(self, received: RtpPacket, reception: Reception, now: float) -> None:
        payload = received.payload
        if not payload or len(payload) > MAX_PAYLOAD:
            self.malformed += 1
            return
        codec = self.terms.receive_types[received.payload_type]
        ticks = self._sound_in.ticks_of(received.timestamp, codec.clock_scale)
        reception.measure_jitter(ticks, now)
        try:
            sound = self._sound_in.take(codec, payload, received.sequence)
        except RtpMalformed:
            self.malformed += 1
            return
        if sound:
            self._noise = None
            self._jitter.push(ticks, sound)

    def _receive_event(self, received: RtpPacket, now: float) -> Iterable[KeyDown | KeyUp]:
        try:
            event = parse_event(received.payload)
        except RtpMalformed:
            self.malformed += 1
            return ()
        scale = self.terms.receive_event_types[received.payload_type] // SAMPLE_RATE
        ticks = self._sound_in.ticks_of(received.timestamp, scale)
        event = replace(event, duration=event.duration // scale)
        return tuple(self._digits_in.receive(event, ticks, now, MAX_DURATION // scale))

    def _receive_report(self, report: rtcp.SenderReport | rtcp.ReceiverReport, now: float) -> None:
        is_ours = self._reception is not None and report.ssrc == self._reception.ssrc
        if isinstance(report, rtcp.SenderReport) and is_ours and self._reception is not None:
            self._reception.receive_report(report, now)
        for block in report.blocks:
            if block.ssrc == self._identity.ssrc:
                trip = rtcp.round_trip_seconds(block, now + self._unix_offset)
                self.round_trip_seconds = self.round_trip_seconds if trip is None else trip

    def _send_event(self, timestamp: int) -> bytes | None:
        self._pause_sending()
        event = self._digits_out.next_event()
        event_type = self.terms.send_event_type
        if event is None or event_type is None or not self.terms.sends:
            return None
        if event.is_first:
            self._event_timestamp = timestamp
        return self._datagram(
            event_type, self._event_timestamp, event.payload, marker=event.is_first
        )

    def _pause_sending(self) -> None:
        self._needs_marker = True  # RFC 3551 4.1: the first packet of a talkspurt
        self._gathered.clear()

    def _datagram(
        self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool
    ) -> bytes:
        sequence = self._sequence
        self._sequence = (sequence + 1) & MAX_SEQUENCE
        self.packets_sent += 1
        self.octets_sent += len(payload)
        second = payload_type | 0x80 if marker else payload_type
        units = timestamp * self.terms.codec.clock_scale & MAX_TIMESTAMP
        header = HEADER.pack(_VERSION_BYTE, second, sequence, units, self._identity.ssrc)
        return header + payload

    def _own_report(self, now: float) -> rtcp.SenderReport | rtcp.ReceiverReport:
        scale = self.terms.codec.clock_scale
        blocks = (self._reception.report(now, scale),) if self._reception else ()
        has_sent = self.packets_sent > self._sent_at_report
        self._sent_at_report = self.packets_sent
        if not has_sent:
            return rtcp.ReceiverReport(self._identity.ssrc, blocks)
        return rtcp.SenderReport(
            ssrc=self._identity.ssrc,
            ntp=rtcp.ntp_of(now + self._unix_offset),
            rtp_timestamp=self._timestamp * scale & MAX_TIMESTAMP,
            packets=self.packets_sent & 0xFFFF_FFFF,
            octets=self.octets_sent & 0xFFFF_FFFF,
            blocks=blocks,
        )

    def _description(self) -> rtcp.SourceDescription:
        return rtcp.SourceDescription(self._identity.ssrc, self._identity.cname)


def _event_scale(terms: StreamTerms) -> int:
    """Return how many units of the events' clock towards the remote are one tick of ours."""
    if terms.send_event_type is None:
        return 1
    return terms.receive_event_types.get(terms.send_event_type, SAMPLE_RATE) // SAMPLE_RATE

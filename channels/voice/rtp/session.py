"""One audio stream over RTP: packets in, frames out; frames in, packets out.

A core without sockets and clocks: `now` is a monotonic time in seconds, and datagrams are values.
The owner calls `next_frame` and `send_frame` once for each 20 ms, whatever else happens; both
count time by being called. Frames are `bytes` of 20 ms in the form of the codec of the terms.
"""

from collections.abc import Iterable
from dataclasses import replace

from channels.voice.rtp import packet, rtcp
from channels.voice.rtp.codec import COMFORT_NOISE, FRAME_SAMPLES, LAWS, SAMPLE_RATE
from channels.voice.rtp.dtmf import MAX_DURATION, DigitReceiver, KeyDown, KeyUp, parse_event
from channels.voice.rtp.jitter import Arrival, JitterBuffer
from channels.voice.rtp.noise import ComfortNoise
from channels.voice.rtp.packet import RtpMalformed, RtpPacket
from channels.voice.rtp.passage import Arrived
from channels.voice.rtp.reception import Reception
from channels.voice.rtp.sender import RtpSender, StreamIdentity
from channels.voice.rtp.sound import KeyListener, SoundIn
from channels.voice.rtp.source import Address, SourceLock, Verdict
from channels.voice.rtp.terms import StreamTerms

REPORT_SECONDS = 5.0
"""RFC 3550 6.2: the minimum interval, which a two-party session always comes to."""

MAX_PAYLOAD = 1600
"""200 ms of G.711; nobody sends longer packets, and a datagram holds 64 kB."""


class RtpSession:
    """The RTP and RTCP of one stream in both directions."""

    def __init__(
        self, terms: StreamTerms, identity: StreamIdentity, *, now: float, unix_offset: float
    ) -> None:
        """Begin a stream; `unix_offset` added to `now` gives Unix seconds, for NTP times."""
        self.terms = terms
        self.malformed = 0
        self.rejected = 0
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
        self._noise: ComfortNoise | None = None
        self._key_listener = KeyListener(terms.codec.form)
        self.has_other_keys = False
        """Whether keys come another way (INFO), so that tones are only sound."""
        self._digits_in = DigitReceiver()
        self._sender = RtpSender(terms, identity)
        self._arrived: Arrived | None = None
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
    def packets_sent(self) -> int:
        """Return the count of all that left, keys among it."""
        return self._sender.packets_sent

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
        self._sender.change_terms(terms)
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

    def take_arrived(self) -> Arrived | None:
        """Return the 20 ms of a law that the datagram before brought, once: to be handed on."""
        arrived, self._arrived = self._arrived, None
        return arrived

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
        return self._sender.keys.is_busy

    def press_key(self, key: str, duration_ms: int) -> bool:
        """Send one key; False if there is no such key or no agreement on telephone-event."""
        return self.terms.send_event_type is not None and self._sender.keys.press(key, duration_ms)

    def key_down(self, key: str) -> None:
        """Begin to send a key of unknown length; nothing happens without telephone-event."""
        if self.terms.send_event_type is not None:
            self._sender.keys.key_down(key)

    def key_up(self) -> None:
        """End the key that `key_down` began."""
        self._sender.keys.key_up()

    def send_frame(self, frame: bytes | None) -> bytes | None:
        """Let 20 ms pass with `frame` as our sound; return the datagram that is due, if any."""
        return self._sender.send_frame(frame, self.destination)

    @property
    def can_hand_on(self) -> bool:
        """Say whether 20 ms of a law may go on to the remote just as they came."""
        terms = self.terms
        return (
            terms.sends
            and terms.packet_frames == 1
            and terms.codec in LAWS
            and not self.is_sending_keys
            and self.destination is not None
        )

    def hand_on(self, arrived: Arrived, sound: bytes) -> bytes | None:
        """Return the datagram of a partner's packet, to leave at once; see `RtpSender.hand_on`."""
        return self._sender.hand_on(arrived, sound)

    def let_pass(self) -> None:
        """Let 20 ms pass in which a partner's packets are handed on."""
        self._sender.let_pass()

    def skip_frames(self, count: int) -> None:
        """Let `count` frames pass unsent and unheard: the owner was late, and time is gone."""
        self._jitter.skip(count)
        self._sender.skip_frames(count)

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
            is_new = self._jitter.push(ticks, sound) is Arrival.KEPT
            if is_new and len(sound) == FRAME_SAMPLES and self.terms.codec.form in LAWS:
                self._arrived = Arrived(reception, received.sequence, ticks, sound)

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

    def _own_report(self, now: float) -> rtcp.SenderReport | rtcp.ReceiverReport:
        scale = self.terms.codec.clock_scale
        blocks = (self._reception.report(now, scale),) if self._reception else ()
        has_sent = self._sender.packets_sent > self._sent_at_report
        self._sent_at_report = self._sender.packets_sent
        if not has_sent:
            return rtcp.ReceiverReport(self._identity.ssrc, blocks)
        return rtcp.SenderReport(
            ssrc=self._identity.ssrc,
            ntp=rtcp.ntp_of(now + self._unix_offset),
            rtp_timestamp=self._sender.rtp_timestamp,
            packets=self._sender.packets_sent & 0xFFFF_FFFF,
            octets=self._sender.octets_sent & 0xFFFF_FFFF,
            blocks=blocks,
        )

    def _description(self) -> rtcp.SourceDescription:
        return rtcp.SourceDescription(self._identity.ssrc, self._identity.cname)

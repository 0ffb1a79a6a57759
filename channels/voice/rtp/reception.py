"""What was received of one source: sequence numbers, loss and jitter as RFC 3550 counts them."""

from channels.voice.rtp.codec import SAMPLE_RATE
from channels.voice.rtp.rtcp import ReportBlock, SenderReport, middle_of

_SEQUENCES = 1 << 16
# RFC 3550 A.1.
_MAX_DROPOUT = 3000
_MAX_MISORDER = 100


class Reception:
    """The receiver's book-keeping for one SSRC, begun by its first packet."""

    def __init__(self, ssrc: int, first_sequence: int) -> None:
        self.ssrc = ssrc
        self.received = 0
        self.jitter = 0.0
        """In ticks of 8 kHz, A.8."""
        self._first = self._highest = first_sequence
        self._expected_earlier = 0
        self._cycles = 0
        self._after_jump = -1
        self._expected_before = self._received_before = 0
        self._transit: float | None = None
        self._last_report = 0
        self._last_report_at = 0.0

    @property
    def highest_sequence(self) -> int:
        """Return the extended highest sequence number received."""
        return self._cycles + self._highest

    @property
    def expected(self) -> int:
        """Return how many packets were sent so far, judged by the sequence numbers (A.3)."""
        return self._expected_earlier + self.highest_sequence - self._first + 1

    @property
    def lost(self) -> int:
        """Return expected minus received; duplicates can make it negative (A.3)."""
        return self.expected - self.received

    def receive(self, sequence: int) -> None:
        """Count one packet (A.1, without the probation that `SourceLock` has done)."""
        step = (sequence - self._highest) % _SEQUENCES
        if step < _MAX_DROPOUT:
            if sequence < self._highest:
                self._cycles += _SEQUENCES
            self._highest = sequence
        elif step <= _SEQUENCES - _MAX_MISORDER:
            # A jump: believed when a second packet follows it, for the peer began anew.
            if sequence != self._after_jump:
                self._after_jump = (sequence + 1) % _SEQUENCES
                return
            self._restart(sequence)
        self.received += 1

    def measure_jitter(self, timestamp: int, now: float) -> None:
        """Take one audio packet's timing in (A.8); events, whose timestamp stands, are left out."""
        # The timestamp's origin is arbitrary; a wrap shows as one huge step and is skipped.
        transit = now * SAMPLE_RATE - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < SAMPLE_RATE * 10:
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def receive_report(self, report: SenderReport, now: float) -> None:
        """Remember the sender's report, to be echoed in the next block."""
        self._last_report, self._last_report_at = middle_of(report.ntp), now

    def report(self, now: float, clock_scale: int = 1) -> ReportBlock:
        """Return the block for the next RTCP packet; begins a new interval for the fraction.

        The block's jitter counts the stream's own clock, so many units for each tick of ours.
        """
        expected = self.expected - self._expected_before
        lost = expected - (self.received - self._received_before)
        self._expected_before, self._received_before = self.expected, self.received
        delay = int((now - self._last_report_at) * 0x1_0000) if self._last_report else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0,
            cumulative_lost=self.lost,
            highest_sequence=self.highest_sequence & 0xFFFF_FFFF,
            jitter=int(self.jitter * clock_scale),
            last_report=self._last_report,
            delay_since_last_report=delay & 0xFFFF_FFFF,
        )

    def _restart(self, sequence: int) -> None:
        self._expected_earlier = self.expected
        self._first = self._highest = sequence
        self._cycles = 0
        self._after_jump = -1
